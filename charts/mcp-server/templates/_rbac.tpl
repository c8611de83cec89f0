{{/* Rules of the server: it reads what its tools show, never Secrets. Each resource is named. */}}
{{- define "mcp-server.rbacRules" -}}
{{- $read := list "get" "list" "watch" -}}
{{- $groups := dict
  "" (list "namespaces" "services")
  "discovery.k8s.io" (list "endpointslices")
  "networking.k8s.io" (list "ingressclasses" "ingresses")
  "apiextensions.k8s.io" (list "customresourcedefinitions")
  "apiregistration.k8s.io" (list "apiservices")
  "apps" (list "daemonsets" "deployments" "statefulsets")
  "cert-manager.io" (list "certificates" "clusterissuers" "issuers")
  "helm.m.crossplane.io" (list "providerconfigs" "releases")
  "kubernetes.m.crossplane.io" (list "objects" "providerconfigs")
  "protection.crossplane.io" (list "clusterusages" "usages")
  "gateway.networking.k8s.io" (list "backendtlspolicies" "gatewayclasses" "gateways" "grpcroutes" "httproutes" "listenersets" "referencegrants" "tcproutes" "tlsroutes" "udproutes")
  "gateway.envoyproxy.io" (list "backends" "backendtrafficpolicies" "clienttrafficpolicies" "envoyextensionpolicies" "securitypolicies")
  "gateway.kgateway.dev" (list "trafficpolicies")
  "gateway.nginx.org" (list "proxysettingspolicies")
  "networking.gke.io" (list "gcpbackendpolicies")
  "cloud.google.com" (list "backendconfigs")
  "gateway.k8s.aws" (list "loadbalancerconfigurations")
  "alb.networking.azure.io" (list "routepolicies")
  "http.keda.sh" (list "httpscaledobjects" "interceptorroutes")
  "keda.sh" (list "scaledobjects")
  "monitoring.coreos.com" (list "podmonitors" "prometheusagents" "prometheuses")
  "devopstoolkit.ai" (list "clusters") -}}
{{- $rules := list -}}
{{- range $group := keys $groups | sortAlpha -}}
{{- $rules = append $rules (dict "apiGroups" (list $group) "resources" (get $groups $group) "verbs" $read) -}}
{{- end -}}
{{- if .Values.server.allowWrites -}}
{{- $rules = append $rules (dict "apiGroups" (list "devopstoolkit.ai") "resources" (list "clusters") "verbs" (list "patch")) -}}
{{- end -}}
{{- if eq (include "mcp-server.authMode" .) "kubernetes" -}}
{{- $rules = append $rules (dict "apiGroups" (list "authentication.k8s.io") "resources" (list "tokenreviews") "verbs" (list "create")) -}}
{{- $rules = append $rules (dict "apiGroups" (list "authorization.k8s.io") "resources" (list "subjectaccessreviews") "verbs" (list "create")) -}}
{{- end -}}
{{- toYaml $rules -}}
{{- end -}}

{{- define "mcp-server.hasCallerRole" -}}
{{- if and .Values.rbac.create .Values.rbac.callerRole (eq (include "mcp-server.authMode" .) "kubernetes") -}}true{{- end -}}
{{- end -}}
