// Package composed builds the resources that a Cluster is composed of: the
// wrappers (Release, Object, Usage, ProviderConfig) that every app, cloud and
// piece of wiring uses, with the names that live objects carry.
package composed

import (
	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
	"github.com/gatehouse-platform/gatehouse/catalog"
)

// API versions of what Crossplane and its providers serve.
const (
	HelmAPIVersion       = "helm.m.crossplane.io/v1beta1"
	KubernetesAPIVersion = "kubernetes.m.crossplane.io/v1alpha1"
	ProtectionAPIVersion = "protection.crossplane.io/v1beta1"

	// ExternalName is the annotation by which a managed resource names what it manages.
	ExternalName = "crossplane.io/external-name"
)

// Resource is one resource that a Cluster is composed of.
type Resource struct {
	// Key is the composition resource name. Crossplane deletes a composed resource
	// whose key is gone, so no key ever changes.
	Key string
	// Object is the whole resource.
	Object map[string]any
	// Ready says that the resource counts as ready as soon as it exists. For all
	// others auto-ready decides by their conditions.
	Ready bool
	// After lists the keys of the resources that have to be observed ready before
	// this one is desired for the first time.
	After []string
	// With is the key of the resource that this one accompanies: a Usage and what
	// it is for come and go together. Empty for most.
	With string
	// For says, for people, which part of the Cluster the resource belongs to.
	For string
	// Why says, for people, why the resource is there when that is not obvious.
	Why string
}

// Ref names a resource of the same rendering.
type Ref struct{ APIVersion, Kind, Name string }

// Scope is what every builder knows of the Cluster that it builds for.
type Scope struct {
	// Cluster is decoded, defaulted and valid.
	Cluster *v2.Cluster
	Catalog *catalog.Catalog
	// ReleasesUse and ObjectsUse are what must stay as long as a Release or an
	// Object is there: the control plane, or the credentials of an existing one.
	ReleasesUse, ObjectsUse Ref
	// Overlays are values, by release, that wiring lays over an app's own.
	Overlays map[string][]map[string]any
	// Waits are keys, by release, that wiring makes a release wait for.
	Waits map[string][]string
	// For says which part of the Cluster is being built.
	For string

	// What many resources have in common is built once. Nobody changes it.
	configRef map[string]any
	uses      map[Ref]map[string]any
}

// Name is the name of the Cluster, which starts the name of everything.
func (s *Scope) Name() string { return s.Cluster.Name }

// Provider is what the cluster runs on.
func (s *Scope) Provider() v2.Provider { return s.Cluster.Provider() }

// Parameters are what the user asks for.
func (s *Scope) Parameters() *v2.Parameters { return s.Cluster.Spec.Parameters }

// Apps are the apps that the user asks for.
func (s *Scope) Apps() *v2.Apps { return &s.Cluster.Spec.Parameters.Apps }

// ReleaseKey is the key, and the name, of the Release of a chart.
func (s *Scope) ReleaseKey(chart string) string { return s.Name() + "-app-" + chart }

// ObjectKey is the key, and the name, of an Object that belongs to an app.
func (s *Scope) ObjectKey(object string) string { return s.Name() + "-app-" + object }

// Resource builds a resource whose key differs from its name, or that has no
// wrapper of its own.
func (s *Scope) Resource(key string, obj map[string]any) Resource {
	return Resource{Key: key, Object: obj, For: s.For}
}

// Usage protects what is used until the user of it is gone. It counts as ready:
// it has no condition that says so.
func (s *Scope) Usage(name string, of, by Ref) Resource {
	return Resource{
		Key:   name,
		Ready: true,
		For:   s.For,
		Object: map[string]any{
			"apiVersion": ProtectionAPIVersion,
			"kind":       "Usage",
			"metadata":   Named(name, name),
			"spec":       map[string]any{"of": s.use(of), "by": by.usage()},
		},
	}
}

// use is what is used, of which there are few and many Usages.
func (s *Scope) use(of Ref) map[string]any {
	if s.uses == nil {
		s.uses = map[Ref]map[string]any{}
	}
	if s.uses[of] == nil {
		s.uses[of] = of.usage()
	}
	return s.uses[of]
}

func (r Ref) usage() map[string]any {
	return map[string]any{
		"apiVersion":  r.APIVersion,
		"kind":        r.Kind,
		"resourceRef": map[string]any{"name": r.Name},
	}
}

// usageFor protects what a Release or Object uses, and accompanies it.
func (s *Scope) usageFor(r Resource, name string, of, by Ref) Resource {
	u := s.Usage(name, of, by)
	u.With = r.Key
	u.After = r.After
	return u
}

// Named is the metadata of a managed resource.
func Named(name, externalName string) map[string]any {
	return map[string]any{
		"name":        name,
		"annotations": map[string]any{ExternalName: externalName},
	}
}

// Strings is a list of strings as JSON has it.
func Strings[T ~string](items []T) []any {
	out := make([]any, len(items))
	for i, item := range items {
		out[i] = string(item)
	}
	return out
}

// noDelete are the management policies of what stays installed when it is
// switched off.
func noDelete() []any { return []any{"Create", "Update", "Observe"} }
