package inventory

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/yaml"
)

func object(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	o := &unstructured.Unstructured{}
	if err := o.UnmarshalJSON(data); err != nil {
		t.Fatal(err)
	}
	return o
}

func TestItemOf(t *testing.T) {
	cases := map[string]struct {
		reason        string
		before, after string
		written, said bool // whether they differ
	}{
		"Status": {
			reason: "a status is what controllers say, not what somebody wrote",
			before: `{apiVersion: g/v1, kind: Release, metadata: {name: a, generation: 1, resourceVersion: "1"}, status: {a: 1}}`,
			after:  `{apiVersion: g/v1, kind: Release, metadata: {name: a, generation: 1, resourceVersion: "2"}, status: {a: 2}}`,
		},
		"ThereAndBack": {
			reason:  "what is written twice ends as it was, and was written all the same",
			before:  `{apiVersion: g/v1, kind: Release, metadata: {name: a, generation: 1}, spec: {a: 1}}`,
			after:   `{apiVersion: g/v1, kind: Release, metadata: {name: a, generation: 3}, spec: {a: 1}}`,
			written: true,
		},
		"Spec": {
			reason:  "a change is a write",
			before:  `{apiVersion: g/v1, kind: Release, metadata: {name: a, generation: 1}, spec: {a: 1}}`,
			after:   `{apiVersion: g/v1, kind: Release, metadata: {name: a, generation: 2}, spec: {a: 2}}`,
			written: true, said: true,
		},
		"Label": {
			reason:  "labels count no generation",
			before:  `{apiVersion: g/v1, kind: Release, metadata: {name: a, generation: 1}}`,
			after:   `{apiVersion: g/v1, kind: Release, metadata: {name: a, generation: 1, labels: {b: c}}}`,
			written: true, said: true,
		},
		"Times": {
			reason: "when it was made differs from cluster to cluster",
			before: `{apiVersion: g/v1, kind: Release, metadata: {name: a, generation: 1, creationTimestamp: "2026-01-01T00:00:00Z", annotations: {crossplane.io/external-create-pending: "1"}}}`,
			after:  `{apiVersion: g/v1, kind: Release, metadata: {name: a, generation: 1, creationTimestamp: "2026-01-02T00:00:00Z", annotations: {crossplane.io/external-create-pending: "2"}}}`,
		},
		"WithoutGeneration": {
			reason:  "of a ConfigMap every write counts",
			before:  `{apiVersion: v1, kind: ConfigMap, metadata: {name: a, resourceVersion: "1"}, data: {a: b}}`,
			after:   `{apiVersion: v1, kind: ConfigMap, metadata: {name: a, resourceVersion: "2"}, data: {a: b}}`,
			written: true,
		},
		"Deleting": {
			reason: "something that is being deleted is not as it should be",
			before: `{apiVersion: g/v1, kind: Release, metadata: {name: a, generation: 1}}`,
			after:  `{apiVersion: g/v1, kind: Release, metadata: {name: a, generation: 1, deletionTimestamp: "2026-01-02T00:00:00Z"}}`,
			said:   true,
		},
		"ClusterIP": {
			reason: "addresses are drawn",
			before: `{apiVersion: v1, kind: Service, metadata: {name: a, resourceVersion: "1"}, spec: {clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1]}}`,
			after:  `{apiVersion: v1, kind: Service, metadata: {name: a, resourceVersion: "1"}, spec: {clusterIP: 10.0.0.2, clusterIPs: [10.0.0.2]}}`,
		},
		"ProviderConfigUsage": {
			reason: "it is named after a UID",
			before: `{apiVersion: g/v1, kind: ProviderConfigUsage, metadata: {namespace: home, name: "1"}, resourceRef: {kind: Release, name: a}}`,
			after:  `{apiVersion: g/v1, kind: ProviderConfigUsage, metadata: {namespace: home, name: "2"}, resourceRef: {kind: Release, name: a}}`,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			first, before, err := itemOf(schema.GroupVersionResource{}, object(t, tc.before))
			if err != nil {
				t.Fatal(err)
			}
			second, after, err := itemOf(schema.GroupVersionResource{}, object(t, tc.after))
			if err != nil {
				t.Fatal(err)
			}
			if first != second {
				t.Errorf("%s: they are %q and %q, want one identity", tc.reason, first, second)
			}
			if got := before.Written != after.Written; got != tc.written {
				t.Errorf("%s: written differs is %t, want %t", tc.reason, got, tc.written)
			}
			if got := before.Content != after.Content; got != tc.said {
				t.Errorf("%s: content differs is %t, want %t (-before +after):\n%s", tc.reason, got, tc.said, cmp.Diff(before.Content, after.Content))
			}
		})
	}
}

func TestChanges(t *testing.T) {
	before := Inventory{"same": {UID: "1", Written: "1"}, "gone": {UID: "2"}, "again": {UID: "3"}, "written": {UID: "4", Written: "1"}}
	after := Inventory{"same": {UID: "1", Written: "1"}, "again": {UID: "5"}, "written": {UID: "4", Written: "2"}, "more": {UID: "6"}}
	want := map[string]string{"gone": "gone", "again": "re-created", "written": "changed", "more": "new"}
	if diff := cmp.Diff(want, after.Changes(before)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestDeletions(t *testing.T) {
	d := &Deletions{seen: map[string]Deletion{}}
	const deleting = `deletionTimestamp: "2026-01-02T00:00:00Z"`
	d.note(watch.Modified, object(t, `{apiVersion: g/v1, kind: Release, metadata: {namespace: home, name: stays, resourceVersion: "1"}}`))
	d.note(watch.Modified, object(t, `{apiVersion: g/v1, kind: Release, metadata: {namespace: home, name: slow, resourceVersion: "2", `+deleting+`}}`))
	d.note(watch.Modified, object(t, `{apiVersion: g/v1, kind: Release, metadata: {namespace: home, name: slow, resourceVersion: "3", `+deleting+`}}`))
	d.note(watch.Deleted, object(t, `{apiVersion: g/v1, kind: Release, metadata: {namespace: home, name: fast, resourceVersion: "4"}}`))
	d.note(watch.Deleted, object(t, `{apiVersion: g/v1, kind: Release, metadata: {namespace: home, name: slow, resourceVersion: "5", `+deleting+`}}`))
	got, err := d.All()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Deletion{"Release.g home/slow": {Asked: 2, Gone: 5}, "Release.g home/fast": {Asked: 4, Gone: 4}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("deletions (-want +got):\n%s", diff)
	}
	d.note(watch.Deleted, object(t, `{apiVersion: g/v1, kind: Release, metadata: {namespace: home, name: odd, resourceVersion: x}}`))
	if _, err := d.All(); err == nil {
		t.Error("an order that cannot be told is no error")
	}
}
