{{/* A probe: list of root and the name of its value. A probe has one way to ask. Helm merges a
user's with the default one, whose httpGet has to go when there is another; and another image
does not have the default paths, so there its port is asked. */}}
{{- define "mcp-server.probe" -}}
{{- $root := index . 0 -}}
{{- $probe := deepCopy (default dict (get $root.Values (index . 1))) -}}
{{- $path := default "" (default dict $probe.httpGet).path -}}
{{- if or $probe.exec $probe.grpc $probe.tcpSocket -}}
{{- $probe = omit $probe "httpGet" -}}
{{- else if and (has $path (list "/readyz" "/healthz")) (not (include "mcp-server.isOwnImage" $root)) -}}
{{- $probe = merge (dict "tcpSocket" (dict "port" $probe.httpGet.port)) (omit $probe "httpGet") -}}
{{- end -}}
{{- toJson $probe -}}
{{- end -}}

{{/* The server's container. */}}
{{- define "mcp-server.container" -}}
{{- $ports := list (dict "name" "http" "containerPort" (int .Values.containerPort) "protocol" "TCP") -}}
{{- if .Values.podMonitor.enabled -}}
{{- $ports = append $ports (dict "name" "metrics" "containerPort" 9464 "protocol" "TCP") -}}
{{- end -}}
{{- $lifecycle := .Values.lifecycle -}}
{{- if include "mcp-server.preStopSleeps" . -}}
{{- $lifecycle = dict "preStop" (dict "sleep" (dict "seconds" (int .Values.drain.delaySeconds))) -}}
{{- end -}}
{{- $container := dict "name" "mcp-server" "image" (include "mcp-server.image" .) "imagePullPolicy" .Values.image.pullPolicy "ports" $ports -}}
{{- $optional := dict
  "command" .Values.command
  "args" .Values.args
  "env" (include "mcp-server.env" . | fromJsonArray)
  "envFrom" .Values.extraEnvFrom
  "volumeMounts" (include "mcp-server.volumeMounts" . | fromJsonArray)
  "resources" .Values.resources
  "securityContext" .Values.securityContext
  "readinessProbe" (include "mcp-server.probe" (list . "readinessProbe") | fromJson)
  "livenessProbe" (include "mcp-server.probe" (list . "livenessProbe") | fromJson)
  "lifecycle" $lifecycle -}}
{{- range $key, $value := $optional -}}
{{- if $value -}}{{- $_ := set $container $key $value -}}{{- end -}}
{{- end -}}
{{- toYaml $container -}}
{{- end -}}

{{/* Spread over nodes when nothing else is said. It never blocks. Without matchLabelKeys
(on by default from Kubernetes 1.27) the pods of the last version count during a rollout. */}}
{{- define "mcp-server.topologySpreadConstraints" -}}
{{- $given := .Values.topologySpreadConstraints -}}
{{- if kindIs "invalid" $given -}}
{{- $selector := dict "matchLabels" (include "mcp-server.selectorLabels" . | fromYaml) -}}
{{- $constraint := dict "maxSkew" 1 "topologyKey" "kubernetes.io/hostname" "whenUnsatisfiable" "ScheduleAnyway" "labelSelector" $selector -}}
{{- if semverCompare ">=1.27.0-0" .Capabilities.KubeVersion.Version -}}
{{- $_ := set $constraint "matchLabelKeys" (list "pod-template-hash") -}}
{{- end -}}
{{- $given = list $constraint -}}
{{- end -}}
{{- toJson $given -}}
{{- end -}}

{{/* Seconds that a pod has to end: the delay, the grace and some for the process. */}}
{{- define "mcp-server.endSeconds" -}}
{{- add .Values.drain.delaySeconds .Values.drain.graceSeconds 5 -}}
{{- end -}}

{{- define "mcp-server.podSpec" -}}
{{- $spec := dict
  "serviceAccountName" (include "mcp-server.serviceAccountName" .)
  "enableServiceLinks" false
  "automountServiceAccountToken" (eq (include "mcp-server.automount" .) "true")
  "terminationGracePeriodSeconds" (include "mcp-server.endSeconds" . | int)
  "containers" (list (include "mcp-server.container" . | fromYaml)) -}}
{{- $optional := dict
  "imagePullSecrets" .Values.imagePullSecrets
  "securityContext" .Values.podSecurityContext
  "volumes" (include "mcp-server.volumes" . | fromJsonArray)
  "nodeSelector" .Values.nodeSelector
  "tolerations" .Values.tolerations
  "affinity" .Values.affinity
  "topologySpreadConstraints" (include "mcp-server.topologySpreadConstraints" . | fromJsonArray)
  "priorityClassName" .Values.priorityClassName -}}
{{- range $key, $value := $optional -}}
{{- if $value -}}{{- $_ := set $spec $key $value -}}{{- end -}}
{{- end -}}
{{- toYaml $spec -}}
{{- end -}}
