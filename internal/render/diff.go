package render

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

// Fate says what happens to a resource.
type Fate string

// The fates of resources between two versions of a Cluster.
const (
	Created  Fate = "create"
	Changed  Fate = "change"
	Deleted  Fate = "delete"
	Replaced Fate = "re-create"
	// Released is deleted in Crossplane, and stays as it is in the cluster.
	Released Fate = "release"
	// Refused is a change that the provider does not make in place.
	Refused Fate = "refuse"
)

// Change is what happens to one resource.
type Change struct {
	Cluster  string `json:"cluster"`
	Key      string `json:"key"`
	Resource string `json:"resource"`
	Fate     Fate   `json:"fate"`
	// Why explains fates that are no plain creation or change.
	Why    string        `json:"why,omitempty"`
	Fields []FieldChange `json:"fields,omitempty"`
}

// FieldChange is one field that differs. Absent values are nil.
type FieldChange struct {
	Path   string `json:"path"`
	Before any    `json:"before,omitempty"`
	After  any    `json:"after,omitempty"`
}

// Diff says what happens to the resources of Clusters when before becomes after,
// sorted by Cluster and key. A Cluster that is missing on one side is created or
// deleted as a whole.
func Diff(before, after []Rendered) []Change {
	was, is := byCluster(before), byCluster(after)
	names := map[string]bool{}
	for name := range was {
		names[name] = true
	}
	for name := range is {
		names[name] = true
	}
	var out []Change
	for _, name := range slices.Sorted(maps.Keys(names)) {
		out = append(out, diffCluster(name, was[name], is[name])...)
	}
	return out
}

func byCluster(all []Rendered) map[string]map[string]Item {
	out := map[string]map[string]Item{}
	for _, r := range all {
		items := map[string]Item{}
		for _, item := range r.Items() {
			items[item.Key] = item
		}
		out[r.Plan.Cluster.Namespace+"/"+r.Plan.Cluster.Name] = items
	}
	return out
}

func diffCluster(name string, was, is map[string]Item) []Change {
	var out []Change
	for key, item := range was {
		if _, still := is[key]; !still {
			out = append(out, deletion(name, item))
		}
	}
	for key, item := range is {
		before, there := was[key]
		if !there {
			out = append(out, Change{Cluster: name, Key: key, Resource: describe(item.Resource), Fate: Created})
			continue
		}
		if change, differs := changeOf(name, before, item); differs {
			out = append(out, change)
		}
	}
	slices.SortFunc(out, func(a, b Change) int { return cmp.Compare(a.Key, b.Key) })
	return out
}

// deletion tells what is deleted for good from what only Crossplane forgets.
func deletion(cluster string, item Item) Change {
	c := Change{Cluster: cluster, Key: item.Key, Resource: describe(item.Resource), Fate: Deleted}
	policies, _ := composed.JSON(item.Object).Field("spec", "managementPolicies").([]any)
	if len(policies) > 0 && !slices.Contains(policies, any("Delete")) && !slices.Contains(policies, any("*")) {
		c.Fate, c.Why = Released, "Crossplane forgets it; it stays in the cluster"
	}
	return c
}

func changeOf(cluster string, before, after Item) (Change, bool) {
	c := Change{Cluster: cluster, Key: after.Key, Resource: describe(after.Resource), Fate: Changed}
	c.Fields = fieldChanges("", before.Object, after.Object)
	if len(c.Fields) == 0 {
		return c, false
	}
	if identity(before.Object) != identity(after.Object) {
		c.Fate, c.Why = Replaced, "Crossplane deletes "+identity(before.Object)+" and creates "+identity(after.Object)
		return c, true
	}
	if fixed := fixedFields(after.Object, c.Fields); len(fixed) > 0 {
		c.Fate, c.Why = Refused, "the provider cannot change "+strings.Join(fixed, ", ")+" in place: the resource has to be deleted first"
	}
	return c, true
}

func identity(obj map[string]any) string {
	return fmt.Sprintf("%v %v %s", obj["apiVersion"], obj["kind"], nameOf(obj))
}

// fieldChanges lists the leaves that differ. Lists are compared as a whole when
// their lengths differ, otherwise item by item.
func fieldChanges(path string, before, after any) []FieldChange {
	if reflect.DeepEqual(before, after) {
		return nil
	}
	a, aObject := before.(map[string]any)
	b, bObject := after.(map[string]any)
	if aObject && bObject {
		names := map[string]bool{}
		for name := range a {
			names[name] = true
		}
		for name := range b {
			names[name] = true
		}
		var out []FieldChange
		for _, name := range slices.Sorted(maps.Keys(names)) {
			out = append(out, fieldChanges(join(path, name), a[name], b[name])...)
		}
		return out
	}
	x, xList := before.([]any)
	y, yList := after.([]any)
	if xList && yList && len(x) == len(y) {
		var out []FieldChange
		for i := range x {
			out = append(out, fieldChanges(fmt.Sprintf("%s[%d]", path, i), x[i], y[i])...)
		}
		return out
	}
	return []FieldChange{{path, before, after}}
}

func join(path, name string) string {
	if strings.ContainsAny(name, "./") {
		return path + "[" + name + "]"
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

// WriteDiff writes changes for people, those that lose something first.
func WriteDiff(w io.Writer, changes []Change) error {
	if len(changes) == 0 {
		_, err := fmt.Fprintln(w, "nothing changes")
		return err
	}
	cluster := ""
	for _, c := range changes {
		if c.Cluster != cluster {
			cluster = c.Cluster
			if _, err := fmt.Fprintf(w, "Cluster %s: %s\n", cluster, counts(changes, cluster)); err != nil {
				return err
			}
		}
		if err := writeChange(w, c); err != nil {
			return err
		}
	}
	return nil
}

func counts(changes []Change, cluster string) string {
	n := map[Fate]int{}
	for _, c := range changes {
		if c.Cluster == cluster {
			n[c.Fate]++
		}
	}
	var words []string
	for _, fate := range []Fate{Deleted, Replaced, Refused, Released, Changed, Created} {
		if n[fate] > 0 {
			words = append(words, fmt.Sprintf("%d to %s", n[fate], fate))
		}
	}
	return strings.Join(words, ", ")
}

func writeChange(w io.Writer, c Change) error {
	sign := map[Fate]string{Created: "+", Changed: "~", Deleted: "-", Replaced: "±", Released: "○", Refused: "!"}[c.Fate]
	line := fmt.Sprintf("  %s %s  %s", sign, c.Fate, c.Resource)
	if c.Why != "" {
		line += "  (" + c.Why + ")"
	}
	if _, err := fmt.Fprintln(w, line); err != nil {
		return err
	}
	for _, f := range c.Fields {
		if _, err := fmt.Fprintf(w, "      %s: %s → %s\n", f.Path, brief(f.Before), brief(f.After)); err != nil {
			return err
		}
	}
	return nil
}

// brief keeps a value on its line.
func brief(v any) string {
	if v == nil {
		return "absent"
	}
	s := fmt.Sprint(v)
	if list, ok := v.([]any); ok && len(list) > 4 {
		return fmt.Sprintf("%d items", len(list))
	}
	s = strings.ReplaceAll(s, "\n", "⏎")
	if r := []rune(s); len(r) > 80 {
		return string(r[:80]) + "…"
	}
	return s
}
