package diagnose

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// API versions of the objects of findings and fixes.
const (
	gatewayAPI   = "gateway.networking.k8s.io/v1"
	grantAPI     = "gateway.networking.k8s.io/v1beta1" // served by every release; v1 only since 1.5
	ingressAPI   = "networking.k8s.io/v1"
	certAPI      = "cert-manager.io/v1"
	kedaAPI      = "keda.sh/v1alpha1"
	appsAPI      = "apps/v1"
	monitorAPI   = "monitoring.coreos.com/v1"
	apiServices  = "apiregistration.k8s.io/v1"
	externalAPIs = "v1beta1.external.metrics.k8s.io"
)

// scene is what checks look at: a snapshot, and what several of them need computed once.
type scene struct {
	*topology.Snapshot

	options Options
	compat  *catalog.Compatibility
	// controllerNames are those of the table: values of GatewayClass.spec.controllerName.
	controllerNames []string
	routes          []topology.Facts
	listeners       []listener
	// owned are the listeners by their owner, in its order.
	owned      map[Object][]listener
	secretRefs []secretRef
	unattached []unattached
	backends   []backendUse
	scalers    []topology.Scaler
	policies   []policyAt
	// services and workloads by namespace.
	services  map[string][]string
	workloads map[string][]workload
}

// listener of a Gateway or of a ListenerSet.
type listener struct {
	*gatewayv1.Listener

	// owner holds it in spec.listeners[index].
	owner Object
	index int
	// gateway that it belongs to; nil if that was not seen.
	gateway *gatewayv1.Gateway
	// conditions of it, and the generation of the owner.
	conditions []metav1.Condition
	generation int64
}

func newScene(s *topology.Snapshot, o Options, t tables) *scene {
	x := &scene{
		Snapshot: s, options: o, compat: t.compatibility, routes: s.Facts(), scalers: s.Scalers(),
		services: map[string][]string{}, workloads: map[string][]workload{},
	}
	for _, row := range t.controllers.Gateway {
		x.controllerNames = append(x.controllerNames, row.GatewayClassControllers...)
	}
	for _, service := range s.Objects.Services.All() {
		x.services[service.Namespace] = append(x.services[service.Namespace], service.Name)
	}
	for _, w := range s.Objects.Deployments.All() {
		x.workloads[w.Namespace] = append(x.workloads[w.Namespace], workload{w, "Deployment"})
	}
	for _, w := range s.Objects.DaemonSets.All() {
		x.workloads[w.Namespace] = append(x.workloads[w.Namespace], workload{w, "DaemonSet"})
	}
	for _, w := range s.Objects.StatefulSets.All() {
		x.workloads[w.Namespace] = append(x.workloads[w.Namespace], workload{w, "StatefulSet"})
	}
	x.findListeners()
	x.owned = map[Object][]listener{}
	for _, l := range x.listeners {
		x.owned[l.owner] = append(x.owned[l.owner], l)
	}
	x.secretRefs = x.findSecretRefs()
	x.unattached = x.findUnattached()
	x.backends = x.findBackends()
	x.policies = x.findPolicies()
	return x
}

func (x *scene) findListeners() {
	for _, l := range x.Listeners() {
		x.listeners = append(x.listeners, listener{
			Listener: l.Listener, owner: Object{gatewayAPI, l.Owner.Kind, l.Owner.Namespace, l.Owner.Name}, index: l.Index,
			gateway: l.Gateway, conditions: l.Conditions, generation: l.Generation,
		})
	}
}

// listenerAt is the listener that the owner has in spec.listeners[index].
func (x *scene) listenerAt(owner Object, index int) listener { return x.owned[owner][index] }

func gatewayObject(g *gatewayv1.Gateway) Object {
	return Object{gatewayAPI, "Gateway", g.Namespace, g.Name}
}

func ingressObject(in *networkingv1.Ingress) Object {
	return Object{ingressAPI, "Ingress", in.Namespace, in.Name}
}

func routeObject(f *topology.Facts) Object {
	return Object{gatewayAPI, f.Ref.Kind, f.Ref.Namespace, f.Ref.Name}
}

func serviceObject(key topology.Key) Object {
	return Object{"v1", "Service", key.Namespace, key.Name}
}

func objectOfU(u *unstructured.Unstructured) Object {
	return Object{u.GetAPIVersion(), u.GetKind(), u.GetNamespace(), u.GetName()}
}

// settled says that the controller has looked at the newest generation of a Gateway. What
// it says of routes and ListenerSets is about an older one otherwise.
func settled(g *gatewayv1.Gateway) bool {
	for _, kind := range []gatewayv1.GatewayConditionType{gatewayv1.GatewayConditionAccepted, gatewayv1.GatewayConditionProgrammed} {
		if topology.ConditionOf(g.Status.Conditions, string(kind), g.Generation).Reason == stale {
			return false
		}
	}
	return true
}

// stale is the reason of a condition about an older generation.
const stale = "Stale"

// field of the listener in its owner.
func (l listener) field(path string) string {
	return strings.TrimSuffix(fmt.Sprintf("spec.listeners[%d].%s", l.index, path), ".")
}

// pointer is the JSON pointer of a field of the listener.
func (l listener) pointer(path string) string {
	return fmt.Sprintf("/spec/listeners/%d%s", l.index, path)
}

// change patches the listener, as long as it is still the same one.
func (l listener) change(operations ...Operation) Action {
	return change(l.owner, append([]Operation{still(l.pointer("/name"), string(l.Name))}, operations...)...)
}

// told is what the controller says about the listener.
func (l listener) told(kind gatewayv1.ListenerConditionType) topology.Condition {
	return topology.ConditionOf(l.conditions, string(kind), l.generation)
}

// saying adds what a controller says to a sentence.
func saying(sentence string, c topology.Condition) string {
	switch {
	case c.Reason == "" && c.Message == "" || c.Reason == stale:
		return sentence
	case c.Message == "":
		return fmt.Sprintf("%s (%s)", sentence, c.Reason)
	}
	return fmt.Sprintf("%s (%s: %s)", sentence, c.Reason, c.Message)
}

func quote(k topology.Key) string { return strconv.Quote(k.String()) }

func deref[T ~string](p *T) string {
	if p == nil {
		return ""
	}
	return string(*p)
}

// nearest is the name that differs least from another one; empty if none is near.
func nearest(name string, names []string) string {
	best, least := "", 1+len(name)/4
	for _, candidate := range names {
		if d := distance(name, candidate); d <= least && (best == "" || d < least) {
			best, least = candidate, d
		}
	}
	return best
}

// distance is how many letters have to change: that of Levenshtein.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			diagonal, row[j] = row[j], min(row[j]+1, row[j-1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}

// whatDoes is the end of a sentence about what does not exist: what does.
func whatDoes(name string, names []string) string {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	near := nearest(name, names)
	switch {
	case near != "":
		return fmt.Sprintf("; %q does", near)
	case len(names) == 0:
		return ""
	case len(names) > 5:
		return fmt.Sprintf("; %d others do", len(names))
	}
	return fmt.Sprintf("; %s %s", list(names), plural(len(names), "does", "do"))
}

// list names several things.
func list(names []string) string {
	quotes := make([]string, len(names))
	for i, name := range names {
		quotes[i] = strconv.Quote(name)
	}
	if len(quotes) < 2 {
		return strings.Join(quotes, "")
	}
	return strings.Join(quotes[:len(quotes)-1], ", ") + " and " + quotes[len(quotes)-1]
}

// dig reads a field of an untyped object; nil if it is not there.
func dig(u *unstructured.Unstructured, path ...string) any {
	v, _, err := unstructured.NestedFieldNoCopy(u.Object, path...)
	if err != nil {
		return nil
	}
	return v
}

func digText(u *unstructured.Unstructured, path ...string) string { return text(dig(u, path...)) }

// conditionsOf are those of the status of an untyped object.
func conditionsOf(u *unstructured.Unstructured) []metav1.Condition {
	items, _ := dig(u, "status", "conditions").([]any)
	out := make([]metav1.Condition, 0, len(items))
	for _, item := range items {
		c, _ := item.(map[string]any)
		generation, _ := c["observedGeneration"].(int64)
		out = append(out, metav1.Condition{
			Type: text(c["type"]), Status: metav1.ConditionStatus(text(c["status"])),
			Reason: text(c["reason"]), Message: text(c["message"]), ObservedGeneration: generation,
		})
	}
	return out
}
