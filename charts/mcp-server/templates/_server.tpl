{{/* How callers of this project's server show who they are: token, oauth, kubernetes or none. */}}
{{- define "mcp-server.authMode" -}}
{{- $auth := .Values.auth -}}
{{- if ne $auth.mode "auto" -}}
{{- $auth.mode -}}
{{- else if or .Values.secrets.name .Values.secrets.auth.token -}}
token
{{- else if $auth.oauth.issuer -}}
oauth
{{- else -}}
kubernetes
{{- end -}}
{{- end -}}

{{- define "mcp-server.secretName" -}}
{{- default (include "mcp-server.fullname" .) .Values.secrets.name -}}
{{- end -}}

{{/* Secret and key of the token for metrics; empty when there is none. */}}
{{- define "mcp-server.metricsSecret" -}}
{{- $secret := .Values.podMonitor.secret -}}
{{- $name := $secret.name -}}
{{- if and (not $name) (or .Values.secrets.name .Values.secrets.auth.token) -}}
{{- $name = include "mcp-server.secretName" . -}}
{{- end -}}
{{- if and .Values.podMonitor.enabled $name (not .Values.podMonitor.allowUnauthenticated) -}}
{{- toJson (dict "name" $name "key" (default .Values.secrets.auth.keyName $secret.key)) -}}
{{- else -}}
{}
{{- end -}}
{{- end -}}

{{/* Nine tenths of the memory limit in bytes, for Go's garbage collector; empty when the
limit is not a whole number with a common suffix. */}}
{{- define "mcp-server.memoryLimit" -}}
{{- $factors := dict "" 1 "k" 1000 "M" 1000000 "G" 1000000000 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 -}}
{{- $limit := toString (default "" (default dict .Values.resources.limits).memory) -}}
{{- if regexMatch "^[0-9]{1,9}(k|M|G|Ki|Mi|Gi)?$" $limit -}}
{{- $number := regexFind "^[0-9]+" $limit -}}
{{- div (mul (atoi $number) (index $factors (trimPrefix $number $limit)) 9) 10 -}}
{{- end -}}
{{- end -}}

{{/* preStop needs the action `sleep`, because the image has no shell. The API server knows
it by default from Kubernetes 1.30 on and would drop it before. ToolHive makes its own pods.
https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/ */}}
{{- define "mcp-server.preStopSleeps" -}}
{{- if and (not .Values.lifecycle) (not (include "mcp-server.isToolhive" .)) (gt (int .Values.drain.delaySeconds) 0) (semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version) -}}
true
{{- end -}}
{{- end -}}

{{/* Environment that says who may call. */}}
{{- define "mcp-server.authEnv" -}}
{{- $mode := include "mcp-server.authMode" . -}}
{{- $oauth := .Values.auth.oauth -}}
{{- $env := dict -}}
{{- if eq $mode "token" -}}
{{- $_ := set $env "TOKEN_FILE" "/run/secrets/gatehouse/auth/token" -}}
{{- else if eq $mode "oauth" -}}
{{- $_ := set $env "OAUTH_ISSUER" $oauth.issuer -}}
{{- $_ = set $env "OAUTH_AUDIENCE" $oauth.audience -}}
{{- $_ = set $env "OAUTH_JWKS_URL" $oauth.jwksURL -}}
{{- $_ = set $env "OAUTH_SCOPES" (join "," $oauth.scopes) -}}
{{- else if eq $mode "kubernetes" -}}
{{- $_ := set $env "KUBERNETES_AUTH" "true" -}}
{{- $_ = set $env "KUBERNETES_AUDIENCE" .Values.auth.kubernetes.audience -}}
{{- else -}}
{{- $_ := set $env "ALLOW_UNAUTHENTICATED" "true" -}}
{{- end -}}
{{- if .Values.podMonitor.enabled -}}
{{- $_ := set $env "METRICS_LISTEN" ":9464" -}}
{{- if include "mcp-server.metricsSecret" . | fromJson -}}
{{- $_ = set $env "METRICS_TOKEN_FILE" "/run/secrets/gatehouse/metrics/token" -}}
{{- else -}}
{{- $_ = set $env "ALLOW_UNAUTHENTICATED_METRICS" "true" -}}
{{- end -}}
{{- end -}}
{{- toJson $env -}}
{{- end -}}

{{/* Hosts that requests may be for, with commas; empty when any. To name one is not to shut
out who comes through the Service, a port-forward or another name of the route. */}}
{{- define "mcp-server.allowedHosts" -}}
{{- if or .Values.server.allowedHosts .Values.server.externalURL -}}
{{- $service := include "mcp-server.serviceName" . -}}
{{- $hosts := concat .Values.server.allowedHosts (list "localhost" "127.0.0.1" $service) -}}
{{- range tuple "" ".svc" ".svc.cluster.local" -}}
{{- $hosts = append $hosts (printf "%s.%s%s" $service $.Release.Namespace .) -}}
{{- end -}}
{{- range include "mcp-server.hostnames" . | fromJsonArray -}}
{{- if not (hasPrefix "*" .) -}}{{- $hosts = append $hosts . -}}{{- end -}}
{{- end -}}
{{- if .Values.ingress.enabled -}}{{- $hosts = append $hosts (include "mcp-server.ingressHost" .) -}}{{- end -}}
{{- join "," ($hosts | uniq) -}}
{{- end -}}
{{- end -}}

{{/* Environment of the container: this project's settings, sorted, then the user's, who
wins: a name twice is refused by server-side apply. */}}
{{- define "mcp-server.env" -}}
{{- $server := .Values.server -}}
{{- $settings := include "mcp-server.authEnv" . | fromJson -}}
{{- $_ := set $settings "LISTEN" (printf ":%d" (int .Values.containerPort)) -}}
{{- $_ = set $settings "EXTERNAL_URL" $server.externalURL -}}
{{- $_ = set $settings "ALLOWED_HOSTS" (include "mcp-server.allowedHosts" .) -}}
{{- $_ = set $settings "ALLOWED_ORIGINS" (join "," $server.allowedOrigins) -}}
{{- $_ = set $settings "ALLOW_WRITES" (ternary "true" "" $server.allowWrites) -}}
{{- $_ = set $settings "RATE_LIMIT" (toJson $server.rateLimit.perSecond) -}}
{{- $_ = set $settings "RATE_BURST" (toJson $server.rateLimit.burst) -}}
{{- $_ = set $settings "MAX_STREAMS_PER_CALLER" (toJson $server.maxStreamsPerCaller) -}}
{{- $_ = set $settings "KEEPALIVE" $server.keepalive -}}
{{- $_ = set $settings "LOG_LEVEL" $server.logLevel -}}
{{- $_ = set $settings "DRAIN_DELAY" (ternary "0s" (printf "%ds" (int .Values.drain.delaySeconds)) (eq (include "mcp-server.preStopSleeps" .) "true")) -}}
{{- $_ = set $settings "GRACE" (printf "%ds" (int .Values.drain.graceSeconds)) -}}
{{- $users := list -}}
{{- range .Values.extraEnv -}}{{- $users = append $users .name -}}{{- end -}}
{{- $env := list -}}
{{- range $name := keys $settings | sortAlpha -}}
{{- $value := get $settings $name -}}
{{- $name = printf "GATEHOUSE_MCP_%s" $name -}}
{{- if and $value (not (has $name $users)) -}}{{- $env = append $env (dict "name" $name "value" $value) -}}{{- end -}}
{{- end -}}
{{- with include "mcp-server.memoryLimit" . -}}
{{- if not (has "GOMEMLIMIT" $users) -}}{{- $env = append $env (dict "name" "GOMEMLIMIT" "value" .) -}}{{- end -}}
{{- end -}}
{{- toJson (concat $env .Values.extraEnv) -}}
{{- end -}}

{{/* Volumes and where they are mounted: tokens are files, which the server reads again
when they change; never environment or arguments. */}}
{{- define "mcp-server.tokens" -}}
{{- $tokens := list -}}
{{- if eq (include "mcp-server.authMode" .) "token" -}}
{{- $tokens = append $tokens (dict "volume" "auth-token" "folder" "auth" "secret" (include "mcp-server.secretName" .) "key" .Values.secrets.auth.keyName) -}}
{{- end -}}
{{- with include "mcp-server.metricsSecret" . | fromJson -}}
{{- $tokens = append $tokens (dict "volume" "metrics-token" "folder" "metrics" "secret" .name "key" .key) -}}
{{- end -}}
{{- toJson $tokens -}}
{{- end -}}

{{- define "mcp-server.volumes" -}}
{{- $volumes := list -}}
{{- range include "mcp-server.tokens" . | fromJsonArray -}}
{{- $items := list (dict "key" .key "path" "token") -}}
{{- $volumes = append $volumes (dict "name" .volume "secret" (dict "secretName" .secret "items" $items "defaultMode" 288)) -}}
{{- end -}}
{{- toJson (concat $volumes .Values.extraVolumes) -}}
{{- end -}}

{{- define "mcp-server.volumeMounts" -}}
{{- $mounts := list -}}
{{- range include "mcp-server.tokens" . | fromJsonArray -}}
{{- $mounts = append $mounts (dict "name" .volume "mountPath" (printf "/run/secrets/gatehouse/%s" .folder) "readOnly" true) -}}
{{- end -}}
{{- toJson (concat $mounts .Values.extraVolumeMounts) -}}
{{- end -}}

{{/* Whether the pod gets the ServiceAccount's token: only when it may do something with it. */}}
{{- define "mcp-server.automount" -}}
{{- $given := .Values.serviceAccount.automount -}}
{{- ternary .Values.rbac.create $given (kindIs "invalid" $given) -}}
{{- end -}}
