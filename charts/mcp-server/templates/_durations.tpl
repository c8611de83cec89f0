{{/* Gateway API's durations (^([0-9]{1,5}(h|m|s|ms)){1,4}$), which the schema has checked. */}}

{{/* Milliseconds of a duration. */}}
{{- define "mcp-server.milliseconds" -}}
{{- $factors := dict "h" 3600000 "m" 60000 "s" 1000 "ms" 1 -}}
{{- $total := 0 -}}
{{- range regexFindAll "[0-9]+(ms|h|m|s)" . -1 -}}
{{- $number := regexFind "^[0-9]+" . -}}
{{- $total = add $total (mul (atoi $number) (index $factors (trimPrefix $number .))) -}}
{{- end -}}
{{- $total -}}
{{- end -}}

{{/* Seconds of a duration, rounded up: list of the duration, what stands for no limit
(0s), and the most that may be said. */}}
{{- define "mcp-server.seconds" -}}
{{- $milliseconds := include "mcp-server.milliseconds" (index . 0) | int64 -}}
{{- if eq $milliseconds 0 -}}
{{- index . 1 -}}
{{- else -}}
{{- min (div (add $milliseconds 999) 1000) (index . 2) -}}
{{- end -}}
{{- end -}}

{{/* A duration as NGINX Gateway Fabric takes it: one number of at most four digits and one
unit. A year stands for no limit.
https://docs.nginx.com/nginx-gateway-fabric/reference/api/ (Duration) */}}
{{- define "mcp-server.nginxDuration" -}}
{{- $seconds := include "mcp-server.seconds" (list . 31536000 35996400) | int64 -}}
{{- if le $seconds 9999 -}}
{{- printf "%ds" $seconds -}}
{{- else if le $seconds 599940 -}}
{{- printf "%dm" (div (add $seconds 59) 60) -}}
{{- else -}}
{{- printf "%dh" (div (add $seconds 3599) 3600) -}}
{{- end -}}
{{- end -}}
