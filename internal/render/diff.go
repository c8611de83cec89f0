package render

import (
	"cmp"
	"encoding/json"
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
	// Refused is a change that the provider cannot make in place.
	Refused Fate = "fail"
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
	var out []Change
	for _, name := range eitherKeys(was, is) {
		out = append(out, diffCluster(name, was[name], is[name])...)
	}
	return out
}

// eitherKeys are the keys that stand in one of two maps or in both, sorted.
func eitherKeys[V any](a, b map[string]V) []string {
	names := slices.Collect(maps.Keys(a))
	names = slices.AppendSeq(names, maps.Keys(b))
	slices.Sort(names)
	return slices.Compact(names)
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
			out = append(out, Change{Cluster: name, Key: key, Resource: Describe(item.Resource), Fate: Created})
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
	c := Change{Cluster: cluster, Key: item.Key, Resource: Describe(item.Resource), Fate: Deleted}
	policies, _ := composed.JSON(item.Object).Field("spec", "managementPolicies").([]any)
	if len(policies) > 0 && !slices.Contains(policies, any("Delete")) && !slices.Contains(policies, any("*")) {
		c.Fate, c.Why = Released, "Crossplane forgets it; it stays in the cluster"
	}
	return c
}

func changeOf(cluster string, before, after Item) (Change, bool) {
	c := Change{Cluster: cluster, Key: after.Key, Resource: Describe(after.Resource), Fate: Changed}
	c.Fields = FieldChanges("", before.Object, after.Object)
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

// FieldChanges lists the leaves that differ. Lists of one length are compared item
// by item; of others, the items that only one of them has are listed.
func FieldChanges(path string, before, after any) []FieldChange {
	if reflect.DeepEqual(before, after) {
		return nil
	}
	a, aObject := before.(map[string]any)
	b, bObject := after.(map[string]any)
	if aObject && bObject {
		var out []FieldChange
		for _, name := range eitherKeys(a, b) {
			out = append(out, FieldChanges(join(path, name), a[name], b[name])...)
		}
		return out
	}
	x, xList := before.([]any)
	y, yList := after.([]any)
	if xList && yList && len(x) == len(y) {
		var out []FieldChange
		for i := range x {
			out = append(out, FieldChanges(fmt.Sprintf("%s[%d]", path, i), x[i], y[i])...)
		}
		return out
	}
	if xList && yList {
		if out := append(onlyIn(path+"[-]", x, y, true), onlyIn(path+"[+]", y, x, false)...); len(out) > 0 {
			return out
		}
	}
	return []FieldChange{{path, before, after}}
}

// onlyIn lists the items of a list that another one does not have.
func onlyIn(path string, list, other []any, before bool) []FieldChange {
	var out []FieldChange
	for _, item := range list {
		if slices.ContainsFunc(other, func(o any) bool { return reflect.DeepEqual(o, item) }) {
			continue
		}
		if before {
			out = append(out, FieldChange{Path: path, Before: item})
			continue
		}
		out = append(out, FieldChange{Path: path, After: item})
	}
	return out
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

// WriteDiff writes changes for people. Usages come and go with what they are for,
// so they are only counted.
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
		if c.isUsage() && c.Fate != Replaced {
			continue
		}
		if err := writeChange(w, c); err != nil {
			return err
		}
	}
	return nil
}

func (c Change) isUsage() bool { return strings.HasPrefix(c.Resource, "Usage ") }

func counts(changes []Change, cluster string) string {
	n := map[Fate]int{}
	usages := 0
	for _, c := range changes {
		switch {
		case c.Cluster != cluster:
		case c.isUsage() && c.Fate != Replaced:
			usages++
		default:
			n[c.Fate]++
		}
	}
	var words []string
	for _, fate := range []Fate{Deleted, Replaced, Refused, Released, Changed, Created} {
		if n[fate] > 0 {
			words = append(words, fmt.Sprintf("%d to %s", n[fate], fate))
		}
	}
	if usages > 0 {
		words = append(words, fmt.Sprintf("and the %d Usages that go with them", usages))
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
	s, isText := v.(string)
	if !isText {
		raw, err := json.Marshal(v)
		if err != nil {
			return fmt.Sprint(v)
		}
		s = string(raw)
	}
	s = strings.ReplaceAll(s, "\n", "⏎")
	if r := []rune(s); len(r) > 100 {
		return string(r[:100]) + "…"
	}
	return s
}
