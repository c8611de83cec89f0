package diagnosis

import (
	"context"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-platform/gatehouse/internal/diagnose"
	"github.com/gatehouse-platform/gatehouse/test/e2e/doctor"
)

// Checks that say that something is not so of which a controller may have written that it
// is, by the condition.
var (
	ofAttachment = []string{
		"route-parent-missing", "route-section-missing", "route-port-mismatch", "route-kind-not-allowed",
		"route-namespace-not-allowed", "route-hostname-mismatch", "route-not-accepted", "timeout-refused",
	}
	ofBackends  = []string{"backend-missing", "backend-port", "backend-not-granted", "route-not-resolved"}
	ofListeners = []string{"listener-conflict", "listener-protocol", "secret-missing", "secret-not-granted", "secret-wrong-type", "gateway-not-accepted"}
	// ofCertificates may be why a controller refuses a listener, and need not be.
	ofCertificates = []string{"certificate-expired", "certificate-hostname", "certificate-not-ready"}
)

// contradicted compares a report with the conditions that the controller has written in the
// namespaces of a scenario: it says of nothing that is fine that it is broken, and of
// everything that is broken that it is.
func (l *live) contradicted(ctx context.Context, s *settled, found doctor.Outcome) error {
	routes, gateways := &gatewayv1.HTTPRouteList{}, &gatewayv1.GatewayList{}
	for kind, out := range map[string]any{"HTTPRoute": routes, "Gateway": gateways} {
		objects, err := l.list(ctx, schema.GroupVersionKind{Group: gatewayv1.GroupName, Version: "v1", Kind: kind})
		if err != nil {
			return err
		}
		items := []any{}
		for _, o := range objects {
			items = append(items, o.Object)
		}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(map[string]any{"items": items}, out); err != nil {
			return err
		}
	}
	for _, r := range routes.Items {
		if s.has(r.Namespace, r.Name) {
			if err := routeContradicted(&r, found.Findings); err != nil {
				return err
			}
		}
	}
	for _, g := range gateways.Items {
		if s.has(g.Namespace, g.Name) {
			if err := gatewayContradicted(&g, found.Findings); err != nil {
				return err
			}
		}
	}
	return nil
}

func routeContradicted(r *gatewayv1.HTTPRoute, findings []diagnose.Finding) error {
	mine := slices.DeleteFunc(slices.Clone(findings), func(f diagnose.Finding) bool {
		return f.Object.Kind != "HTTPRoute" || f.Object.Namespace != r.Namespace || f.Object.Name != r.Name
	})
	for _, parent := range r.Status.Parents {
		for kind, checks := range map[gatewayv1.RouteConditionType][]string{gatewayv1.RouteConditionAccepted: ofAttachment, gatewayv1.RouteConditionResolvedRefs: ofBackends} {
			told := conditionOf(parent.Conditions, string(kind), r.Generation)
			finds := slices.ContainsFunc(mine, func(f diagnose.Finding) bool { return slices.Contains(checks, f.Check) })
			// A route of which no listener is served is not the route's fault.
			elsewhere := kind == gatewayv1.RouteConditionAccepted && slices.ContainsFunc(findings, func(f diagnose.Finding) bool {
				return f.Object.Kind == "Gateway" && f.Object.Name == string(parent.ParentRef.Name)
			})
			elsewhere = elsewhere || kind == gatewayv1.RouteConditionAccepted && unissued(findings, namespaceOf(r, parent.ParentRef))
			switch {
			case told.Status == metav1.ConditionTrue && finds, told.Status == metav1.ConditionFalse && !finds && !elsewhere:
				return fmt.Errorf("route %s/%s has %s %s, and the report says of it: %v", r.Namespace, r.Name, kind, told.Status, mine)
			case told.Status == metav1.ConditionFalse && finds && !quoted(told, mine):
				return fmt.Errorf("route %s/%s is told %q, and the report does not quote it: %v", r.Namespace, r.Name, told.Message, mine)
			}
		}
	}
	return nil
}

// unissued tells whether a listener of a namespace waits for a certificate.
func unissued(findings []diagnose.Finding, namespace string) bool {
	return slices.ContainsFunc(findings, func(f diagnose.Finding) bool {
		return f.Check == "certificate-not-ready" && f.Object.Namespace == namespace
	})
}

func namespaceOf(r *gatewayv1.HTTPRoute, parent gatewayv1.ParentReference) string {
	if parent.Namespace != nil {
		return string(*parent.Namespace)
	}
	return r.Namespace
}

// quoted tells whether a report quotes what a controller says.
func quoted(told metav1.Condition, findings []diagnose.Finding) bool {
	return slices.ContainsFunc(findings, func(f diagnose.Finding) bool {
		return strings.Contains(f.Problem, told.Reason) && strings.Contains(f.Problem, told.Message)
	})
}

func gatewayContradicted(g *gatewayv1.Gateway, findings []diagnose.Finding) error {
	mine := slices.DeleteFunc(slices.Clone(findings), func(f diagnose.Finding) bool {
		return f.Object.Kind != "Gateway" || f.Object.Namespace != g.Namespace || f.Object.Name != g.Name
	})
	for _, kind := range []gatewayv1.GatewayConditionType{gatewayv1.GatewayConditionAccepted, gatewayv1.GatewayConditionProgrammed} {
		told := conditionOf(g.Status.Conditions, string(kind), g.Generation)
		if told.Status == metav1.ConditionFalse && len(mine) == 0 && !unissued(findings, g.Namespace) {
			return fmt.Errorf("the controller says of Gateway %s/%s: %v, and the report nothing", g.Namespace, g.Name, told)
		}
	}
	for _, st := range g.Status.Listeners {
		if err := listenerContradicted(g, st, mine, findings); err != nil {
			return err
		}
	}
	return nil
}

// listenerContradicted does the same for a listener, with the findings of its Gateway and
// all others.
func listenerContradicted(g *gatewayv1.Gateway, st gatewayv1.ListenerStatus, ofGateway, all []diagnose.Finding) error {
	at := slices.IndexFunc(g.Spec.Listeners, func(l gatewayv1.Listener) bool { return l.Name == st.Name })
	mine := slices.DeleteFunc(slices.Clone(ofGateway), func(f diagnose.Finding) bool {
		return !strings.HasPrefix(f.Field, fmt.Sprintf("spec.listeners[%d]", at)) || !slices.Contains(ofListeners, f.Check)
	})
	explained := slices.ContainsFunc(all, func(f diagnose.Finding) bool {
		return f.Object.Namespace == g.Namespace && slices.Contains(ofCertificates, f.Check)
	})
	var said []metav1.Condition
	for _, kind := range []gatewayv1.ListenerConditionType{gatewayv1.ListenerConditionAccepted, gatewayv1.ListenerConditionResolvedRefs, gatewayv1.ListenerConditionProgrammed} {
		said = append(said, conditionOf(st.Conditions, string(kind), g.Generation))
	}
	has := func(status metav1.ConditionStatus) bool {
		return slices.ContainsFunc(said, func(c metav1.Condition) bool { return c.Status == status })
	}
	conflicted := conditionOf(st.Conditions, string(gatewayv1.ListenerConditionConflicted), g.Generation)
	bad := has(metav1.ConditionFalse) || conflicted.Status == metav1.ConditionTrue
	if conflicted.Status == metav1.ConditionTrue {
		said = []metav1.Condition{conflicted}
		// A conflict is found at one of the two.
		explained = explained || slices.ContainsFunc(ofGateway, func(f diagnose.Finding) bool { return f.Check == "listener-conflict" })
	}
	quotes := slices.ContainsFunc(said, func(c metav1.Condition) bool { return c.Status != metav1.ConditionUnknown && quoted(c, mine) })
	switch {
	case !bad && !has(metav1.ConditionUnknown) && len(mine) > 0, bad && len(mine) == 0 && !explained:
		return fmt.Errorf("the controller says of listener %q of %s/%s: %v, and the report: %v", st.Name, g.Namespace, g.Name, st.Conditions, mine)
	case bad && len(mine) > 0 && !quotes:
		return fmt.Errorf("the controller says of listener %q of %s/%s: %v, and the report does not quote it: %v", st.Name, g.Namespace, g.Name, said, mine)
	}
	return nil
}

// conditionOf the newest generation; unknown if there is none.
func conditionOf(all []metav1.Condition, kind string, generation int64) metav1.Condition {
	for _, c := range all {
		if c.Type == kind && c.ObservedGeneration == generation {
			return c
		}
	}
	return metav1.Condition{Status: metav1.ConditionUnknown}
}
