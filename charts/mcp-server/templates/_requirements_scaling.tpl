{{/* What scales the pods. */}}
{{- define "mcp-server.problems.scaling" -}}
{{- $hpa := .Values.autoscaling -}}
{{- $keda := $hpa.keda -}}
{{- $problems := list -}}
{{- if and $hpa.enabled $keda.enabled -}}
{{- $problems = append $problems "Cannot enable both autoscaling.enabled and autoscaling.keda.enabled: two would scale one Deployment" -}}
{{- end -}}
{{- if and $hpa.enabled (gt (int $hpa.minReplicas) (int $hpa.maxReplicas)) -}}
{{- $problems = append $problems (printf "autoscaling.minReplicas (%d) may not be above autoscaling.maxReplicas (%d)" (int $hpa.minReplicas) (int $hpa.maxReplicas)) -}}
{{- end -}}
{{- if $hpa.enabled -}}
{{- $requests := default dict .Values.resources.requests -}}
{{- if not (or $hpa.targetCPUUtilizationPercentage $hpa.targetMemoryUtilizationPercentage) -}}
{{- $problems = append $problems "autoscaling.enabled needs autoscaling.targetCPUUtilizationPercentage or autoscaling.targetMemoryUtilizationPercentage" -}}
{{- end -}}
{{- if and $hpa.targetCPUUtilizationPercentage (not $requests.cpu) -}}
{{- $problems = append $problems "autoscaling.targetCPUUtilizationPercentage is a share of resources.requests.cpu, which is not set" -}}
{{- end -}}
{{- if and $hpa.targetMemoryUtilizationPercentage (not $requests.memory) -}}
{{- $problems = append $problems "autoscaling.targetMemoryUtilizationPercentage is a share of resources.requests.memory, which is not set" -}}
{{- end -}}
{{- end -}}
{{- if $keda.enabled -}}
{{- $problems = concat $problems (include "mcp-server.problems.keda" . | fromJsonArray) -}}
{{- end -}}
{{- toJson $problems -}}
{{- end -}}

{{- define "mcp-server.problems.keda" -}}
{{- $keda := .Values.autoscaling.keda -}}
{{- $prometheus := $keda.prometheus -}}
{{- $problems := list -}}
{{- if gt (int $keda.minReplicas) (int $keda.maxReplicas) -}}
{{- $problems = append $problems (printf "autoscaling.keda.minReplicas (%d) may not be above autoscaling.keda.maxReplicas (%d)" (int $keda.minReplicas) (int $keda.maxReplicas)) -}}
{{- end -}}
{{- if include "mcp-server.scalesToZero" . -}}
{{- if not (include "mcp-server.hasRoute" .) -}}
{{- $problems = append $problems "autoscaling.keda.minReplicas 0 needs gateway.enabled or gateway.existing.name: only KEDA's HTTP interceptor can start the first pod, and neither a Service nor an Ingress can send requests to it, because it runs in another namespace" -}}
{{- else if not (or (include "mcp-server.hasInterceptorRoute" .) (include "mcp-server.hostnames" . | fromJsonArray)) -}}
{{- $problems = append $problems (printf "autoscaling.keda.minReplicas 0 needs gateway.hostnames, or the hostname of a listener: version %s of KEDA's HTTP add-on tells servers apart by their hosts" $keda.http.addOnVersion) -}}
{{- end -}}
{{- else if not (or (include "mcp-server.knowsMetrics" .) $prometheus.openStreamsQuery $prometheus.requestsQuery) -}}
{{- $problems = append $problems "autoscaling.keda.enabled needs autoscaling.keda.prometheus.openStreamsQuery or autoscaling.keda.prometheus.requestsQuery: the chart knows the metrics of Envoy Gateway only, and those of a route (gateway.enabled or gateway.existing.name)" -}}
{{- end -}}
{{- toJson $problems -}}
{{- end -}}

{{/* ToolHive's operator runs the pods: what would have no effect is refused, not dropped. */}}
{{- define "mcp-server.problems.toolhive" -}}
{{- $problems := list -}}
{{- if include "mcp-server.isToolhive" . -}}
{{- range $field, $set := dict
  "autoscaling.enabled" .Values.autoscaling.enabled
  "autoscaling.keda.enabled" .Values.autoscaling.keda.enabled
  "replicaCount above 1" (gt (int .Values.replicaCount) 1)
  "networkPolicy.enabled" .Values.networkPolicy.enabled
  "podMonitor.enabled" .Values.podMonitor.enabled
  "service.type" (ne .Values.service.type "ClusterIP") -}}
{{- if $set -}}
{{- $problems = append $problems (printf "%s has no effect with deployment.method toolhive: ToolHive's operator makes the pods and the Service; see toolhive.spec" $field) -}}
{{- end -}}
{{- end -}}
{{- if gt (len (include "mcp-server.fullname" .)) 53 -}}
{{- $problems = append $problems (printf "fullnameOverride must shorten the name %s to 53 characters: with deployment.method toolhive the Service is called mcp-<name>-proxy" (include "mcp-server.fullname" .)) -}}
{{- end -}}
{{- end -}}
{{- toJson $problems -}}
{{- end -}}
