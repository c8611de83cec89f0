{{/* How pods come and go when nothing else is said: at once up, slowly down, because a pod
that goes ends its streams. */}}
{{- define "mcp-server.scaleBehavior" -}}
{{- if .Values.autoscaling.behavior -}}
{{- toYaml .Values.autoscaling.behavior -}}
{{- else -}}
scaleDown:
  stabilizationWindowSeconds: 600
  policies:
    - type: Pods
      value: 1
      periodSeconds: 300
{{- end -}}
{{- end -}}

{{/* Whether the queries of Envoy Gateway's metrics mean something. */}}
{{- define "mcp-server.knowsMetrics" -}}
{{- if and (include "mcp-server.hasRoute" .) (has .Values.gateway.controller (list "auto" "envoy-gateway")) -}}true{{- end -}}
{{- end -}}

{{/* Prometheus triggers: open streams and calls per second. `or vector(0)` keeps the answer
when Envoy has not counted anything yet.
https://gateway.envoyproxy.io/docs/tasks/observability/proxy-metric/ */}}
{{- define "mcp-server.prometheusTriggers" -}}
{{- $prometheus := .Values.autoscaling.keda.prometheus -}}
{{- $streams := $prometheus.openStreamsQuery -}}
{{- $calls := $prometheus.requestsQuery -}}
{{- if include "mcp-server.knowsMetrics" . -}}
{{- $cluster := printf `envoy_cluster_name=~"httproute/%s/%s/rule/.*"` .Release.Namespace (include "mcp-server.fullname" .) -}}
{{- $streams = default (printf "sum(envoy_cluster_upstream_rq_active{%s}) or vector(0)" $cluster) $streams -}}
{{- $calls = default (printf "sum(rate(envoy_cluster_upstream_rq_total{%s}[2m])) or vector(0)" $cluster) $calls -}}
{{- end -}}
{{- $triggers := list -}}
{{- range tuple (tuple "open-streams" $streams $prometheus.openStreams) (tuple "requests" $calls $prometheus.requestsPerSecond) -}}
{{- if index . 1 -}}
{{- $metadata := dict "serverAddress" $prometheus.serverAddress "query" (index . 1) "threshold" (toJson (index . 2)) -}}
{{- $trigger := dict "type" "prometheus" "name" (index . 0) "metadata" $metadata -}}
{{- with $prometheus.authenticationRef -}}{{- $_ := set $trigger "authenticationRef" . -}}{{- end -}}
{{- $triggers = append $triggers $trigger -}}
{{- end -}}
{{- end -}}
{{- toJson $triggers -}}
{{- end -}}

{{/* Whether the add-on has InterceptorRoute (from 0.14.0), or else HTTPScaledObject. */}}
{{- define "mcp-server.hasInterceptorRoute" -}}
{{- $keda := .Values.autoscaling.keda -}}
{{- if and (include "mcp-server.scalesToZero" .) (semverCompare ">=0.14.0-0" $keda.http.addOnVersion) -}}true{{- end -}}
{{- end -}}
