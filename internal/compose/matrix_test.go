package compose_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/gatehouse-platform/gatehouse/internal/compose"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
	"github.com/gatehouse-platform/gatehouse/internal/matrix"
)

// TestMatrix holds, over every rendering, what may never be wrong in one.
func TestMatrix(t *testing.T) {
	planner := newPlanner(t)
	count := 0
	matrix.Each(func(name string, xr map[string]any) {
		count++
		plan, err := planner.Plan(xr, composed.Observed{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		checkRendering(t, name+" first", plan.Resources)
		checkRendering(t, name+" settled", plan.All)
		settle(t, planner, name, xr, plan)
	})
	t.Logf("%d Clusters", count)
}

// checkRendering holds that keys and names are unique, and that everything that
// names another resource names one of the same rendering.
func checkRendering(t *testing.T, name string, resources []composed.Resource) {
	t.Helper()
	keys := map[string]bool{}
	names := map[string]bool{}
	for _, r := range resources {
		if keys[r.Key] {
			t.Errorf("%s: key %q stands twice", name, r.Key)
		}
		keys[r.Key] = true
		id := identity(r.Object)
		if names[id] {
			t.Errorf("%s: %q stands twice", name, id)
		}
		names[id] = true
	}
	for _, r := range resources {
		for _, ref := range references(r.Object) {
			if !names[ref] {
				t.Errorf("%s: %s names %q, which is not there", name, r.Key, ref)
			}
		}
		for path, labels := range selectors(r.Object) {
			if !selects(resources, labels) {
				t.Errorf("%s: %s selects nothing with %s %v", name, r.Key, path, labels)
			}
		}
		raw, err := json.Marshal(r.Object)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(strings.ToLower(string(raw)), "inference") || strings.Contains(string(raw), "ai-gateway") {
			t.Errorf("%s: %s has something of an inference extension or AI gateway", name, r.Key)
		}
	}
}

func identity(obj map[string]any) string {
	o := composed.JSON(obj)
	return fmt.Sprintf("%v %v %v", o["apiVersion"], o["kind"], o.Field("metadata", "name"))
}

// references are the resources that one names: of and by of Usages, and
// ProviderConfigs.
func references(obj map[string]any) []string {
	o := composed.JSON(obj)
	var out []string
	for _, end := range []string{"of", "by"} {
		if ref, ok := o.Field("spec", end).(map[string]any); ok && obj["kind"] == "Usage" {
			out = append(out, fmt.Sprintf("%v %v %v", ref["apiVersion"], ref["kind"], composed.JSON(ref).Field("resourceRef", "name")))
		}
	}
	if name, ok := o.Field("spec", "providerConfigRef", "name").(string); ok {
		out = append(out, fmt.Sprintf("%v ProviderConfig %s", obj["apiVersion"], name))
	}
	return out
}

// selectors are the label selectors anywhere in a managed resource.
func selectors(obj map[string]any) map[string]map[string]any {
	out := map[string]map[string]any{}
	forProvider, _ := composed.JSON(obj).Field("spec", "forProvider").(map[string]any)
	var walk func(path string, v any)
	walk = func(path string, v any) {
		o, ok := v.(map[string]any)
		if !ok || path == ".manifest" || path == ".values" {
			return
		}
		if labels, ok := o["matchLabels"].(map[string]any); ok {
			out[path] = labels
		}
		for name, value := range o {
			walk(path+"."+name, value)
		}
	}
	walk("", forProvider)
	return out
}

func selects(resources []composed.Resource, labels map[string]any) bool {
	for _, r := range resources {
		have, _ := composed.JSON(r.Object).Field("metadata", "labels").(map[string]any)
		all := len(have) > 0
		for key, value := range labels {
			all = all && have[key] == value
		}
		if all {
			return true
		}
	}
	return false
}

// settle plays a cluster coming up: in every round all that is desired comes to
// be ready. Nothing that was desired may change its name or go, and everything is
// there in the end.
func settle(t *testing.T, planner *compose.Planner, name string, xr map[string]any, first *compose.Plan) {
	t.Helper()
	plan := first
	observed := composed.Observed{Resources: map[string]composed.Fields{}}
	for range 8 {
		before := plan.Resources
		for _, r := range before {
			observed.Resources[r.Key] = readyNow(r.Object)
		}
		next, err := planner.Plan(xr, observed)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		now := map[string]string{}
		for _, r := range next.Resources {
			now[r.Key] = identity(r.Object)
		}
		for _, r := range before {
			if now[r.Key] != identity(r.Object) {
				t.Errorf("%s: %s was %q and became %q", name, r.Key, identity(r.Object), now[r.Key])
			}
		}
		plan = next
		if len(plan.Held) == 0 {
			break
		}
	}
	if len(plan.Held) > 0 {
		t.Errorf("%s: %d resources wait for ever, first %s for %v", name, len(plan.Held), plan.Held[0].Resource.Key, plan.Held[0].For)
	}
	if len(plan.Resources) != len(first.All) {
		t.Errorf("%s: %d resources in the end, want %d", name, len(plan.Resources), len(first.All))
	}
}

// readyNow is an object as it is observed once it is ready.
func readyNow(obj map[string]any) composed.Fields { return withCondition(obj, "True", "Available") }

func withCondition(obj map[string]any, status, reason string) composed.Fields {
	out := map[string]any{"status": map[string]any{"conditions": []any{
		map[string]any{"type": "Ready", "status": status, "reason": reason},
	}}}
	maps.Copy(out, obj)
	return composed.JSON(out)
}
