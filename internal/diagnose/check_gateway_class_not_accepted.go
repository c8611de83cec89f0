package diagnose

import (
	"fmt"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

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
