package composed

import (
	"maps"

	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
	"github.com/gatehouse-platform/gatehouse/catalog"
)

// Release says how a chart is installed.
type Release struct {
	// Chart is its name in the catalog.
	Chart string
	// Version and UserValues are what the user gives instead of ours; both may be
	// empty.
	Version    string
	UserValues v2.Object
	// Values are ours. Wiring is laid over them, and the user's over both.
	Values map[string]any
	// Set are single values, of which some come from Secrets.
	Set []any
	// After lists the keys of what has to be ready first.
	After []string
}

// AppRelease is the Release of an app's only or main chart.
func AppRelease(chart string, app *v2.App, values map[string]any) Release {
	return Release{Chart: chart, Version: app.Version, UserValues: app.Values, Values: values}
}

// Release builds the Release of a chart, and the Usage that goes with it.
func (s *Scope) Release(r Release) []Resource {
	name := s.ReleaseKey(r.Chart)
	return s.release(r, name, name)
}

// release builds a Release under a key and a name that may differ.
func (s *Scope) release(r Release, key, name string) []Resource {
	chart := s.Catalog.Chart(r.Chart)
	forProvider := map[string]any{
		"chart":     s.chartSource(chart, r.Version),
		"namespace": chart.Namespace,
	}
	if values := s.values(r); len(values) > 0 {
		forProvider["values"] = values
	}
	if len(r.Set) > 0 {
		forProvider["set"] = r.Set
	}
	out := Resource{
		Key: key,
		For: s.For,
		Object: map[string]any{
			"apiVersion": HelmAPIVersion,
			"kind":       "Release",
			"metadata":   Named(name, r.Chart),
			"spec": map[string]any{
				"forProvider":        forProvider,
				"managementPolicies": noDelete(),
				"rollbackLimit":      int64(3),
				"providerConfigRef":  s.providerConfigRef(),
			},
		},
		After: append(append([]string{}, r.After...), s.Waits[r.Chart]...),
	}
	by := Ref{HelmAPIVersion, "Release", name}
	return []Resource{out, s.usageFor(out, name+"-usage", s.ReleasesUse, by)}
}

// CiliumRelease builds the Release of the cluster's network. It is older than
// the naming of the others, and has no management policies.
func (s *Scope) CiliumRelease(set []any) []Resource {
	out := s.release(Release{Chart: "cilium", Set: set}, s.ReleaseKey("cilium"), s.Name()+"-cilium")
	// Release and Usage, in this order.
	spec, _ := out[0].Object["spec"].(map[string]any)
	delete(spec, "managementPolicies")
	return out
}

// chartSource says where a chart is taken from. A mirror holds every chart under
// its own name and version.
func (s *Scope) chartSource(chart catalog.Chart, version string) map[string]any {
	source := map[string]any{"name": chart.Name}
	mirror := s.Parameters().Charts
	switch {
	case mirror != nil && mirror.Mirror != "":
		source["repository"] = mirror.Mirror
	case chart.URL != "" && version == "":
		source["url"] = chart.URL
	default:
		source["repository"] = chart.Repository
	}
	if source["url"] == nil {
		source["version"] = chart.Version
		if version != "" {
			source["version"] = version
		}
	}
	if mirror != nil && mirror.PullSecretRef != nil {
		source["pullSecretRef"] = map[string]any{"name": mirror.PullSecretRef.Name}
	}
	return source
}

func (s *Scope) values(r Release) map[string]any {
	values := r.Values
	for _, overlay := range s.Overlays[r.Chart] {
		values = merge(values, overlay)
	}
	return merge(values, r.UserValues)
}

// merge lays one object over another as Helm does: objects are merged key by
// key, anything else replaces. Neither is changed.
func merge(under, over map[string]any) map[string]any {
	if len(over) == 0 {
		return under
	}
	out := make(map[string]any, len(under)+len(over))
	maps.Copy(out, under)
	for key, value := range over {
		below, isObject := out[key].(map[string]any)
		above, both := value.(map[string]any)
		if isObject && both {
			out[key] = merge(below, above)
			continue
		}
		out[key] = value
	}
	return out
}

func (s *Scope) providerConfigRef() map[string]any {
	if s.configRef == nil {
		s.configRef = map[string]any{"kind": "ProviderConfig", "name": s.Name()}
	}
	return s.configRef
}
