{{/* Whether the row's policy or annotations are attached to what belongs to this release. */}}
{{- define "mcp-server.notes.unattached" -}}
{{- $gateway := .Values.gateway -}}
{{- $row := include "mcp-server.gatewayController" . | fromJson -}}
{{- $policy := default dict $row.policy -}}
{{- $needs := or $row.policy $row.annotations -}}
{{- $kind := default "annotations of the Service" $policy.kind -}}
{{- $onService := or $row.annotations (eq (default "" $policy.targets) "Service") -}}
{{- if and $needs (not $gateway.policy) -}}
gateway.policy is false, so {{ $row.title }} gets no {{ $kind }} from this release.
{{- else if and $gateway.existing.name (eq (default "" $policy.targets) "Gateway") -}}
the Gateway {{ $gateway.existing.name }} is shared, so no {{ $kind }} is attached to it; its owner has to.
{{- else if and $needs $onService (include "mcp-server.scalesToZero" .) -}}
requests go to the Service of KEDA's interceptor, to which this release attaches no {{ $kind }}.
{{- end -}}
{{- end -}}

{{/* One sentence on streams and one on what nobody can promise. */}}
{{- define "mcp-server.notes.streams" -}}
{{- $clocks := include "mcp-server.clocks" . | fromJson -}}
{{- if include "mcp-server.hasRoute" . -}}
{{- $row := include "mcp-server.gatewayController" . | fromJson -}}
{{- $attached := and .Values.gateway.policy (or $row.policy $row.annotations) -}}
{{- $field := printf "gateway.timeouts.request (%s)" (default (ternary "not set, so no limit" "not set" (not (not $attached))) $clocks.request) -}}
{{- if and (not $clocks.request) $clocks.backendRequest -}}
{{- $field = printf "gateway.timeouts.backendRequest (%s)" $clocks.backendRequest -}}
{{- end -}}
{{- if and (not $row) $clocks -}}
Streams: the route asks for {{ include "mcp-server.streamLife" . }}.
Not promised: that the controller honors it, and that a silent stream lives so long. Set gateway.controller.
{{- else if not $row -}}
Streams: the route says nothing of time.
Not promised: how long a stream may last; the controller decides. Set gateway.controller.
{{- else if and (include "mcp-server.notes.unattached" .) (or (not (include "mcp-server.timeouts" . | fromJson)) (not $row.clocks.idleFollowsRoute)) -}}
Not promised: {{ include "mcp-server.notes.unattached" . }}
{{- else -}}
Streams: {{ $row.guaranteed | replace "gateway.timeouts.request" $field }}
{{- if and $clocks (not (include "mcp-server.timeouts" . | fromJson)) }}
{{- $does := get (dict "ignored" "ignores timeouts of a route" "refused" "refuses a route with timeouts") $row.timeouts.request }} {{ $row.title }} {{ default "may not know timeouts of a route" $does }}, so the route has none.
{{- end }}
{{- with $row.cannot }}
Not promised: {{ . }}
{{- end -}}
{{- end -}}
{{- else if .Values.ingress.enabled -}}
{{- $name := .Values.ingress.controller | replace "auto" "ingress-nginx" -}}
{{- $row := include "mcp-server.controller" (list . "ingress" $name) | fromJson -}}
{{- $request := default "not set" (default dict .Values.ingress.timeouts).request -}}
Streams{{ if eq .Values.ingress.controller "auto" }} (if ingress-nginx reads the Ingress){{ end }}: {{ $row.guaranteed | replace "ingress.timeouts.request" (printf "ingress.timeouts.request (%s)" $request) }}
{{- with $row.cannot }}
Not promised: {{ . }}
{{- end -}}
{{- else if ne .Values.service.type "ClusterIP" -}}
Streams: the load balancer in front of the Service decides; a comment every {{ .Values.server.keepalive }} keeps silent ones open where it counts silence.
{{- else -}}
Streams: nothing between a caller in the cluster and the server limits them.
{{- end -}}
{{- end -}}

{{/* What is allowed and probably not meant: sentences in a JSON list. */}}
{{- define "mcp-server.notes.warnings" -}}
{{- $gateway := .Values.gateway -}}
{{- $ingress := .Values.ingress -}}
{{- $warnings := list -}}
{{- $clocks := include "mcp-server.clocks" . | fromJson -}}
{{- $row := include "mcp-server.gatewayController" . | fromJson -}}
{{- $exposed := or $ingress.enabled (include "mcp-server.hasRoute" .) (ne .Values.service.type "ClusterIP") -}}
{{- $mode := include "mcp-server.authMode" . -}}
{{- if not (include "mcp-server.isOwnImage" .) -}}
{{- if .Values.rbac.create -}}
{{- $warnings = append $warnings (printf "%s may read routes, Services and Clusters; set rbac.create: false unless it needs to." .Values.image.repository) -}}
{{- end -}}
{{- else if and (eq $mode "kubernetes") (not .Values.rbac.create) -}}
{{- $warnings = append $warnings "nobody can call: the server may not ask the API server who callers are. Set rbac.create, or bind its ServiceAccount to system:auth-delegator, or choose another auth.mode." -}}
{{- else if eq $mode "none" -}}
{{- $warnings = append $warnings "auth.mode is none: the server asks nobody who they are." -}}
{{- end -}}
{{- if and .Values.rbac.create (eq (include "mcp-server.serviceAccountName" .) "default") -}}
{{- $warnings = append $warnings (printf "every pod of %s that runs as its ServiceAccount default may read what the server reads; set serviceAccount.name." .Release.Namespace) -}}
{{- end -}}
{{- if and $exposed (ne $mode "none") (eq (include "mcp-server.notes.scheme" .) "http") (not (hasPrefix "https" .Values.server.externalURL)) -}}
{{- $warnings = append $warnings "without TLS everybody on the way can read the token." -}}
{{- end -}}
{{- if include "mcp-server.hasRoute" . -}}
{{- if and $clocks.request $clocks.backendRequest (ne $clocks.request $clocks.backendRequest) (include "mcp-server.timeouts" . | fromJson) -}}
{{- $warnings = append $warnings (printf "gateway.timeouts.backendRequest (%s) ends a stream before gateway.timeouts.request (%s)." $clocks.backendRequest $clocks.request) -}}
{{- end -}}
{{- if and $row (not $clocks) (not (and $gateway.policy $row.policy)) (not (has $row.clocks.total (list "none" "unknown"))) -}}
{{- $warnings = append $warnings (printf "the route has no timeouts, so %s cuts every stream after %s; gateway.timeouts.request: 0s is no limit." $row.title $row.clocks.total) -}}
{{- end -}}
{{- if and $gateway.existing.name (eq $gateway.controller "envoy-gateway") -}}
{{- $warnings = append $warnings (printf "the Gateway %s is shared: the TCP keepalive of its connections, and a streamIdleTimeout in its ClientTrafficPolicy, are its owner's." $gateway.existing.name) -}}
{{- end -}}
{{- if and $gateway.enabled (eq $gateway.controller "traefik") (or (eq (int $gateway.listeners.http.port) 80) (eq (int $gateway.listeners.https.port) 443)) -}}
{{- $warnings = append $warnings "Traefik serves a listener only on the port of one of its entry points, which are 8000 and 8443 in its chart: gateway.listeners.http.port, gateway.listeners.https.port." -}}
{{- end -}}
{{- $warnings = concat $warnings (include "mcp-server.notes.zero" . | fromJsonArray) -}}
{{- end -}}
{{- if and $ingress.enabled (eq $ingress.className "nginx") (not (has $ingress.controller (list "auto" "ingress-nginx"))) -}}
{{- $warnings = append $warnings (printf "ingress.className is nginx, and ingress.controller is %s." $ingress.controller) -}}
{{- end -}}
{{- toJson $warnings -}}
{{- end -}}

{{/* Warnings of scaling to zero. */}}
{{- define "mcp-server.notes.zero" -}}
{{- $warnings := list -}}
{{- $http := .Values.autoscaling.keda.http -}}
{{- if include "mcp-server.scalesToZero" . -}}
{{- if not $http.referenceGrant -}}
{{- $warnings = append $warnings (printf "the route needs a ReferenceGrant in namespace %s for routes of %s; this release creates none (autoscaling.keda.http.referenceGrant)." $http.namespace .Release.Namespace) -}}
{{- end -}}
{{- if not (include "mcp-server.hostnames" . | fromJsonArray) -}}
{{- $warnings = append $warnings "the route has no hostnames, so the interceptor sends requests for every unknown host here." -}}
{{- end -}}
{{- end -}}
{{- toJson $warnings -}}
{{- end -}}
