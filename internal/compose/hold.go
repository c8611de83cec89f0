package compose

import (
	"slices"

	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
	"github.com/gatehouse-platform/gatehouse/internal/wiring"
)

// meet applies the meetings to the scope: values that are laid over charts, and
// what charts wait for.
func (plan *Plan) meet(s *composed.Scope, meetings []wiring.Meeting, observed composed.Observed) {
	s.Overlays = map[string][]map[string]any{}
	s.Waits = map[string][]string{}
	for _, m := range meetings {
		if !m.When(s.Apps()) {
			continue
		}
		plan.Meetings = append(plan.Meetings, m.Name)
		needs := neededKeys(s, m, s.Apps())
		for _, chart := range m.Waits {
			s.Waits[chart] = append(s.Waits[chart], needs...)
		}
		if m.Overlays == nil {
			continue
		}
		for chart, values := range m.Overlays(s) {
			s.Waits[chart] = append(s.Waits[chart], without(needs, s.ReleaseKey(chart))...)
			if mayOverlay(s.ReleaseKey(chart), values, needs, observed) {
				s.Overlays[chart] = append(s.Overlays[chart], values)
			}
		}
	}
}

func neededKeys(s *composed.Scope, m wiring.Meeting, a *v2.Apps) []string {
	if m.Needs == nil {
		return nil
	}
	charts := m.Needs(a)
	keys := make([]string, len(charts))
	for i, chart := range charts {
		keys[i] = s.ReleaseKey(chart)
	}
	return keys
}

func without(keys []string, key string) []string {
	var out []string
	for _, k := range keys {
		if k != key {
			out = append(out, k)
		}
	}
	return out
}

// mayOverlay says whether values may be laid over a chart now. A chart that is
// not installed yet waits for what is needed, so it starts with them. One that
// runs gets them once that is ready, and keeps them when it is not ready for a
// while: taking them away and giving them back would upgrade the chart each time.
func mayOverlay(key string, values map[string]any, needs []string, observed composed.Observed) bool {
	if !observed.Has(key) || allReady(needs, observed) {
		return true
	}
	have, _ := observed.Field(key, "spec", "forProvider", "values").(map[string]any)
	return overlaps(have, values)
}

// overlaps says whether an object has any of the leaves of another one.
func overlaps(have, leaves map[string]any) bool {
	for key, value := range leaves {
		there, ok := have[key]
		if !ok {
			continue
		}
		deeper, isObject := value.(map[string]any)
		below, both := there.(map[string]any)
		if !isObject || (both && overlaps(below, deeper)) {
			return true
		}
	}
	return false
}

func allReady(keys []string, observed composed.Observed) bool {
	for _, key := range keys {
		if !observed.Ready(key) {
			return false
		}
	}
	return true
}

// hold keeps back what would fail until something else is ready: resources whose
// kind, webhook or namespace another one brings. What exists already is never
// held back, nor is what accompanies it; and only resources of this plan are
// waited for.
func (plan *Plan) hold(all []composed.Resource, observed composed.Observed) {
	planned := make(map[string]bool, len(all))
	exists := make(map[string]bool, len(observed.Resources))
	for _, r := range all {
		planned[r.Key] = true
		if observed.Has(r.Key) {
			exists[r.Key] = true
			exists[companion(r)] = true
		}
	}
	plan.Resources = make([]composed.Resource, 0, len(all))
	for _, r := range all {
		waits := unready(r, planned, observed)
		if len(waits) == 0 || exists[r.Key] || exists[companion(r)] {
			plan.Resources = append(plan.Resources, r)
			continue
		}
		plan.Held = append(plan.Held, Held{Resource: r, For: waits})
	}
}

// companion is the resource that another one comes and goes with; itself for most.
func companion(r composed.Resource) string {
	if r.With != "" {
		return r.With
	}
	return r.Key
}

func unready(r composed.Resource, planned map[string]bool, observed composed.Observed) []string {
	var out []string
	for _, key := range r.After {
		if planned[key] && !slices.Contains(out, key) && !observed.Ready(key) {
			out = append(out, key)
		}
	}
	return out
}
