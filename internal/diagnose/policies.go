package diagnose

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// policyAt is a policy at one of its targets.
type policyAt struct {
	topology.PolicyTarget

	// alone says that it has no other target.
	alone bool
	// accepted says that a controller has taken it for one of its targets; else refusal is
	// what the first one that does not says.
	accepted bool
	refusal  topology.Condition
}

func (x *scene) findPolicies() []policyAt {
	all := x.PolicyTargets()
	targets := map[*unstructured.Unstructured]int{}
	for _, p := range all {
		targets[p.Policy]++
	}
	out := make([]policyAt, 0, len(all))
	for _, p := range all {
		accepted, refusal := topology.PolicyAccepted(p.Policy)
		out = append(out, policyAt{p, targets[p.Policy] == 1 && !p.Selected, accepted, refusal})
	}
	return out
}

func (p policyAt) object() Object { return objectOfU(p.Policy) }

// pointer is the JSON pointer of a field of the reference.
func (p policyAt) pointer(name string) string {
	return "/" + strings.NewReplacer(".", "/", "[", "/", "]", "").Replace(p.Field) + name
}

// change patches the reference, as long as it still names the same target.
func (p policyAt) change(operations ...Operation) Action {
	return change(p.object(), append([]Operation{still(p.pointer("/name"), p.Target.Name)}, operations...)...)
}

// key of the target.
func (p policyAt) key() topology.Key {
	return topology.Key{Namespace: p.Target.Namespace, Name: p.Target.Name}
}

// target in words, as listener "https" of Gateway "infra/eg".
func (p policyAt) target() string {
	whole := p.Target.Kind + " " + quote(p.key())
	if p.Section == "" {
		return whole
	}
	return fmt.Sprintf("%s %q of %s", sectionKind[p.Target.Kind], p.Section, whole)
}

// sectionKind is what a section of a target is.
var sectionKind = map[string]string{"Gateway": "listener", "ListenerSet": "listener", "HTTPRoute": "rule", "GRPCRoute": "rule", "Service": "port"}

// compareAge puts the policy first that wins where only one counts: the older one, then the
// one whose name comes first.
// https://gateway-api.sigs.k8s.io/guides/api-design/#conflicts
func compareAge(a, b policyAt) int {
	return cmp.Or(
		a.Policy.GetCreationTimestamp().Compare(b.Policy.GetCreationTimestamp().Time),
		cmp.Compare(a.Policy.GetNamespace(), b.Policy.GetNamespace()), cmp.Compare(a.Policy.GetName(), b.Policy.GetName()),
	)
}

// settings are what a policy says, without what it is for.
func (p policyAt) settings() map[string]any {
	spec, _ := dig(p.Policy, "spec").(map[string]any)
	out := maps.Clone(spec)
	for _, key := range []string{"targetRef", "targetRefs", "targetSelectors", "mergeType"} {
		delete(out, key)
	}
	return out
}

// lacking is what one policy says and another one does not.
func lacking(from, in map[string]any) map[string]any {
	out := map[string]any{}
	for key, value := range from {
		there, has := in[key]
		inner, isMap := value.(map[string]any)
		other, both := there.(map[string]any)
		switch {
		case !has:
			out[key] = value
		case isMap && both:
			if more := lacking(inner, other); len(more) > 0 {
				out[key] = more
			}
		}
	}
	return out
}

// targets are the objects of a kind that policies are for; known is false for other kinds.
func (x *scene) targets(kind string) (all []topology.Key, known bool) {
	switch kind {
	case "Gateway":
		return keysOf(x.Objects.Gateways.All()), true
	case "ListenerSet":
		return keysOf(x.Objects.ListenerSets.All()), true
	case "HTTPRoute":
		return keysOf(x.Objects.HTTPRoutes.All()), true
	case "GRPCRoute":
		return keysOf(x.Objects.GRPCRoutes.All()), true
	case "Service":
		return keysOf(x.Objects.Services.All()), true
	}
	return nil, false
}

func keysOf[T any, P interface {
	*T
	metav1.Object
}](all []*T) []topology.Key {
	out := make([]topology.Key, 0, len(all))
	for _, obj := range all {
		out = append(out, topology.Key{Namespace: P(obj).GetNamespace(), Name: P(obj).GetName()})
	}
	return out
}

// sections are the parts of a target that a policy can be for, those with a name.
func (x *scene) sections(t topology.Ref) []string {
	var out []string
	switch t.Kind {
	case "Gateway", "ListenerSet":
		for _, l := range x.owned[Object{gatewayAPI, t.Kind, t.Namespace, t.Name}] {
			out = append(out, string(l.Name))
		}
	case "HTTPRoute":
		for _, rule := range x.Objects.HTTPRoutes.Get(t.Namespace, t.Name).Spec.Rules {
			out = append(out, deref(rule.Name))
		}
	case "GRPCRoute":
		for _, rule := range x.Objects.GRPCRoutes.Get(t.Namespace, t.Name).Spec.Rules {
			out = append(out, deref(rule.Name))
		}
	case "Service":
		for _, port := range x.service(topology.Key{Namespace: t.Namespace, Name: t.Name}).Spec.Ports {
			out = append(out, port.Name)
		}
	}
	return slices.DeleteFunc(out, func(name string) bool { return name == "" })
}
