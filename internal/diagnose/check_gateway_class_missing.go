package diagnose

import (
	"fmt"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// A Gateway names a class that does not exist.
func gatewayClassMissing() Check {
	return Check{"gateway-class-missing", "a Gateway of a GatewayClass that does not exist", Error, func(x *scene) []Finding {
		var out []Finding
		for _, g := range x.Objects.Gateways.All() {
			class := string(g.Spec.GatewayClassName)
			if x.Objects.GatewayClasses.Get("", class) != nil || !x.Sees("GatewayClass", "") {
				continue
			}
			out = append(out, Finding{
				Object: gatewayObject(g), Field: "spec.gatewayClassName",
				Problem: fmt.Sprintf("GatewayClass %q does not exist%s.", class, whatDoes(class, x.classes(false))),
				Why:     "No controller takes the Gateway, so nothing listens and no route attached to it works.",
				Fix:     x.fixClass(g, class),
			})
		}
		return out
	}}
}

// classes are the names of the GatewayClasses, or of those that a controller has accepted.
func (x *scene) classes(accepted bool) []string {
	var out []string
	for _, c := range x.Objects.GatewayClasses.All() {
		if !accepted || acceptance(c).State == topology.True {
			out = append(out, c.Name)
		}
	}
	return out
}

func (x *scene) fixClass(g *gatewayv1.Gateway, class string) Fix {
	all := x.classes(true)
	if len(all) == 0 {
		all = x.classes(false)
	}
	to := nearest(class, all)
	if to == "" && len(all) == 1 {
		to = all[0]
	}
	if to != "" {
		return do(fmt.Sprintf("Use GatewayClass %q.", to), merge(gatewayObject(g), map[string]any{"spec": map[string]any{"gatewayClassName": to}}))
	}
	if len(all) == 0 && x.envoyGateway() != nil {
		return do("Create the class for Envoy Gateway, which is installed.", apply(classOf(class, envoyGatewayController)))
	}
	return byHand("Install a controller with a class of that name, or set spec.gatewayClassName to one of the classes that exist.")
}

const envoyGatewayController = "gateway.envoyproxy.io/gatewayclass-controller"
