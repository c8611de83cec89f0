package render

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gatehouse-platform/gatehouse/internal/compose"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

// Rendered is what one Cluster is composed of.
type Rendered struct {
	Document Document
	Plan     *compose.Plan
	// Moment says that only what is composed right now is meant, given what was
	// observed; otherwise everything, however long it takes to get there.
	Moment bool
	// Found says by key, for a tree, what is really there. Nil: nobody looked.
	Found map[string]string
}

// Renderer renders Clusters.
type Renderer struct{ planner *compose.Planner }

// New returns a Renderer.
func New(planner *compose.Planner) *Renderer { return &Renderer{planner: planner} }

// ErrNoCluster says that there is nothing to render.
var ErrNoCluster = errors.New("cannot find a Cluster (devopstoolkit.ai/v2) in the input")

// Render plans every Cluster of the documents, in their order. Other documents
// are passed over. observed is nil, or what was observed of them. The error
// joins the problems of all Clusters.
func (r *Renderer) Render(documents, observed []Document) ([]Rendered, error) {
	var out []Rendered
	var errs []error
	for _, d := range documents {
		if !d.IsCluster() {
			continue
		}
		InDefaultNamespace(d.Object)
		plan, err := r.planner.Plan(d.Object, observedOf(namespaceOf(d.Object), nameOf(d.Object), observed))
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", d, err))
			continue
		}
		out = append(out, Rendered{Document: d, Plan: plan, Moment: observed != nil})
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	if len(out) == 0 {
		return nil, ErrNoCluster
	}
	return out, nil
}

func nameOf(obj map[string]any) string {
	name, _ := composed.JSON(obj).Field("metadata", "name").(string)
	return name
}

func namespaceOf(obj map[string]any) string {
	namespace, _ := composed.JSON(obj).Field("metadata", "namespace").(string)
	return namespace
}

// InDefaultNamespace does what kubectl does with an object without namespace.
func InDefaultNamespace(obj map[string]any) {
	if meta, ok := obj["metadata"].(map[string]any); ok && meta["namespace"] == nil {
		meta["namespace"] = "default"
	}
}

// Item is a resource of a rendering.
type Item struct {
	composed.Resource

	// After names what has to be ready before the resource is composed; empty if
	// nothing is waited for.
	After []string
}

// Items are the resources of a rendering, sorted by key.
func (r Rendered) Items() []Item {
	var out []Item
	for _, resource := range r.Plan.Resources {
		out = append(out, Item{Resource: resource})
	}
	if !r.Moment {
		for _, h := range r.Plan.Held {
			out = append(out, Item{Resource: h.Resource, After: h.For})
		}
	}
	slices.SortFunc(out, func(a, b Item) int { return cmp.Compare(a.Key, b.Key) })
	return out
}

// Composite is what is written to the Cluster itself.
func (r Rendered) Composite() map[string]any {
	return map[string]any{
		"apiVersion": r.Plan.Cluster.APIVersion,
		"kind":       r.Plan.Cluster.Kind,
		"status":     r.Plan.Status,
	}
}

// CompositeKey stands where resources have their key.
const CompositeKey = "(composite)"

// YAML writes renderings as a stream of documents: the composite first, then
// every resource by its key. Comments give the key, the readiness, and what a
// resource waits for.
func YAML(w io.Writer, all []Rendered) error {
	for _, r := range all {
		if err := writeDocument(w, Item{Resource: composed.Resource{Key: CompositeKey, Object: r.Composite()}}); err != nil {
			return err
		}
		for _, item := range r.Items() {
			if err := writeDocument(w, item); err != nil {
				return err
			}
		}
	}
	return nil
}

func writeDocument(w io.Writer, item Item) error {
	body, err := marshal(item.Object)
	if err != nil {
		return fmt.Errorf("cannot write resource %q: %w", item.Key, err)
	}
	var head strings.Builder
	fmt.Fprintf(&head, "---\n# key: %s\n# ready: %s\n", item.Key, readyWord(item.Ready))
	if len(item.After) > 0 {
		fmt.Fprintf(&head, "# after: %s\n", strings.Join(item.After, ", "))
	}
	_, err = io.WriteString(w, head.String()+string(body))
	return err
}

// readyWord is how the function says it to Crossplane.
func readyWord(ready bool) string {
	if ready {
		return "READY_TRUE"
	}
	return "READY_UNSPECIFIED"
}

// jsonRendered is the JSON form of a rendering.
type jsonRendered struct {
	Cluster    string              `json:"cluster"`
	Namespace  string              `json:"namespace"`
	Provider   string              `json:"provider"`
	Composite  map[string]any      `json:"composite"`
	Conditions []compose.Condition `json:"conditions"`
	Resources  []jsonItem          `json:"resources"`
	Held       []jsonHeld          `json:"held,omitempty"`
}

type jsonItem struct {
	Key      string         `json:"key"`
	Ready    string         `json:"ready"`
	After    []string       `json:"after,omitempty"`
	For      string         `json:"for"`
	Resource map[string]any `json:"resource"`
}

type jsonHeld struct {
	Key   string   `json:"key"`
	After []string `json:"after"`
}

// JSON writes renderings as a list.
func JSON(w io.Writer, all []Rendered) error {
	out := make([]jsonRendered, 0, len(all))
	for _, r := range all {
		j := jsonRendered{
			Cluster:    r.Plan.Cluster.Name,
			Namespace:  r.Plan.Cluster.Namespace,
			Provider:   string(r.Plan.Cluster.Provider()),
			Composite:  r.Composite(),
			Conditions: r.Plan.Conditions,
		}
		for _, item := range r.Items() {
			j.Resources = append(j.Resources, jsonItem{item.Key, readyWord(item.Ready), item.After, item.For, item.Object})
		}
		if r.Moment {
			for _, h := range r.Plan.Held {
				j.Held = append(j.Held, jsonHeld{h.Resource.Key, h.For})
			}
		}
		out = append(out, j)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(out)
}
