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
)

// contradicted compares a report with the conditions that the controller has written in the
// namespaces of a scenario: it says of nothing that is fine that it is broken, and of
// everything that is broken that it is.
func (l *live) contradicted(ctx context.Context, s *settled, found outcome) error {
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
			said := statusOf(parent.Conditions, string(kind), r.Generation)
			finds := slices.ContainsFunc(mine, func(f diagnose.Finding) bool { return slices.Contains(checks, f.Check) })
			// A route of which no listener is served is not the route's fault.
			blamed := finds || kind == gatewayv1.RouteConditionAccepted && slices.ContainsFunc(findings, func(f diagnose.Finding) bool {
				return f.Object.Kind == "Gateway" && f.Object.Name == string(parent.ParentRef.Name)
			})
			if said == metav1.ConditionTrue && finds || said == metav1.ConditionFalse && !blamed {
				return fmt.Errorf("route %s/%s has %s %s, and the report says of it: %v", r.Namespace, r.Name, kind, said, mine)
			}
		}
	}
	return nil
}

func gatewayContradicted(g *gatewayv1.Gateway, findings []diagnose.Finding) error {
	for _, st := range g.Status.Listeners {
		at := slices.IndexFunc(g.Spec.Listeners, func(l gatewayv1.Listener) bool { return l.Name == st.Name })
		mine := slices.DeleteFunc(slices.Clone(findings), func(f diagnose.Finding) bool {
			return f.Object.Kind != "Gateway" || f.Object.Namespace != g.Namespace || f.Object.Name != g.Name ||
				!strings.HasPrefix(f.Field, fmt.Sprintf("spec.listeners[%d]", at)) || !slices.Contains(ofListeners, f.Check)
		})
		var said []metav1.ConditionStatus
		for _, kind := range []gatewayv1.ListenerConditionType{gatewayv1.ListenerConditionAccepted, gatewayv1.ListenerConditionResolvedRefs, gatewayv1.ListenerConditionProgrammed} {
			said = append(said, statusOf(st.Conditions, string(kind), g.Generation))
		}
		bad := slices.Contains(said, metav1.ConditionFalse) || statusOf(st.Conditions, string(gatewayv1.ListenerConditionConflicted), g.Generation) == metav1.ConditionTrue
		fine := !bad && !slices.Contains(said, metav1.ConditionUnknown)
		if fine && len(mine) > 0 || bad && len(mine) == 0 {
			return fmt.Errorf("the controller says of listener %q of %s/%s: %v, and the report: %v", st.Name, g.Namespace, g.Name, st.Conditions, mine)
		}
	}
	return nil
}

// statusOf a condition of the newest generation; unknown if there is none.
func statusOf(all []metav1.Condition, kind string, generation int64) metav1.ConditionStatus {
	for _, c := range all {
		if c.Type == kind && c.ObservedGeneration == generation {
			return c.Status
		}
	}
	return metav1.ConditionUnknown
}
