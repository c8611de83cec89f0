package plane

// Envoy Gateway's programs. Nothing here is started by itself: egctl is a tool (see
// Build), and the control plane runs as a pod of its own chart.

const envoyGatewayModule = "github.com/envoyproxy/gateway/cmd/"

func egctl() component {
	return component{name: "egctl", source: &source{folder: "envoy-gateway", target: envoyGatewayModule + "egctl"}}
}

func envoyGateway() component {
	return component{name: "envoy-gateway", source: &source{folder: "envoy-gateway", target: envoyGatewayModule + "envoy-gateway"}}
}
