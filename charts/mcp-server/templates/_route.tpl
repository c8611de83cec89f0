{{/* Whether the server has a route of the Gateway API: on its own Gateway or on another. */}}
{{- define "mcp-server.hasRoute" -}}
{{- if or .Values.gateway.enabled .Values.gateway.existing.name -}}true{{- end -}}
{{- end -}}

{{/* Whether requests pass KEDA's HTTP interceptor, which can start the first pod. */}}
{{- define "mcp-server.scalesToZero" -}}
{{- $keda := .Values.autoscaling.keda -}}
{{- if and $keda.enabled (eq (int $keda.minReplicas) 0) -}}true{{- end -}}
{{- end -}}

{{/* Hostnames of the route: the named ones, else those of the listeners, each once. */}}
{{- define "mcp-server.hostnames" -}}
{{- $gateway := .Values.gateway -}}
{{- $names := $gateway.hostnames -}}
{{- if and (not $names) $gateway.enabled -}}
{{- $names = list -}}
{{- range tuple $gateway.listeners.http $gateway.listeners.https -}}
{{- if and .enabled .hostname -}}{{- $names = append $names .hostname -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson ($names | uniq) -}}
{{- end -}}

{{/* The listener that serves: with a redirect only the one of https. */}}
{{- define "mcp-server.sectionName" -}}
{{- if not .Values.gateway.enabled -}}
{{- .Values.gateway.existing.sectionName -}}
{{- else if .Values.gateway.httpsRedirect -}}
https
{{- end -}}
{{- end -}}

{{/* parentRefs with one Gateway: list of root and the listener, which may be empty. */}}
{{- define "mcp-server.parentRefs" -}}
{{- $root := index . 0 -}}
{{- $existing := $root.Values.gateway.existing -}}
{{- $ref := dict "kind" "Gateway" "name" (include "mcp-server.fullname" $root) -}}
{{- if not $root.Values.gateway.enabled -}}
{{- $ref = dict "kind" "Gateway" "name" $existing.name -}}
{{- with $existing.namespace -}}{{- $_ := set $ref "namespace" . -}}{{- end -}}
{{- end -}}
{{- with index . 1 -}}{{- $_ := set $ref "sectionName" . -}}{{- end -}}
{{- toJson (list $ref) -}}
{{- end -}}

{{/* The controller's row of files/controllers.yaml (catalog/controllers.yaml), {} for auto:
list of root, `gateway` or `ingress`, and the name. */}}
{{- define "mcp-server.controller" -}}
{{- $table := (index . 0).Files.Get "files/controllers.yaml" | fromYaml -}}
{{- $name := index . 2 -}}
{{- $row := dict -}}
{{- range index $table (index . 1) -}}{{- if eq .name $name -}}{{- $row = . -}}{{- end -}}{{- end -}}
{{- toJson $row -}}
{{- end -}}

{{/* The row of the Gateway's controller. */}}
{{- define "mcp-server.gatewayController" -}}
{{- include "mcp-server.controller" (list . "gateway" .Values.gateway.controller) -}}
{{- end -}}

{{/* The clocks that were asked for: request and backendRequest, each only when it is set.
Gateway API refuses a backendRequest above request, and Envoy Gateway's clock is
backendRequest where both are given; so its default follows request. */}}
{{- define "mcp-server.clocks" -}}
{{- $given := default dict .Values.gateway.timeouts -}}
{{- $request := $given.request -}}
{{- $backend := $given.backendRequest -}}
{{- if eq (toString $backend) "3600s" -}}
{{- if kindIs "invalid" $request -}}
{{- $backend = "" -}}
{{- else if $request -}}
{{- $backend = $request -}}
{{- end -}}
{{- end -}}
{{- $clocks := dict -}}
{{- with $request -}}{{- $_ := set $clocks "request" . -}}{{- end -}}
{{- with $backend -}}{{- $_ := set $clocks "backendRequest" . -}}{{- end -}}
{{- toJson $clocks -}}
{{- end -}}

{{/* The timeouts that the route says: none where the controller refuses or ignores them. */}}
{{- define "mcp-server.timeouts" -}}
{{- $row := include "mcp-server.gatewayController" . | fromJson -}}
{{- if or (not $row) (eq $row.timeouts.request "honored") -}}
{{- include "mcp-server.clocks" . -}}
{{- else -}}
{}
{{- end -}}
{{- end -}}

{{/* How long a stream should live: what the route may say and what policies say. Without
clocks there is no limit. */}}
{{- define "mcp-server.streamLife" -}}
{{- $clocks := include "mcp-server.clocks" . | fromJson -}}
{{- coalesce $clocks.request $clocks.backendRequest "0s" -}}
{{- end -}}

{{- define "mcp-server.backendRefs" -}}
{{- $ref := dict "name" (include "mcp-server.serviceName" .) "port" 3456 -}}
{{- if include "mcp-server.scalesToZero" . -}}
{{- $ref = dict "name" "keda-add-ons-http-interceptor-proxy" "namespace" .Values.autoscaling.keda.http.namespace "port" 8080 -}}
{{- end -}}
{{- toJson (list $ref) -}}
{{- end -}}

{{/* Path prefixes: `/`, or the narrower ones with the two that MCP cannot do without
(RFC 9728 puts the metadata of a protected resource under /.well-known). */}}
{{- define "mcp-server.paths" -}}
{{- $paths := .Values.gateway.routes.paths -}}
{{- if or (not $paths) (has "/" $paths) -}}
{{- $paths = list "/" -}}
{{- else -}}
{{- $paths = concat $paths (list "/mcp" "/.well-known/oauth-protected-resource") | uniq -}}
{{- end -}}
{{- toJson $paths -}}
{{- end -}}

{{/* All rules of the route. A rule of the user's without backends gets the server and its
timeouts, unless it redirects: a redirect must not have a backend. */}}
{{- define "mcp-server.rules" -}}
{{- $backendRefs := include "mcp-server.backendRefs" . | fromJsonArray -}}
{{- $timeouts := include "mcp-server.timeouts" . | fromJson -}}
{{- $matches := list -}}
{{- range include "mcp-server.paths" . | fromJsonArray -}}
{{- $matches = append $matches (dict "path" (dict "type" "PathPrefix" "value" .)) -}}
{{- end -}}
{{- $rule := dict "matches" $matches "backendRefs" $backendRefs -}}
{{- with $timeouts -}}{{- $_ := set $rule "timeouts" . -}}{{- end -}}
{{- $rules := list $rule -}}
{{- range .Values.gateway.routes.rules -}}
{{- $rule := deepCopy . -}}
{{- $redirects := false -}}
{{- range $rule.filters -}}{{- if eq .type "RequestRedirect" -}}{{- $redirects = true -}}{{- end -}}{{- end -}}
{{- if not (or $redirects $rule.backendRefs) -}}
{{- $_ := set $rule "backendRefs" $backendRefs -}}
{{- if and $timeouts (not (hasKey $rule "timeouts")) -}}{{- $_ := set $rule "timeouts" $timeouts -}}{{- end -}}
{{- end -}}
{{- $rules = append $rules $rule -}}
{{- end -}}
{{- toYaml $rules -}}
{{- end -}}
