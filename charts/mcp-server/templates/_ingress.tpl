{{/* What an Ingress says to a controller so that a silent stream lasts. */}}

{{/* ingress-nginx: a year stands for no limit. The controller takes seconds.
https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#custom-timeouts */}}
{{- define "mcp-server.ingress.nginx" -}}
{{- $annotations := dict "nginx.ingress.kubernetes.io/proxy-buffering" "off" -}}
{{- with .request -}}
{{- $seconds := include "mcp-server.seconds" (list . 31536000 31536000) -}}
{{- $_ := set $annotations "nginx.ingress.kubernetes.io/proxy-read-timeout" $seconds -}}
{{- $_ = set $annotations "nginx.ingress.kubernetes.io/proxy-send-timeout" $seconds -}}
{{- end -}}
{{- toJson $annotations -}}
{{- end -}}

{{/* HAProxy, of both makers. The longest time that it knows is 2^31-1 milliseconds. */}}
{{- define "mcp-server.ingress.haproxy" -}}
{{- $annotations := dict -}}
{{- with .request -}}
{{- $time := printf "%ss" (include "mcp-server.seconds" (list . 2147483 2147483)) -}}
{{- $_ := set $annotations "haproxy.org/timeout-server" $time -}}
{{- $_ = set $annotations "haproxy-ingress.github.io/timeout-server" $time -}}
{{- end -}}
{{- toJson $annotations -}}
{{- end -}}

{{/* AWS: the load balancer's idle timeout ends at 4000 s; targets are the pods, because the
Service has no node ports; the health check asks where the readiness probe asks. */}}
{{- define "mcp-server.ingress.aws" -}}
{{- $annotations := dict "alb.ingress.kubernetes.io/target-type" "ip" -}}
{{- with .request -}}
{{- $_ := set $annotations "alb.ingress.kubernetes.io/load-balancer-attributes" (printf "idle_timeout.timeout_seconds=%s" (include "mcp-server.seconds" (list . 4000 4000))) -}}
{{- end -}}
{{- with .healthPath -}}{{- $_ := set $annotations "alb.ingress.kubernetes.io/healthcheck-path" . -}}{{- end -}}
{{- toJson $annotations -}}
{{- end -}}

{{/* All annotations: those of the controller, the issuer's, and the user's, which win. The
values' own annotations are ingress-nginx's; the ones that nobody changed do not count as
the user's, and mean nothing to another controller. */}}
{{- define "mcp-server.ingressAnnotations" -}}
{{- $ingress := .Values.ingress -}}
{{- $controller := $ingress.controller -}}
{{- $defaults := dict "proxy-read-timeout" "3600" "proxy-send-timeout" "3600" "proxy-buffering" "off" -}}
{{- $context := dict "request" ((default dict $ingress.timeouts).request) "healthPath" (include "mcp-server.healthPath" .) -}}
{{- $known := dict -}}
{{- if has $controller (list "auto" "ingress-nginx") -}}
{{- $known = include "mcp-server.ingress.nginx" $context | fromJson -}}
{{- else if eq $controller "haproxy" -}}
{{- $known = include "mcp-server.ingress.haproxy" $context | fromJson -}}
{{- else if eq $controller "aws-alb" -}}
{{- $known = include "mcp-server.ingress.aws" $context | fromJson -}}
{{- end -}}
{{- $users := dict -}}
{{- range $key, $value := default dict $ingress.annotations -}}
{{- $short := trimPrefix "nginx.ingress.kubernetes.io/" $key -}}
{{- if not (and (ne $short $key) (eq (toString $value) (get $defaults $short))) -}}
{{- $_ := set $users $key (toString $value) -}}
{{- end -}}
{{- end -}}
{{- if and $ingress.tls.enabled $ingress.tls.clusterIssuer -}}
{{- $_ := set $known "cert-manager.io/cluster-issuer" $ingress.tls.clusterIssuer -}}
{{- end -}}
{{- toJson (mergeOverwrite $known $users) -}}
{{- end -}}

{{/* Path and port that load balancers ask on their own: the readiness probe's; ToolHive's
proxy has its own path. */}}
{{- define "mcp-server.healthPath" -}}
{{- if include "mcp-server.isToolhive" . -}}
/health
{{- else -}}
{{- with (include "mcp-server.probe" (list . "readinessProbe") | fromJson).httpGet -}}{{- .path -}}{{- end -}}
{{- end -}}
{{- end -}}

{{- define "mcp-server.healthPort" -}}
{{- if include "mcp-server.isToolhive" . -}}
3456
{{- else -}}
{{- $port := .Values.readinessProbe.httpGet.port -}}
{{- ternary .Values.containerPort $port (eq (toString $port) "http") -}}
{{- end -}}
{{- end -}}

{{- define "mcp-server.ingressHost" -}}
{{- default (printf "%s.127.0.0.1.nip.io" .Chart.Name) .Values.ingress.host -}}
{{- end -}}
