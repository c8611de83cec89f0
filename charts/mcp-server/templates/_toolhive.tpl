{{/* An MCPServer takes environment with plain values only; what comes from elsewhere, and all
else that a pod has, goes into the pod's template, whose container is called mcp.
https://github.com/stacklok/toolhive/blob/v0.47.0/cmd/thv-operator/api/v1beta1/mcpserver_types.go */}}
{{- define "mcp-server.toolhivePod" -}}
{{- $env := list -}}
{{- range include "mcp-server.env" . | fromJsonArray -}}{{- if .valueFrom -}}{{- $env = append $env . -}}{{- end -}}{{- end -}}
{{- $container := dict "name" "mcp" -}}
{{- $optional := dict
  "command" .Values.command
  "env" $env
  "envFrom" .Values.extraEnvFrom
  "volumeMounts" (include "mcp-server.volumeMounts" . | fromJsonArray)
  "securityContext" .Values.securityContext
  "lifecycle" .Values.lifecycle
  "imagePullPolicy" .Values.image.pullPolicy -}}
{{- range $key, $value := $optional -}}
{{- if $value -}}{{- $_ := set $container $key $value -}}{{- end -}}
{{- end -}}
{{- $spec := dict
  "automountServiceAccountToken" (eq (include "mcp-server.automount" .) "true")
  "terminationGracePeriodSeconds" (include "mcp-server.endSeconds" . | int) "containers" (list $container) -}}
{{- $optional := dict
  "imagePullSecrets" .Values.imagePullSecrets
  "securityContext" .Values.podSecurityContext
  "volumes" (include "mcp-server.volumes" . | fromJsonArray)
  "nodeSelector" .Values.nodeSelector
  "tolerations" .Values.tolerations
  "affinity" .Values.affinity
  "topologySpreadConstraints" .Values.topologySpreadConstraints
  "priorityClassName" .Values.priorityClassName -}}
{{- range $key, $value := $optional -}}
{{- if $value -}}{{- $_ := set $spec $key $value -}}{{- end -}}
{{- end -}}
{{- $template := dict "spec" $spec -}}
{{- $metadata := dict -}}
{{- with mergeOverwrite (deepCopy .Values.commonLabels) (deepCopy .Values.podLabels) -}}{{- $_ := set $metadata "labels" . -}}{{- end -}}
{{- with .Values.podAnnotations -}}{{- $_ := set $metadata "annotations" . -}}{{- end -}}
{{- with $metadata -}}{{- $_ := set $template "metadata" . -}}{{- end -}}
{{- toJson $template -}}
{{- end -}}

{{/* cpu and memory, which are all that an MCPServer takes, as text. */}}
{{- define "mcp-server.toolhiveResources" -}}
{{- $resources := dict -}}
{{- range $kind := list "limits" "requests" -}}
{{- $given := default dict (get $.Values.resources $kind) -}}
{{- $taken := dict -}}
{{- range $name := list "cpu" "memory" -}}
{{- with get $given $name -}}{{- $_ := set $taken $name (toString .) -}}{{- end -}}
{{- end -}}
{{- with $taken -}}{{- $_ := set $resources $kind . -}}{{- end -}}
{{- end -}}
{{- toJson $resources -}}
{{- end -}}

{{/* The MCPServer's spec. toolhive.spec wins. */}}
{{- define "mcp-server.toolhiveSpec" -}}
{{- $env := list -}}
{{- range include "mcp-server.env" . | fromJsonArray -}}
{{- if not .valueFrom -}}{{- $env = append $env (dict "name" .name "value" (default "" .value)) -}}{{- end -}}
{{- end -}}
{{- $spec := dict
  "image" (include "mcp-server.image" .)
  "transport" "streamable-http"
  "proxyPort" 3456
  "mcpPort" (int .Values.containerPort)
  "serviceAccount" (include "mcp-server.serviceAccountName" .)
  "podTemplateSpec" (include "mcp-server.toolhivePod" . | fromJson) -}}
{{- with .Values.args -}}{{- $_ := set $spec "args" . -}}{{- end -}}
{{- with $env -}}{{- $_ := set $spec "env" . -}}{{- end -}}
{{- with include "mcp-server.toolhiveResources" . | fromJson -}}{{- $_ := set $spec "resources" . -}}{{- end -}}
{{- with include "mcp-server.serviceAnnotations" . | fromJson -}}
{{- $_ := set $spec "resourceOverrides" (dict "proxyService" (dict "annotations" .)) -}}
{{- end -}}
{{- toYaml (mergeOverwrite $spec (deepCopy .Values.toolhive.spec)) -}}
{{- end -}}
