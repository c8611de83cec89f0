{{/* What cannot be rendered, all in templates/requirements.yaml. Each sentence names its field
and what would be right. The first three here are a contract with existing users. */}}
{{- define "mcp-server.problems.ways" -}}
{{- $gateway := .Values.gateway -}}
{{- $existing := $gateway.existing -}}
{{- $problems := list -}}
{{- if and .Values.ingress.enabled $gateway.enabled -}}
{{- $problems = append $problems "Cannot enable both ingress.enabled and gateway.enabled" -}}
{{- end -}}
{{- if and $gateway.enabled (not $gateway.className) -}}
{{- $problems = append $problems "gateway.className is required when gateway.enabled is true" -}}
{{- end -}}
{{- if and $gateway.enabled (not (or $gateway.listeners.http.enabled $gateway.listeners.https.enabled)) -}}
{{- $problems = append $problems "At least one listener (http or https) must be enabled when gateway.enabled is true" -}}
{{- end -}}
{{- if and .Values.ingress.enabled $existing.name -}}
{{- $problems = append $problems "Cannot enable both ingress.enabled and gateway.existing.name" -}}
{{- end -}}
{{- if and $gateway.enabled $existing.name -}}
{{- $problems = append $problems "Cannot set both gateway.enabled and gateway.existing.name: the first creates a Gateway, the second attaches the route to one that is there" -}}
{{- end -}}
{{- if and (or $existing.namespace $existing.sectionName) (not $existing.name) -}}
{{- $problems = append $problems "gateway.existing.name is required when gateway.existing.namespace or gateway.existing.sectionName is set" -}}
{{- end -}}
{{- if and $existing.name $gateway.annotations -}}
{{- $problems = append $problems "gateway.annotations are for a Gateway that the chart creates; with gateway.existing.name annotate the route: gateway.routes.annotations" -}}
{{- end -}}
{{- $https := $gateway.listeners.https -}}
{{- if and $existing.name (or $gateway.listeners.http.hostname $https.hostname $https.enabled $https.secretName $https.certificateRefs) -}}
{{- $problems = append $problems "gateway.listeners are those of a Gateway that the chart creates; with gateway.existing.name set gateway.hostnames and gateway.existing.sectionName" -}}
{{- end -}}
{{- toJson $problems -}}
{{- end -}}

{{/* TLS: the redirect and cert-manager. */}}
{{- define "mcp-server.problems.tls" -}}
{{- $gateway := .Values.gateway -}}
{{- $listeners := $gateway.listeners -}}
{{- $existing := $gateway.existing -}}
{{- $problems := list -}}
{{- if $gateway.httpsRedirect -}}
{{- if and $gateway.enabled (not (and $listeners.http.enabled $listeners.https.enabled)) -}}
{{- $problems = append $problems "gateway.httpsRedirect needs both listeners: set gateway.listeners.http.enabled and gateway.listeners.https.enabled" -}}
{{- else if and $existing.name (not $existing.sectionName) -}}
{{- $problems = append $problems "gateway.httpsRedirect needs gateway.existing.sectionName, the name of the https listener; without it the server would answer on the http listener, too" -}}
{{- else if and $existing.name (eq $existing.sectionName $existing.httpSectionName) -}}
{{- $problems = append $problems "gateway.existing.sectionName and gateway.existing.httpSectionName are the same listener: gateway.httpsRedirect redirects from the second to the first" -}}
{{- end -}}
{{- end -}}
{{- if and $gateway.issuer $gateway.clusterIssuer -}}
{{- $problems = append $problems "Cannot set both gateway.issuer and gateway.clusterIssuer: cert-manager takes one" -}}
{{- end -}}
{{- if or $gateway.issuer $gateway.clusterIssuer -}}
{{- $field := ternary "gateway.issuer" "gateway.clusterIssuer" (ne $gateway.issuer "") -}}
{{- if $existing.name -}}
{{- $problems = append $problems (printf "%s is for a Gateway that the chart creates; the certificate of gateway.existing.name is its owner's" $field) -}}
{{- else if and $gateway.enabled (not $listeners.https.enabled) -}}
{{- $problems = append $problems (printf "%s needs gateway.listeners.https.enabled: there is no listener for the certificate" $field) -}}
{{- else if and $gateway.enabled (not $listeners.https.hostname) -}}
{{- $problems = append $problems (printf "%s needs gateway.listeners.https.hostname: cert-manager issues the certificate for the listener's hostname" $field) -}}
{{- end -}}
{{- end -}}
{{- toJson $problems -}}
{{- end -}}

{{/* The route's rules and clocks. */}}
{{- define "mcp-server.problems.route" -}}
{{- $gateway := .Values.gateway -}}
{{- $problems := list -}}
{{- $clocks := include "mcp-server.clocks" . | fromJson -}}
{{- if and $clocks.request $clocks.backendRequest -}}
{{- $request := include "mcp-server.milliseconds" $clocks.request | int64 -}}
{{- $backend := include "mcp-server.milliseconds" $clocks.backendRequest | int64 -}}
{{- if and (gt $request 0) (gt $backend $request) -}}
{{- $problems = append $problems (printf "gateway.timeouts.backendRequest (%s) may not be longer than gateway.timeouts.request (%s): a Gateway refuses such a route" $clocks.backendRequest $clocks.request) -}}
{{- end -}}
{{- end -}}
{{- range $index, $path := $gateway.routes.paths -}}
{{- if not (hasPrefix "/" $path) -}}
{{- $problems = append $problems (printf "gateway.routes.paths[%d] (%s) must begin with /" $index $path) -}}
{{- end -}}
{{- end -}}
{{- $row := include "mcp-server.gatewayController" . | fromJson -}}
{{- range $index, $rule := $gateway.routes.rules -}}
{{- if and $row $rule.timeouts (eq $row.timeouts.request "refused") -}}
{{- $problems = append $problems (printf "gateway.routes.rules[%d].timeouts: %s refuses a route with timeouts; leave them out" $index $row.title) -}}
{{- end -}}
{{- end -}}
{{- toJson $problems -}}
{{- end -}}
