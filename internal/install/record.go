package install

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// RecordNamespace holds what is remembered of installations: a namespace that every
// cluster has.
const RecordNamespace = "default"

// recordVersion of the form of the record. A newer one is not read.
const recordVersion = 1

// record remembers what was installed for a Cluster, so that it can be found again when
// the Cluster no longer asks for it. It is a ConfigMap, and the last thing to go: as long
// as anything is left it says what.
type record struct {
	Version int     `json:"version"`
	Entries []entry `json:"entries"`
}

// entry is one thing that was installed. Exactly one of Release and Object is there.
type entry struct {
	Key string `json:"key"`
	// After are the keys of what it builds on, so that they go later.
	After   []string   `json:"after,omitempty"`
	Text    string     `json:"text"`
	Release *ReleaseID `json:"release,omitempty"`
	Object  *objectID  `json:"object,omitempty"`
	// Found was there before, and is left when everything else goes.
	Found bool `json:"found,omitempty"`
	// Stays, because deleting it would delete what others put into it.
	Stays bool `json:"stays,omitempty"`
}

type objectID struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name"`
}

func (o objectID) gvk() schema.GroupVersionKind {
	return schema.FromAPIVersionAndKind(o.APIVersion, o.Kind)
}

func (e entry) removable() bool { return !e.Found && !e.Stays }

func entryOf(w want, existed bool) entry {
	e := entry{Key: w.key, After: w.after, Text: w.text, Found: existed || w.given, Stays: w.stays}
	if w.object == nil {
		e.Release = &w.release
		return e
	}
	e.Object = &objectID{w.object.GetAPIVersion(), w.object.GetKind(), w.object.GetNamespace(), w.object.GetName()}
	return e
}

func (r *record) find(key string) *entry {
	for i := range r.Entries {
		if r.Entries[i].Key == key {
			return &r.Entries[i]
		}
	}
	return nil
}

// add remembers a thing, or what has changed of it, and says whether that is news.
// Whether it was there before is known only the first time.
func (r *record) add(e entry) bool {
	known := r.find(e.Key)
	if known == nil {
		r.Entries = append(r.Entries, e)
		return true
	}
	e.Found = known.Found
	if same(*known, e) {
		return false
	}
	*known = e
	return true
}

func (r *record) remove(key string) {
	r.Entries = slices.DeleteFunc(r.Entries, func(e entry) bool { return e.Key == key })
}

func same(a, b entry) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// recordObject is the ConfigMap of a Cluster's record.
func (i *Installer) recordObject() *unstructured.Unstructured {
	out := &unstructured.Unstructured{}
	out.SetAPIVersion("v1")
	out.SetKind("ConfigMap")
	out.SetNamespace(RecordNamespace)
	out.SetName("gatehouse." + i.cluster.Namespace + "." + i.cluster.Name)
	return out
}

func (i *Installer) loadRecord(ctx context.Context) error {
	i.record = &record{Version: recordVersion}
	where := i.recordObject()
	obj, err := i.target.Get(ctx, where.GroupVersionKind(), where.GetNamespace(), where.GetName())
	if absent(err) {
		return nil
	}
	if err != nil {
		return err
	}
	text, _, _ := unstructured.NestedString(obj.Object, "data", "record.json")
	if err := json.Unmarshal([]byte(text), i.record); err != nil {
		return fmt.Errorf("cannot read what is installed from %s: %w", title(obj), err)
	}
	if i.record.Version != recordVersion {
		return found("cannot read what is installed from %s: it is version %d, which a newer gatehouse wrote", title(obj), i.record.Version)
	}
	return nil
}

func (i *Installer) saveRecord(ctx context.Context) error {
	raw, err := json.Marshal(i.record)
	if err != nil {
		return fmt.Errorf("cannot write what is installed: %w", err)
	}
	obj := i.recordObject()
	obj.Object["data"] = map[string]any{"record.json": string(raw)}
	_, err = i.target.Apply(ctx, obj, ApplyOptions{Force: true})
	return err
}
