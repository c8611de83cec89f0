package composed

// Object says how one Kubernetes object is kept in the cluster.
type Object struct {
	// Name is the name of the Object, without that of the Cluster.
	Name string
	// ExternalName defaults to Name.
	ExternalName string
	// Manifest is the Kubernetes object.
	Manifest map[string]any
	// References copy values into the manifest from elsewhere.
	References []any
	// Keep leaves the Kubernetes object where it is when the Object goes.
	Keep bool
	// Unprotected Objects have no Usage.
	Unprotected bool
	// After lists the keys of what has to be ready first.
	After []string
}

// AppObject builds an Object that belongs to an app, with its Usage.
func (s *Scope) AppObject(o Object) []Resource {
	if o.ExternalName == "" {
		o.ExternalName = o.Name
	}
	o.Name = "app-" + o.Name
	return s.Object(o)
}

// Object builds an Object, with its Usage unless it is Unprotected.
func (s *Scope) Object(o Object) []Resource {
	name := s.Name() + "-" + o.Name
	spec := map[string]any{
		"forProvider":       map[string]any{"manifest": o.Manifest},
		"providerConfigRef": s.providerConfigRef(),
	}
	if o.Keep {
		spec["managementPolicies"] = noDelete()
	}
	if len(o.References) > 0 {
		spec["references"] = o.References
	}
	out := Resource{
		Key: name,
		For: s.For,
		Object: map[string]any{
			"apiVersion": KubernetesAPIVersion,
			"kind":       "Object",
			"metadata":   Named(name, o.ExternalName),
			"spec":       spec,
		},
		After: o.After,
	}
	if o.Unprotected {
		return []Resource{out}
	}
	by := Ref{KubernetesAPIVersion, "Object", name}
	return []Resource{out, s.usageFor(out, name+"-usage", s.ObjectsUse, by)}
}
