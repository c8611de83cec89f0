package apps

import (
	_ "embed" // the operator's manifests are part of the binary
	"maps"
	"strings"
	"sync"

	"sigs.k8s.io/yaml"

	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

//go:embed vllm.yaml
var vllmManifests string

const vllmImage = "lmcache/production-stack-operator"

// vllmObject is an Object of the operator.
type vllmObject struct {
	Name     string         `json:"name"`
	Manifest map[string]any `json:"manifest"`
}

func (o vllmObject) metadata(field string) string {
	value, _ := composed.JSON(o.Manifest).Field("metadata", field).(string)
	return value
}

// vllm installs the operator of the vLLM Production Stack as plain Objects. They
// stay when it is switched off, and nothing of them needs the control plane to be
// told, so they have no Usages.
func vllm() App {
	return App{
		Name:    "vllm",
		Enabled: func(a *v2.Apps) bool { return a.VLLM.Enabled },
		Parts:   func(s *composed.Scope) []string { return []string{s.ObjectKey("vllm-op-deploy")} },
		Resources: func(s *composed.Scope) []composed.Resource {
			var out []composed.Resource
			for _, o := range vllmObjects() {
				out = append(out, s.AppObject(composed.Object{
					Name:         "vllm-op-" + o.Name,
					ExternalName: o.metadata("name"),
					Manifest:     withImage(o.Manifest, vllmImage+":"+vllmTag(s)),
					Keep:         true,
					Unprotected:  true,
					After:        vllmAfter(s, o),
				})...)
			}
			return out
		},
	}
}

func vllmTag(s *composed.Scope) string {
	if tag := s.Apps().VLLM.Version; tag != "" {
		return tag
	}
	return s.Catalog.Image(vllmImage).Version
}

// vllmAfter makes what lives in the operator's namespace wait for it.
func vllmAfter(s *composed.Scope, o vllmObject) []string {
	if o.metadata("namespace") == "" {
		return nil
	}
	return []string{s.ObjectKey("vllm-op-ns")}
}

// vllmObjects reads the manifests once: they are constant, and nobody may change
// what is returned.
//
//nolint:gochecknoglobals // a constant that Go cannot write as one
var vllmObjects = sync.OnceValue(func() []vllmObject {
	var out []vllmObject
	for _, doc := range strings.Split(vllmManifests, "\n---\n")[1:] {
		var o vllmObject
		if err := yaml.UnmarshalStrict([]byte(doc), &o); err != nil {
			panic("apps: cannot read the built-in vllm.yaml: " + err.Error()) // found by any test
		}
		out = append(out, o)
	}
	return out
})

// withImage returns a Deployment with the image set, anything else as it is.
func withImage(manifest map[string]any, image string) map[string]any {
	containers, ok := composed.JSON(manifest).Field("spec", "template", "spec", "containers").([]any)
	if !ok {
		return manifest
	}
	changed := make([]any, len(containers))
	for i, item := range containers {
		container, _ := item.(map[string]any)
		changed[i] = replaced(container, image, "image")
	}
	return replaced(manifest, changed, "spec", "template", "spec", "containers")
}

// replaced returns a copy of an object with one field changed. Only what leads
// to that field is copied.
func replaced(obj map[string]any, value any, path ...string) map[string]any {
	out := maps.Clone(obj)
	if len(path) == 1 {
		out[path[0]] = value
		return out
	}
	below, _ := obj[path[0]].(map[string]any)
	out[path[0]] = replaced(below, value, path[1:]...)
	return out
}
