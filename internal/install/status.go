package install

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gatehouse-platform/gatehouse/internal/compose"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
	"github.com/gatehouse-platform/gatehouse/internal/render"
)

// Status is what is really there of a Cluster.
type Status struct {
	// Plan of the Cluster at this moment, without what only Crossplane uses.
	Plan *compose.Plan
	// Things in the order of the plan.
	Things []Thing
	// Left is there although the Cluster no longer asks for it.
	Left []string
}

// Thing is what is there of one thing.
type Thing struct {
	Key   string `json:"key"`
	Group string `json:"group"`
	// Wanted says what the Cluster asks for, Found what is there.
	Wanted string `json:"wanted"`
	Found  string `json:"found"`
	// AsWanted says that it is ready, and in the version that is asked for.
	AsWanted bool `json:"asWanted"`
	// Unready says, a line each, what is not ready.
	Unready []string `json:"unready,omitempty"`
}

// Fine says whether everything is as the Cluster asks for it.
func (s Status) Fine() bool {
	return !slices.ContainsFunc(s.Things, func(t Thing) bool { return !t.AsWanted })
}

// Status looks, and changes nothing.
func (i *Installer) Status(ctx context.Context) (Status, error) {
	plan, err := i.begin(ctx)
	if err != nil {
		return Status{}, err
	}
	out := Status{Plan: plan}
	for _, resource := range plan.All {
		if w, ok := wantOf(resource); ok {
			out.Things = append(out.Things, thingOf(w, i.seen[w.key]))
		}
	}
	for _, e := range leftovers(i.record, plan) {
		out.Left = append(out.Left, e.Text)
	}
	plan.All = withoutCrossplane(plan.All)
	plan.Resources = withoutCrossplane(plan.Resources)
	return out, nil
}

func withoutCrossplane(resources []composed.Resource) []composed.Resource {
	return slices.DeleteFunc(slices.Clone(resources), func(r composed.Resource) bool { return !installable(r) })
}

func thingOf(w want, s seen) Thing {
	t := Thing{Key: w.key, Group: w.group, Wanted: w.text, Unready: s.unready}
	version := text(w.spec, "chart", "version")
	switch {
	case !s.exists():
		t.Found = "missing"
	case s.release != nil && s.release.Status != statusDeployed:
		t.Found = fmt.Sprintf("%s, revision %d", s.release.Status, s.release.Revision)
	case s.release != nil && version != "" && s.release.Version != version:
		t.Found = fmt.Sprintf("version %s, revision %d", s.release.Version, s.release.Revision)
	case len(s.unready) > 0:
		t.Found = "not ready: " + strings.Join(s.unready, "; ")
	case s.release != nil:
		t.Found, t.AsWanted = fmt.Sprintf("ready, revision %d", s.release.Revision), true
	default:
		t.Found, t.AsWanted = "ready", true
	}
	return t
}

// Words are what is there, by key, for a tree.
func (s Status) Words() map[string]string {
	out := map[string]string{}
	for _, t := range s.Things {
		mark := "✗ "
		if t.AsWanted {
			mark = render.FoundFine + " "
		}
		out[t.Key] = mark + t.Found
	}
	return out
}
