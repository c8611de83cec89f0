package mcpserver

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

// readiness tells, of one kind of object, what is missing until it is ready, in a
// fixed order; nothing if it is.
type readiness struct {
	gvk     schema.GroupVersionKind
	missing func(object) []string
}

const gatewayGroup = "gateway.networking.k8s.io"

// readinesses are the kinds that can be waited for, by name.
func readinesses() map[string]readiness {
	gatewayAPI := func(kind string) schema.GroupVersionKind {
		return schema.GroupVersionKind{Group: gatewayGroup, Version: "v1", Kind: kind}
	}
	return map[string]readiness{
		"Cluster":   {clusterKind(), missingOfCluster},
		"GRPCRoute": {gatewayAPI("GRPCRoute"), missingOfRoute},
		"Gateway":   {gatewayAPI("Gateway"), missingOfGateway},
		"HTTPRoute": {gatewayAPI("HTTPRoute"), missingOfRoute},
	}
}

// What a wait tells of an object is bounded: controllers write long messages.
const (
	mostMissing = 20
	mostMessage = 300
)

// of says what an object lacks; a nil object does not exist.
func (r readiness) of(obj *unstructured.Unstructured) []string {
	if obj == nil {
		return []string{"it does not exist"}
	}
	list := r.missing(object{obj.Object})
	if more := len(list) - mostMissing; more > 0 {
		list = append(list[:mostMissing:mostMissing], fmt.Sprintf("and %d more", more))
	}
	return list
}

// object reads the fields of an unstructured object.
type object struct{ composed.JSON }

func (o object) text(path ...string) string {
	s, _ := o.Field(path...).(string)
	return s
}

func (o object) generation() int64 {
	n, _ := o.Field("metadata", "generation").(int64)
	return n
}

// objectsIn are the objects of a list; what is none is passed over.
func objectsIn(list any) []object {
	items, _ := list.([]any)
	var out []object
	for _, item := range items {
		if obj, ok := item.(map[string]any); ok {
			out = append(out, object{obj})
		}
	}
	return out
}

// condition is one condition of an object.
type condition struct {
	Type    string `json:"type" jsonschema:"What the condition is about. With a prefix if it belongs to a part of the object."`
	Status  string `json:"status" jsonschema:"True, False or Unknown."`
	Reason  string `json:"reason,omitempty" jsonschema:"Why, in one word."`
	Message string `json:"message,omitempty" jsonschema:"Why, in words."`
	// stale: the controller has not looked at the object since it was changed.
	stale bool
}

// conditionsOf reads a list of conditions of an object of some generation.
func conditionsOf(list any, generation int64, prefix string) []condition {
	var out []condition
	for _, c := range objectsIn(list) {
		seen, known := c.Field("observedGeneration").(int64)
		out = append(out, condition{
			Type:    prefix + c.text("type"),
			Status:  c.text("status"),
			Reason:  c.text("reason"),
			Message: shortened(c.text("message")),
			stale:   known && seen < generation,
		})
	}
	return out
}

func shortened(s string) string {
	if r := []rune(s); len(r) > mostMessage {
		return string(r[:mostMessage]) + "…"
	}
	return s
}

// notTrue says which of the conditions are not true yet. about is put in front.
func notTrue(about string, conditions []condition, types ...string) []string {
	var out []string
	for _, name := range types {
		i := slices.IndexFunc(conditions, func(c condition) bool { return c.Type == name })
		if i < 0 {
			out = append(out, fmt.Sprintf("%s%s is not said yet", about, name))
			continue
		}
		if words := conditions[i].lack(); words != "" {
			out = append(out, about+words)
		}
	}
	return out
}

// lack says why a condition does not count as true; nothing if it does.
func (c condition) lack() string {
	switch {
	case c.stale:
		return c.Type + " is not said yet of the newest generation"
	case c.Status == "True":
		return ""
	case c.Message == "":
		return fmt.Sprintf("%s is %s (%s)", c.Type, c.Status, c.Reason)
	default:
		return fmt.Sprintf("%s is %s (%s: %s)", c.Type, c.Status, c.Reason, c.Message)
	}
}

// missingOfGateway: accepted, and programmed with every listener.
// https://gateway-api.sigs.k8s.io/reference/spec/#gatewayconditiontype
func missingOfGateway(o object) []string {
	conditions := conditionsOf(o.Field("status", "conditions"), o.generation(), "")
	out := notTrue("", conditions, "Accepted", "Programmed")
	said := map[string]object{}
	for _, l := range objectsIn(o.Field("status", "listeners")) {
		said[l.text("name")] = l
	}
	for _, l := range objectsIn(o.Field("spec", "listeners")) {
		name := l.text("name")
		status := conditionsOf(said[name].Field("conditions"), o.generation(), "")
		about := fmt.Sprintf("listener %s: ", name)
		lacks := notTrue(about, status, "Programmed")
		for _, c := range status {
			if c.Type != "Programmed" && c.Type != "Conflicted" && c.Status == "False" {
				lacks = append(lacks, about+c.lack())
			}
		}
		out = append(out, lacks...)
	}
	return out
}

// missingOfRoute: every parent has accepted it, and its references resolve.
func missingOfRoute(o object) []string {
	parents := objectsIn(o.Field("spec", "parentRefs"))
	if len(parents) == 0 {
		return []string{"it names no Gateway in spec.parentRefs"}
	}
	namespace := o.text("metadata", "namespace")
	var out []string
	for _, parent := range parents {
		ref := parentName(parent, namespace)
		out = append(out, missingOfParent(o, ref, namespace)...)
	}
	return out
}

// missingOfParent is what is missing at one parent. Several controllers may speak
// about the same one; one that has taken the route is enough.
func missingOfParent(o object, ref, namespace string) []string {
	about := ref + ": "
	var least []string
	found := false
	for _, status := range objectsIn(o.Field("status", "parents")) {
		named, _ := status.Field("parentRef").(map[string]any)
		if parentName(object{named}, namespace) != ref {
			continue
		}
		conditions := conditionsOf(status.Field("conditions"), o.generation(), "")
		lacks := notTrue(about, conditions, "Accepted", "ResolvedRefs")
		if !found || len(lacks) < len(least) {
			least, found = lacks, true
		}
	}
	if !found {
		return []string{about + "no controller has answered"}
	}
	return least
}

// parentName names a parentRef with its defaults filled in.
func parentName(ref object, namespace string) string {
	out := fmt.Sprintf("%s %s/%s", cmp.Or(ref.text("kind"), "Gateway"), cmp.Or(ref.text("namespace"), namespace), ref.text("name"))
	if section := ref.text("sectionName"); section != "" {
		out += " listener " + section
	}
	if port := ref.Field("port"); port != nil {
		out += fmt.Sprintf(" port %v", port)
	}
	return out
}

// missingOfCluster: composed, ready, and nothing held back. While resources are held
// back, Ready may be true of those that exist already; AppsReady knows.
func missingOfCluster(o object) []string {
	conditions := conditionsOf(o.Field("status", "conditions"), o.generation(), "")
	out := notTrue("", conditions, "Synced", "Ready")
	for _, c := range conditions {
		if (c.Type == "ParametersAccepted" || c.Type == "AppsReady") && c.lack() != "" {
			out = append(out, c.lack())
		}
	}
	apps, _ := o.Field("status", "apps").(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(apps)) {
		if state, ok := apps[name].(map[string]any); ok && state["ready"] == false {
			out = append(out, strings.TrimSpace(fmt.Sprintf("app %s is not ready %s", name, inBrackets(state["reason"]))))
		}
	}
	return out
}

func inBrackets(reason any) string {
	if s, ok := reason.(string); ok && s != "" {
		return "(" + s + ")"
	}
	return ""
}

// conditionsIn lists all conditions of an object, those of its parts too.
func conditionsIn(obj *unstructured.Unstructured) []condition {
	if obj == nil {
		return nil
	}
	o := object{obj.Object}
	out := conditionsOf(o.Field("status", "conditions"), o.generation(), "")
	for _, l := range objectsIn(o.Field("status", "listeners")) {
		out = append(out, conditionsOf(l.Field("conditions"), o.generation(), fmt.Sprintf("listener %s: ", l.text("name")))...)
	}
	for _, p := range objectsIn(o.Field("status", "parents")) {
		ref, _ := p.Field("parentRef").(map[string]any)
		about := parentName(object{ref}, o.text("metadata", "namespace")) + ": "
		out = append(out, conditionsOf(p.Field("conditions"), o.generation(), about)...)
	}
	return out
}
