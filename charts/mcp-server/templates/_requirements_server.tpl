{{/* The image, and who may call. */}}
{{- define "mcp-server.problems.server" -}}
{{- $auth := .Values.auth -}}
{{- $token := or .Values.secrets.name .Values.secrets.auth.token -}}
{{- $mode := include "mcp-server.authMode" . -}}
{{- $problems := list -}}
{{- if and (eq .Values.image.tag "latest") (not .Values.image.digest) -}}
{{- $problems = append $problems "image.tag may not be latest, which changes under running pods: name a version, or set image.digest" -}}
{{- end -}}
{{- if and (eq $mode "token") (not $token) -}}
{{- $problems = append $problems "auth.mode token needs secrets.name (a Secret that is there) or secrets.auth.token" -}}
{{- end -}}
{{- if eq $mode "oauth" -}}
{{- if not $auth.oauth.issuer -}}
{{- $problems = append $problems "auth.mode oauth needs auth.oauth.issuer" -}}
{{- end -}}
{{- if not .Values.server.externalURL -}}
{{- $problems = append $problems "auth.oauth needs server.externalURL: tokens are issued for it, and its metadata is published under it" -}}
{{- end -}}
{{- end -}}
{{- if and (eq $auth.mode "kubernetes") (ne (include "mcp-server.automount" .) "true") -}}
{{- $problems = append $problems "auth.mode kubernetes needs the API server: set rbac.create, or serviceAccount.automount and bind the ServiceAccount to system:auth-delegator yourself" -}}
{{- end -}}
{{- if and .Values.podMonitor.enabled (not .Values.podMonitor.allowUnauthenticated) (not (include "mcp-server.metricsSecret" . | fromJson)) -}}
{{- $problems = append $problems "podMonitor.enabled needs a token for the metrics (podMonitor.secret.name, or secrets.name) or podMonitor.allowUnauthenticated" -}}
{{- end -}}
{{- toJson $problems -}}
{{- end -}}

{{/* Who may reach the pods. */}}
{{- define "mcp-server.problems.network" -}}
{{- $problems := list -}}
{{- if and .Values.networkPolicy.enabled (not .Values.networkPolicy.from) (not (include "mcp-server.knownPeers" . | fromJsonArray)) -}}
{{- $who := "nothing is exposed" -}}
{{- if include "mcp-server.hasRoute" . -}}
{{- $who = printf "gateway.controller is %s" .Values.gateway.controller -}}
{{- else if .Values.ingress.enabled -}}
{{- $who = printf "ingress.controller is %s" .Values.ingress.controller -}}
{{- end -}}
{{- $problems = append $problems (printf "networkPolicy.enabled needs networkPolicy.from: %s, so the chart does not know who sends requests to the pods" $who) -}}
{{- end -}}
{{- toJson $problems -}}
{{- end -}}
