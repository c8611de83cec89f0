package topology

import (
	"cmp"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// PolicyTarget is a policy and one of the objects that it is for.
type PolicyTarget struct {
	Policy *unstructured.Unstructured
	// Target as the policy names it; it need not exist.
	Target Ref
	// Section of the target: a listener, a rule of a route, or a port of a Service; empty
	// for all of it.
	Section string
	// Field of the policy that names it, such as spec.targetRefs[0].
	Field string
	// Selected says that the field is a selector, which chose the target.
	Selected bool
}

// PolicyTargets are those of all policies that were read, whatever controllers say.
func (s *Snapshot) PolicyTargets() []PolicyTarget {
	var out []PolicyTarget
	for _, k := range kinds() {
		if !strings.HasSuffix(k.name, "Policy") {
			continue
		}
		for _, obj := range s.Objects.Other(k.name) {
			out = append(out, s.targetsOf(obj)...)
		}
	}
	return out
}

func (s *Snapshot) targetsOf(obj *unstructured.Unstructured) []PolicyTarget {
	raw, _, _ := unstructured.NestedMap(obj.Object, "spec")
	spec := policySpec{}
	// A policy of another shape has no targets: those that others refer to have none.
	_ = runtime.DefaultUnstructuredConverter.FromUnstructured(raw, &spec)
	var out []PolicyTarget
	add := func(ref targetRef, field string) {
		target := Ref{ref.Kind, cmp.Or(ref.Namespace, obj.GetNamespace()), ref.Name}
		out = append(out, PolicyTarget{Policy: obj, Target: target, Section: ref.SectionName, Field: field})
	}
	for i, ref := range spec.TargetRefs {
		add(ref, fmt.Sprintf("spec.targetRefs[%d]", i))
	}
	if spec.TargetRef != nil {
		add(*spec.TargetRef, "spec.targetRef")
	}
	for i, ref := range spec.TargetSelectors {
		for _, key := range s.selected(ref, obj.GetNamespace()) {
			target := Ref{ref.Kind, key.Namespace, key.Name}
			out = append(out, PolicyTarget{obj, target, ref.SectionName, fmt.Sprintf("spec.targetSelectors[%d]", i), true})
		}
	}
	return out
}

// PolicyAccepted says what controllers tell of a policy: whether one has accepted it, for
// any of its targets, and else the first refusal.
// https://gateway-api.sigs.k8s.io/reference/spec/#policystatus
func PolicyAccepted(obj *unstructured.Unstructured) (accepted bool, refusal Condition) {
	raw, _, _ := unstructured.NestedMap(obj.Object, "status")
	status := gatewayv1.PolicyStatus{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(raw, &status); err != nil {
		return false, Condition{State: StateUnknown}
	}
	refusal.State = StateUnknown
	for _, a := range status.Ancestors {
		switch told := ConditionOf(a.Conditions, string(gatewayv1.PolicyConditionAccepted), obj.GetGeneration()); {
		case told.State == True:
			return true, Condition{State: StateUnknown}
		case told.State == False && refusal.State != False:
			refusal = told
		}
	}
	return false, refusal
}
