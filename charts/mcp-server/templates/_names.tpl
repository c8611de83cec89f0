{{/* The chart's name, as in labels. */}}
{{- define "mcp-server.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The name of everything: the release's name, with the chart's unless that is in it. */}}
{{- define "mcp-server.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* The full name with a suffix, still at most 63 characters: list of root and suffix. */}}
{{- define "mcp-server.suffixed" -}}
{{- $suffix := index . 1 -}}
{{- $room := sub 62 (len $suffix) | int -}}
{{- printf "%s-%s" (include "mcp-server.fullname" (index . 0) | trunc $room | trimSuffix "-") $suffix -}}
{{- end -}}

{{/* Name of objects outside namespaces: the full name with the namespace, so that two
releases do not share one. A hash tells those apart that would be cut: list of root and suffix. */}}
{{- define "mcp-server.clusterName" -}}
{{- $root := index . 0 -}}
{{- $name := printf "%s-%s" (include "mcp-server.fullname" $root) $root.Release.Namespace -}}
{{- with index . 1 -}}{{- $name = printf "%s-%s" $name . -}}{{- end -}}
{{- if gt (len $name) 63 -}}
{{- printf "%s-%s" ($name | trunc 54 | trimSuffix "-") ($name | sha256sum | trunc 8) -}}
{{- else -}}
{{- $name -}}
{{- end -}}
{{- end -}}

{{- define "mcp-server.selectorLabels" -}}
app.kubernetes.io/name: {{ include "mcp-server.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Labels of every object. commonLabels come first, so that they cannot break a selector. */}}
{{- define "mcp-server.labels" -}}
{{- $labels := deepCopy .Values.commonLabels -}}
{{- $_ := set $labels "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-") -}}
{{- $_ = set $labels "app.kubernetes.io/version" (default .Chart.AppVersion .Values.image.tag | replace "+" "_" | trunc 63 | trimAll "-_.") -}}
{{- $_ = set $labels "app.kubernetes.io/managed-by" .Release.Service -}}
{{- toYaml (mergeOverwrite $labels (include "mcp-server.selectorLabels" . | fromYaml)) -}}
{{- end -}}

{{/* Labels of the pods: without versions, so that a new chart alone does not end streams. */}}
{{- define "mcp-server.podLabels" -}}
{{- toYaml (mergeOverwrite (deepCopy .Values.commonLabels) (deepCopy .Values.podLabels) (include "mcp-server.selectorLabels" . | fromYaml)) -}}
{{- end -}}

{{/* metadata of an object: dict root, name, and if any namespace, annotations, labels. */}}
{{- define "mcp-server.metadata" -}}
{{- $labels := include "mcp-server.labels" .root | fromYaml -}}
{{- $metadata := dict "name" .name "labels" (mergeOverwrite (deepCopy (default dict .labels)) $labels) -}}
{{- if not .clusterScoped -}}
{{- $_ := set $metadata "namespace" (default .root.Release.Namespace .namespace) -}}
{{- end -}}
{{- with .annotations -}}{{- $_ := set $metadata "annotations" . -}}{{- end -}}
{{- toYaml $metadata -}}
{{- end -}}

{{- define "mcp-server.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "mcp-server.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "mcp-server.isToolhive" -}}
{{- if eq .Values.deployment.method "toolhive" -}}true{{- end -}}
{{- end -}}

{{/* The Service that answers, however people come in. ToolHive's operator names its own. */}}
{{- define "mcp-server.serviceName" -}}
{{- if include "mcp-server.isToolhive" . -}}
{{- printf "mcp-%s-proxy" (include "mcp-server.fullname" .) -}}
{{- else -}}
{{- include "mcp-server.fullname" . -}}
{{- end -}}
{{- end -}}

{{/* Whether the image is this project's, also from a mirror. Only then NOTES speak of its
settings, and the probes ask its paths. */}}
{{- define "mcp-server.isOwnImage" -}}
{{- if eq (base .Values.image.repository) "mcp-server" -}}true{{- end -}}
{{- end -}}

{{- define "mcp-server.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}
