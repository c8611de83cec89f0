{{/* Who sends requests to the pods, as far as it is known: peers in JSON, [] for unknown.
The namespaces are the ones that the controllers are usually installed in; Cilium's gateway
is no pod, so no NetworkPolicy can name it. */}}
{{- define "mcp-server.knownPeers" -}}
{{- $namespaces := dict "traefik" "traefik" "ingress-nginx" "ingress-nginx" -}}
{{- $namespace := "" -}}
{{- $podLabels := dict -}}
{{- if include "mcp-server.scalesToZero" . -}}
{{- $namespace = .Values.autoscaling.keda.http.namespace -}}
{{- else if and (include "mcp-server.hasRoute" .) (eq .Values.gateway.controller "envoy-gateway") -}}
{{- $namespace = "envoy-gateway-system" -}}
{{- $podLabels = dict "app.kubernetes.io/name" "envoy" "app.kubernetes.io/component" "proxy" "app.kubernetes.io/managed-by" "envoy-gateway" -}}
{{- else if include "mcp-server.hasRoute" . -}}
{{- $namespace = get $namespaces .Values.gateway.controller -}}
{{- else if .Values.ingress.enabled -}}
{{- $namespace = get $namespaces .Values.ingress.controller -}}
{{- end -}}
{{- $peers := list -}}
{{- if $namespace -}}
{{- $peer := dict "namespaceSelector" (dict "matchLabels" (dict "kubernetes.io/metadata.name" $namespace)) -}}
{{- with $podLabels -}}{{- $_ := set $peer "podSelector" (dict "matchLabels" .) -}}{{- end -}}
{{- $peers = append $peers $peer -}}
{{- end -}}
{{- toJson $peers -}}
{{- end -}}
