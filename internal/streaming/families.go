package streaming

// gatewayFamily computes the limit behind one gateway controller of the table.
type gatewayFamily struct {
	controller string
	limit      func(Route) Limit
}

// gateways are all of them. A controller of the table that is not here has the
// clocks of the table, whatever is set.
var gateways = []gatewayFamily{
	{"envoy-gateway", envoyGateway},
	{"istio", istio},
	{"kgateway", kgateway},
	{"cilium", cilium},
	{"contour", contour},
	{"nginx-gateway-fabric", nginxGatewayFabric},
	{"traefik", traefikGateway},
	{"gke", gkeGateway},
	{"aws-lbc", awsGateway},
	{"azure-agc", azureGateway},
	{"kong", kong},
	{"haproxy", haproxyGateway},
}

// ingressFamily computes the limit behind one ingress controller of the table.
type ingressFamily struct {
	controller string
	limit      func(Ingress) Limit
}

var ingresses = []ingressFamily{
	{"ingress-nginx", ingressNginx},
	{"traefik", traefikIngress},
	{"haproxy", haproxyIngress},
	{"aws-alb", awsIngress},
	{"gke", gkeIngress},
}
