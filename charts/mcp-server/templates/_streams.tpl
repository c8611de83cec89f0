{{/* What a controller needs beside the route so that an idle stream lives as long as
gateway.timeouts.request says. One file streams-*.yaml for each controller with a resource of
its own; those that read annotations of the Service are here. */}}

{{/* Whether policies of a controller are attached: list of root and the controller. */}}
{{- define "mcp-server.attaches" -}}
{{- $root := index . 0 -}}
{{- if and (include "mcp-server.hasRoute" $root) $root.Values.gateway.policy (eq $root.Values.gateway.controller (index . 1)) -}}
true
{{- end -}}
{{- end -}}

{{/* The same for what is attached to the Service: not when requests go to KEDA's interceptor,
whose Service is not this release's. */}}
{{- define "mcp-server.attachesToService" -}}
{{- if and (include "mcp-server.attaches" .) (not (include "mcp-server.scalesToZero" (index . 0))) -}}true{{- end -}}
{{- end -}}

{{/* Reference to the route, for policies. */}}
{{- define "mcp-server.routeTarget" -}}
group: gateway.networking.k8s.io
kind: HTTPRoute
name: {{ include "mcp-server.fullname" . }}
{{- end -}}

{{/* parametersRef of the Gateway: the AWS controller reads the idle timeout of its load
balancer from there.
https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/gateway/loadbalancerconfig/ */}}
{{- define "mcp-server.gatewayParameters" -}}
{{- if include "mcp-server.attaches" (list . "aws-lbc") -}}
{{- toJson (dict "group" "gateway.k8s.aws" "kind" "LoadBalancerConfiguration" "name" (include "mcp-server.fullname" .)) -}}
{{- else -}}
{}
{{- end -}}
{{- end -}}

{{/* Annotations of the Service: what controllers read from there, and the user's, which win.
Kong counts milliseconds up to 2^31-2; HAProxy, of both makers, knows no time above 2^31-1
milliseconds; GKE's Ingress finds its BackendConfig so.
https://developer.konghq.com/kubernetes-ingress-controller/reference/annotations/ */}}
{{- define "mcp-server.serviceAnnotations" -}}
{{- $life := include "mcp-server.streamLife" . -}}
{{- $annotations := dict -}}
{{- if include "mcp-server.attachesToService" (list . "kong") -}}
{{- $milliseconds := printf "%s000" (include "mcp-server.seconds" (list $life 2147483 2147483)) -}}
{{- $_ := set $annotations "konghq.com/read-timeout" $milliseconds -}}
{{- $_ = set $annotations "konghq.com/write-timeout" $milliseconds -}}
{{- else if include "mcp-server.attachesToService" (list . "haproxy") -}}
{{- $annotations = include "mcp-server.ingress.haproxy" (dict "request" $life) | fromJson -}}
{{- else if include "mcp-server.hasBackendConfig" . -}}
{{- $_ := set $annotations "cloud.google.com/backend-config" (dict "default" (include "mcp-server.fullname" .) | toJson) -}}
{{- end -}}
{{- toJson (mergeOverwrite $annotations (deepCopy .Values.service.annotations)) -}}
{{- end -}}

{{/* Whether GKE's Ingress gets a BackendConfig. */}}
{{- define "mcp-server.hasBackendConfig" -}}
{{- if and .Values.ingress.enabled (eq .Values.ingress.controller "gke") (default dict .Values.ingress.timeouts).request -}}true{{- end -}}
{{- end -}}
