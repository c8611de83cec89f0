package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/gatehouse-platform/gatehouse/internal/composed"
	"github.com/gatehouse-platform/gatehouse/internal/tree"
)

// Tree writes renderings for people: what is installed, which version, why.
func Tree(w io.Writer, all []Rendered) error { return TreeWithin(w, all, 0) }

// TreeWithin is Tree with its lines broken to a width; 0 breaks none.
func TreeWithin(w io.Writer, all []Rendered, width int) error {
	for i, r := range all {
		if i > 0 {
			if _, err := fmt.Fprintln(w); err != nil {
				return err
			}
		}
		c := r.Plan.Cluster
		if _, err := fmt.Fprintf(w, "Cluster %s/%s\n", c.Namespace, c.Name); err != nil {
			return err
		}
		if err := lines(r).Write(w, width); err != nil {
			return err
		}
	}
	return nil
}

// group is the resources that belong to one part of a Cluster.
type group struct {
	name      string
	resources []composed.Resource
}

// groups are the parts of a Cluster in the order in which they are composed.
func groups(r Rendered) []group {
	all := r.Plan.All
	if r.Moment {
		all = r.Plan.Resources
	}
	var order []string
	byName := map[string][]composed.Resource{}
	for _, resource := range all {
		if byName[resource.For] == nil {
			order = append(order, resource.For)
		}
		byName[resource.For] = append(byName[resource.For], resource)
	}
	out := make([]group, 0, len(order))
	for _, name := range order {
		out = append(out, group{name, byName[name]})
	}
	return out
}

func lines(r Rendered) *tree.Node {
	root := &tree.Node{}
	usages := 0
	var apps *tree.Node
	for _, g := range groups(r) {
		for _, resource := range g.resources {
			if resource.Object["kind"] == "Usage" {
				usages++
			}
		}
		switch {
		case g.name == r.Plan.Cloud.Title:
			cloudNode(root, r, g)
		case isApp(r, g.name):
			if apps == nil {
				apps = root.Add("apps")
			}
			items(apps.Add("%s", appWords(r, g.name)), g, r)
		default:
			items(root.Add("%s", g.name), g, r)
		}
	}
	if usages > 0 {
		root.Add("%d Usages: nothing is deleted while something else still uses it", usages)
	}
	for _, h := range waiting(r) {
		root.Add("%s", h)
	}
	return root
}

// appWords name an app, its version where the chart is not listed, and whether it
// is ready, as far as it was observed.
func appWords(r Rendered, name string) string {
	for _, app := range r.Plan.Apps {
		if app.Name != name || !app.Seen {
			continue
		}
		state := "not ready"
		if app.Ready {
			state = "ready"
		}
		return fmt.Sprintf("%s  %s: %s", name, state, app.Reason)
	}
	return name
}

func isApp(r Rendered, name string) bool {
	for _, app := range r.Plan.Apps {
		if app.Name == name {
			return true
		}
	}
	return false
}

// cloudNode sums up the cloud's own resources by kind: there are many, and only
// few of them are news.
func cloudNode(root *tree.Node, r Rendered, g group) {
	n := root.Add("%s in %s", g.name, r.Plan.Cluster.Region())
	var others []composed.Resource
	for _, resource := range g.resources {
		kind, _ := resource.Object["kind"].(string)
		switch kind {
		case "Usage":
		case "Release":
			n.Add("%s", Describe(resource))
		case "NodeGroup", "NodePool", "KubernetesCluster", "KubernetesClusterNodePool":
			n.Add("%s", describePool(kind, resource))
		default:
			others = append(others, resource)
		}
	}
	if len(others) > 0 {
		n.Add("%s", kindCounts(others))
	}
}

// FoundFine begins what is said of a resource that is as it should be.
const FoundFine = "✓"

// fewItems is how many resources of a part are listed one by one.
const fewItems = 8

func items(n *tree.Node, g group, r Rendered) {
	shown := make([]composed.Resource, 0, len(g.resources))
	for _, resource := range g.resources {
		if resource.Object["kind"] != "Usage" {
			shown = append(shown, resource)
		}
	}
	if len(shown) > fewItems {
		n.Add("%s", kindCounts(shown))
		unlike(n, shown, r)
		return
	}
	for _, resource := range shown {
		text := Describe(resource)
		if resource.Why != "" {
			text += "  (" + resource.Why + ")"
		}
		if after := afterWords(r, resource); after != "" && r.Found == nil {
			text += "  after " + after
		}
		n.Add("%s", foundWords(text, resource, r))
	}
}

// foundWords add what is really there.
func foundWords(text string, resource composed.Resource, r Rendered) string {
	if found := r.Found[resource.Key]; found != "" {
		return text + "  " + found
	}
	return text
}

// unlike lists, below a sum, the resources that are not as they should be.
func unlike(n *tree.Node, resources []composed.Resource, r Rendered) {
	for _, resource := range resources {
		if found := r.Found[resource.Key]; found != "" && !strings.HasPrefix(found, FoundFine) {
			n.Add("%s", foundWords(Describe(resource), resource, r))
		}
	}
}

// kindCounts sums up resources by the kinds of what they hold.
func kindCounts(resources []composed.Resource) string {
	counts := map[string]int{}
	var kinds []string
	for _, resource := range resources {
		kind, _, _ := strings.Cut(Describe(resource), " ")
		if counts[kind] == 0 {
			kinds = append(kinds, kind)
		}
		counts[kind]++
	}
	for i, kind := range kinds {
		if counts[kind] > 1 {
			kinds[i] = fmt.Sprintf("%d %s", counts[kind], kind)
		}
	}
	return strings.Join(kinds, ", ")
}

// afterWords name what a resource waits for, unless it is there already.
func afterWords(r Rendered, resource composed.Resource) string {
	for _, h := range r.Plan.Held {
		if h.Resource.Key == resource.Key {
			return strings.Join(short(r, h.For), ", ")
		}
	}
	return ""
}

// waiting lists, for a moment, what is not composed yet.
func waiting(r Rendered) []string {
	var out []string
	for _, h := range r.Plan.Held {
		if r.Moment && h.Resource.With == "" {
			out = append(out, fmt.Sprintf("not yet: %s, waits for %s", Describe(h.Resource), strings.Join(short(r, h.For), ", ")))
		}
	}
	return out
}

// short are keys as people know them: without the name of the Cluster.
func short(r Rendered, keys []string) []string {
	out := make([]string, len(keys))
	for i, key := range keys {
		out[i] = strings.TrimPrefix(strings.TrimPrefix(key, r.Plan.Cluster.Name+"-"), "app-")
	}
	return out
}
