package topology

import (
	"cmp"
	"encoding/json"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-platform/gatehouse/internal/streaming"
)

// target is what a policy is attached to.
type target struct {
	kind string
	key  Key
}

// attached is a policy at one of its targets.
type attached struct {
	kind, section string
	object        *unstructured.Unstructured
}

// targetRef is a reference of a policy, or a selector of several.
type targetRef struct {
	Kind        string            `json:"kind"`
	Name        string            `json:"name"`
	Namespace   string            `json:"namespace"`
	SectionName string            `json:"sectionName"`
	MatchLabels map[string]string `json:"matchLabels"`

	MatchExpressions []metav1.LabelSelectorRequirement `json:"matchExpressions"`
}

// policySpec is what all policies have in common.
// https://gateway-api.sigs.k8s.io/reference/policy-attachment/
type policySpec struct {
	TargetRef       *targetRef  `json:"targetRef"`
	TargetRefs      []targetRef `json:"targetRefs"`
	TargetSelectors []targetRef `json:"targetSelectors"`
}

func (s *Snapshot) indexPolicies() {
	s.policies = map[target][]*attached{}
	for _, k := range kinds() {
		if k.streams == "" {
			continue
		}
		for _, obj := range s.Objects.Other(k.name) {
			if !refused(obj) {
				s.indexPolicy(k.name, obj)
			}
		}
	}
}

func (s *Snapshot) indexPolicy(kind string, obj *unstructured.Unstructured) {
	for _, t := range s.targetsOf(obj) {
		at := target{t.Target.Kind, Key{t.Target.Namespace, t.Target.Name}}
		s.policies[at] = append(s.policies[at], &attached{kind, t.Section, obj})
	}
}

// selected are the objects of a namespace that a selector of a policy selects.
func (s *Snapshot) selected(ref targetRef, namespace string) []Key {
	selector, err := metav1.LabelSelectorAsSelector(&metav1.LabelSelector{MatchLabels: ref.MatchLabels, MatchExpressions: ref.MatchExpressions})
	if err != nil {
		return nil
	}
	var out []Key
	if ref.Kind == "Gateway" {
		for _, g := range s.Objects.Gateways.All() {
			if g.Namespace == namespace && selector.Matches(labels.Set(g.Labels)) {
				out = append(out, Key{g.Namespace, g.Name})
			}
		}
		return out
	}
	for _, r := range s.routes {
		if r.ref.Kind == ref.Kind && r.ref.Namespace == namespace && selector.Matches(labels.Set(r.labels)) {
			out = append(out, Key{r.ref.Namespace, r.ref.Name})
		}
	}
	return out
}

// refused says that a controller has told that the policy does not count: no target
// takes it.
func refused(obj *unstructured.Unstructured) bool {
	_, refusal := PolicyAccepted(obj)
	return refusal.State == False
}

// policiesOf are the policies that apply to a rule behind a listener, the most
// specific first, at the same object the oldest first.
func (s *Snapshot) policiesOf(u use, g *gatewayv1.Gateway, l *gatewayv1.Listener) []streaming.Policy {
	route := target{u.route.ref.Kind, Key{u.route.ref.Namespace, u.route.ref.Name}}
	gateway := target{"Gateway", Key{g.Namespace, g.Name}}
	var out []streaming.Policy
	if u.rule.name != "" {
		out = append(out, s.at(route, u.rule.name, streaming.LevelRule)...)
	}
	out = append(out, s.at(route, "", streaming.LevelRoute)...)
	out = append(out, s.at(gateway, string(l.Name), streaming.LevelListener)...)
	out = append(out, s.at(gateway, "", streaming.LevelGateway)...)
	out = append(out, s.at(target{"Service", u.backend.key}, "", streaming.LevelService)...)
	return append(out, s.parameters(g)...)
}

func (s *Snapshot) at(t target, section string, level streaming.Level) []streaming.Policy {
	found := slices.DeleteFunc(slices.Clone(s.policies[t]), func(a *attached) bool { return a.section != section })
	slices.SortFunc(found, func(a, b *attached) int {
		return cmp.Or(a.object.GetCreationTimestamp().Compare(b.object.GetCreationTimestamp().Time), compareKeys(metaKey(a.object), metaKey(b.object)))
	})
	out := make([]streaming.Policy, 0, len(found))
	for _, a := range found {
		out = append(out, policyOf(a.kind, level, a.object))
	}
	return out
}

func policyOf(kind string, level streaming.Level, obj *unstructured.Unstructured) streaming.Policy {
	spec, _, _ := unstructured.NestedMap(obj.Object, "spec")
	return streaming.Policy{Kind: kind, Namespace: obj.GetNamespace(), Name: obj.GetName(), Level: level, Spec: spec}
}

const awsConfiguration = "LoadBalancerConfiguration"

// parameters are the policies that a Gateway and its class refer to.
func (s *Snapshot) parameters(g *gatewayv1.Gateway) []streaming.Policy {
	var out []streaming.Policy
	add := func(kind string, key Key, level streaming.Level) {
		if n := s.Objects.others[awsConfiguration]; kind == awsConfiguration && n != nil {
			if obj := n.Get(key.Namespace, key.Name); obj != nil {
				out = append(out, policyOf(kind, level, obj))
			}
		}
	}
	if i := g.Spec.Infrastructure; i != nil && i.ParametersRef != nil {
		add(string(i.ParametersRef.Kind), Key{g.Namespace, i.ParametersRef.Name}, streaming.LevelGateway)
	}
	if c := s.Objects.GatewayClasses.Get("", string(g.Spec.GatewayClassName)); c != nil && c.Spec.ParametersRef != nil {
		add(string(c.Spec.ParametersRef.Kind), Key{text(c.Spec.ParametersRef.Namespace), c.Spec.ParametersRef.Name}, streaming.LevelGatewayClass)
	}
	return out
}

// backendConfigs are those that a Service names for one of its ports.
// https://cloud.google.com/kubernetes-engine/docs/how-to/ingress-configuration#associating_backendconfig_with_your_ingress
func (s *Snapshot) backendConfigs(service Key, annotations map[string]string, port string) []streaming.Policy {
	named := struct {
		Default string            `json:"default"`
		Ports   map[string]string `json:"ports"`
	}{}
	n := s.Objects.others["BackendConfig"]
	if err := json.Unmarshal([]byte(annotations["cloud.google.com/backend-config"]), &named); err != nil || n == nil {
		return nil
	}
	if obj := n.Get(service.Namespace, cmp.Or(named.Ports[port], named.Default)); obj != nil {
		return []streaming.Policy{policyOf("BackendConfig", streaming.LevelService, obj)}
	}
	return nil
}

// unreadPolicies says why the clocks behind a controller are not known: it has policies
// that we are not allowed to read. Empty if there are none.
func (s *Snapshot) unreadPolicies(controller string) string { return s.unreadBy[controller] }

func (s *Snapshot) indexUnread() {
	s.unreadBy = map[string]string{}
	for _, k := range kinds() {
		if k.streams != "" && s.unreadBy[k.streams] == "" && s.unread(k.name) {
			s.unreadBy[k.streams] = k.name + " may set it, and could not be read"
		}
	}
}
