package plane

// What measures and scales. Nothing here is started by the plane: packages keda and
// prometheus make images of these programs, and the node runs them.

// kedaProgram is one of KEDA's. Its admission webhooks only refuse bad objects, so they
// are left out.
func kedaProgram(name, command string) component {
	return component{name: name, source: &source{folder: "keda", target: "github.com/kedacore/keda/v2/cmd/" + command}}
}

// prometheusOperatorProgram is one of prometheus-operator's.
func prometheusOperatorProgram(name, command string) component {
	return component{name: name, source: &source{
		folder: "prometheus-operator", target: "github.com/prometheus-operator/prometheus-operator/cmd/" + command,
	}}
}

func prometheus() component {
	return component{name: "prometheus", source: &source{
		folder: "prometheus", target: "github.com/prometheus/prometheus/cmd/prometheus",
		// As it is released, but of all that finds targets only Kubernetes: the SDKs of
		// clouds are most of what would have to be compiled.
		tags: "netgo,remove_all_sd,enable_kubernetes_sd",
	}}
}
