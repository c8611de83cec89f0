{{/* Hostname that a person can type: the first without a wildcard. */}}
{{- define "mcp-server.notes.host" -}}
{{- $host := "" -}}
{{- if .Values.ingress.enabled -}}
{{- $host = include "mcp-server.ingressHost" . -}}
{{- else if include "mcp-server.hasRoute" . -}}
{{- range include "mcp-server.hostnames" . | fromJsonArray -}}
{{- if not (or $host (hasPrefix "*" .)) -}}{{- $host = . -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- $host -}}
{{- end -}}

{{/* Whether people come in by TLS, as far as the values say. */}}
{{- define "mcp-server.notes.scheme" -}}
{{- $gateway := .Values.gateway -}}
{{- $tls := .Values.ingress.tls.enabled -}}
{{- if $gateway.enabled -}}
{{- $tls = $gateway.listeners.https.enabled -}}
{{- else if $gateway.existing.name -}}
{{- $tls = or $gateway.httpsRedirect (contains "https" $gateway.existing.sectionName) -}}
{{- end -}}
{{- ternary "https" "http" $tls -}}
{{- end -}}

{{/* Lines that set URL in a shell. */}}
{{- define "mcp-server.notes.url" -}}
{{- $gateway := .Values.gateway -}}
{{- $host := include "mcp-server.notes.host" . -}}
{{- $scheme := include "mcp-server.notes.scheme" . -}}
{{- if .Values.server.externalURL -}}
URL={{ .Values.server.externalURL }}
{{- else if $host -}}
URL={{ $scheme }}://{{ $host }}
{{- else if include "mcp-server.hasRoute" . -}}
{{- $name := default (include "mcp-server.fullname" .) $gateway.existing.name -}}
{{- $namespace := default .Release.Namespace $gateway.existing.namespace -}}
URL={{ $scheme }}://$(kubectl get gateway {{ $name }} --namespace {{ $namespace }} --output jsonpath='{.status.addresses[0].value}')
{{- else if eq .Values.service.type "LoadBalancer" -}}
URL=http://$(kubectl get service {{ include "mcp-server.serviceName" . }} --namespace {{ .Release.Namespace }} --output jsonpath='{.status.loadBalancer.ingress[0].ip}'):3456
{{- else -}}
kubectl port-forward --namespace {{ .Release.Namespace }} service/{{ include "mcp-server.serviceName" . }} 3456 &
  URL=http://127.0.0.1:3456
{{- end -}}
{{- end -}}

{{/* Lines that set TOKEN in a shell, and say whose it is. */}}
{{- define "mcp-server.notes.token" -}}
{{- $mode := include "mcp-server.authMode" . -}}
{{- $namespace := .Release.Namespace -}}
{{- if not (include "mcp-server.isOwnImage" .) -}}
Who may call is up to the image {{ .Values.image.repository }}: it does not know auth.*
  TOKEN=...
{{- else if eq $mode "token" -}}
Callers show the bearer token of the Secret {{ include "mcp-server.secretName" . }}:
  TOKEN=$(kubectl get secret {{ include "mcp-server.secretName" . }} --namespace {{ $namespace }} --output jsonpath='{.data.{{ .Values.secrets.auth.keyName | replace "." "\\." }}}' | base64 --decode)
{{- else if eq $mode "oauth" -}}
Callers show an access token of {{ .Values.auth.oauth.issuer }} for {{ default (printf "%s/mcp" .Values.server.externalURL) .Values.auth.oauth.audience }}:
  TOKEN=...
{{- else if eq $mode "kubernetes" -}}
Callers show the token of a ServiceAccount that may post to /mcp, for example:
  kubectl create serviceaccount caller --namespace {{ $namespace }}
{{- if include "mcp-server.hasCallerRole" . }}
  kubectl create clusterrolebinding {{ include "mcp-server.clusterName" (list . "caller") }} --clusterrole {{ include "mcp-server.clusterName" (list . "caller") }} --serviceaccount {{ $namespace }}:caller
{{- end }}
  TOKEN=$(kubectl create token caller --namespace {{ $namespace }}
{{- with .Values.auth.kubernetes.audience }} --audience {{ . }}{{ end }})
{{- else -}}
Everybody who reaches the server may call it.
{{- end -}}
{{- end -}}
