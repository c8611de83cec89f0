{{/* Certificates of the https listener: the given ones, else the one Secret. */}}
{{- define "mcp-server.certificateRefs" -}}
{{- $https := .Values.gateway.listeners.https -}}
{{- $refs := list -}}
{{- range $https.certificateRefs -}}
{{- $refs = append $refs (merge (deepCopy .) (dict "kind" "Secret")) -}}
{{- end -}}
{{- if not $refs -}}
{{- $secret := default (printf "%s-tls" (include "mcp-server.fullname" .)) $https.secretName -}}
{{- $refs = list (dict "kind" "Secret" "name" $secret) -}}
{{- end -}}
{{- toJson $refs -}}
{{- end -}}

{{/* Listeners of the Gateway. Only routes of this namespace attach. */}}
{{- define "mcp-server.listeners" -}}
{{- $given := .Values.gateway.listeners -}}
{{- $allowed := dict "namespaces" (dict "from" "Same") -}}
{{- $listeners := list -}}
{{- if $given.http.enabled -}}
{{- $listener := dict "name" "http" "port" (int $given.http.port) "protocol" "HTTP" "allowedRoutes" $allowed -}}
{{- with $given.http.hostname -}}{{- $_ := set $listener "hostname" . -}}{{- end -}}
{{- $listeners = append $listeners $listener -}}
{{- end -}}
{{- if $given.https.enabled -}}
{{- $tls := dict "mode" "Terminate" "certificateRefs" (include "mcp-server.certificateRefs" . | fromJsonArray) -}}
{{- $listener := dict "name" "https" "port" (int $given.https.port) "protocol" "HTTPS" "allowedRoutes" $allowed "tls" $tls -}}
{{- with $given.https.hostname -}}{{- $_ := set $listener "hostname" . -}}{{- end -}}
{{- $listeners = append $listeners $listener -}}
{{- end -}}
{{- toJson $listeners -}}
{{- end -}}
