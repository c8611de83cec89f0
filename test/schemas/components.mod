// The modules whose CRDs stand for what a real cluster serves, at the versions the product's catalog pins.
//
// Nothing here is ever built and no package imports these modules, so this is not called go.mod: `go mod tidy`
// would empty it, and as one build list the modules would raise each other (cert-manager asks for a newer Gateway API
// than Envoy Gateway ships). Load downloads each line by itself, checked against components.sum; `go test` says how
// to renew that file when a line changes. A comment "chart NAME VERSION" ties a line to the product's catalog.
module github.com/gatehouse-platform/gatehouse/test/schemas/components

go 1.26.0

require (
	github.com/argoproj/argo-cd/v3 v3.3.0 // chart argo-cd 9.4.1
	github.com/cert-manager/cert-manager v1.21.1 // chart cert-manager v1.21.1
	github.com/crossplane-contrib/provider-helm v1.0.6 // only where ../shared/crds has nothing newer
	github.com/crossplane-contrib/provider-kubernetes v0.18.1-0.20250807092224-0be8ca79d8b8 // the same
	github.com/crossplane/crossplane/v2 v2.3.4
	github.com/envoyproxy/gateway v1.7.0 // chart gateway-helm 1.7.0: ships Gateway API v1.4.1, experimental channel
	github.com/external-secrets/external-secrets v1.3.2 // chart external-secrets 2.0.0: the proxy refuses v2.0.0
	github.com/kedacore/keda/v2 v2.19.0 // chart keda 2.19.0
	github.com/kgateway-dev/kgateway/v2 v2.4.0 // charts/mcp-server attaches its TrafficPolicy to the route
	github.com/kubernetes-sigs/aws-load-balancer-controller v0.0.0-20260423195125-93ff3b5fdaad // the same for LoadBalancerConfiguration; its releases of v3 are no versions to Go
	github.com/prometheus-operator/prometheus-operator v0.89.0 // chart kube-prometheus-stack 82.2.1
	github.com/stacklok/toolhive v0.47.0 // charts/mcp-server renders its MCPServer; newer ones need Go 1.27
)
