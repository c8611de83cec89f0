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

func acceptance(c *gatewayv1.GatewayClass) topology.Condition {
	return topology.ConditionOf(c.Status.Conditions, string(gatewayv1.GatewayClassConditionStatusAccepted), c.Generation)
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

func classOf(name, controller string) map[string]any {
	return map[string]any{
		"apiVersion": gatewayAPI, "kind": "GatewayClass", "metadata": map[string]any{"name": name},
		"spec": map[string]any{"controllerName": controller},
	}
}

// No controller has accepted a class that a Gateway uses.
func gatewayClassNotAccepted() Check {
	return Check{"gateway-class-not-accepted", "a GatewayClass that no controller has accepted", Error, func(x *scene) []Finding {
		used := map[string]bool{}
		for _, g := range x.Objects.Gateways.All() {
			used[string(g.Spec.GatewayClassName)] = true
		}
		var out []Finding
		for _, c := range x.Objects.GatewayClasses.All() {
			told := acceptance(c)
			silent := told.Reason == stale || len(c.Status.Conditions) == 0 && x.OfFiles()
			if !used[c.Name] || told.State == topology.True || silent {
				continue
			}
			field := "spec.controllerName"
			if told.Reason == string(gatewayv1.GatewayClassReasonInvalidParameters) {
				field = "spec.parametersRef"
			}
			out = append(out, Finding{
				Object: Object{gatewayAPI, "GatewayClass", "", c.Name}, Field: field,
				Problem: saying(fmt.Sprintf("No controller has accepted GatewayClass %q of controller %q", c.Name, c.Spec.ControllerName), told) + ".",
				Why:     "The Gateways of the class are not served.",
				Fix:     x.fixAcceptance(c, told),
			})
		}
		return out
	}}
}

func (x *scene) fixAcceptance(c *gatewayv1.GatewayClass, told topology.Condition) Fix {
	object := Object{gatewayAPI, "GatewayClass", "", c.Name}
	if told.Reason == string(gatewayv1.GatewayClassReasonInvalidParameters) && c.Spec.ParametersRef != nil {
		return do("Take the reference to parameters away, or mend what it names.", merge(object, map[string]any{"spec": map[string]any{"parametersRef": nil}}))
	}
	if _, known := x.Controller(c.Name); known {
		return byHand(fmt.Sprintf("See that the controller %q runs, and what its log says.", c.Spec.ControllerName))
	}
	if to := nearest(string(c.Spec.ControllerName), x.controllerNames); to != "" {
		// The field cannot be changed: the class has to be made anew.
		return do(fmt.Sprintf("Make the class anew with controller %q: the field cannot be changed.", to), remove(object), apply(classOf(c.Name, to)))
	}
	return byHand(fmt.Sprintf("Install the controller %q, or use a class of one that runs.", c.Spec.ControllerName))
}
