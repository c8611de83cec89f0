package render

import (
	"fmt"
	"strings"

	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

// Describe says in a line what a resource is.
func Describe(r composed.Resource) string {
	obj := composed.JSON(r.Object)
	kind, _ := r.Object["kind"].(string)
	switch kind {
	case "Release":
		return describeRelease(obj)
	case "Object":
		return describeManifest(obj)
	case "ProviderConfig":
		return describeProviderConfig(obj)
	default:
		return fmt.Sprintf("%s %s", kind, text(obj, "metadata", "name"))
	}
}

// describeProviderConfig says whose it is and where its credentials come from.
func describeProviderConfig(obj composed.JSON) string {
	provider, _, _ := strings.Cut(text(obj, "apiVersion"), ".")
	from := "identity of the provider's pod"
	if name := text(obj, "spec", "credentials", "secretRef", "name"); name != "" {
		from = fmt.Sprintf("kubeconfig in Secret %s/%s", text(obj, "spec", "credentials", "secretRef", "namespace"), name)
	}
	return fmt.Sprintf("ProviderConfig %s of provider-%s: %s", text(obj, "metadata", "name"), provider, from)
}

func describeRelease(obj composed.JSON) string {
	chart := text(obj, "spec", "forProvider", "chart", "name")
	version := text(obj, "spec", "forProvider", "chart", "version")
	if version == "" {
		version = text(obj, "spec", "forProvider", "chart", "url")
	}
	return fmt.Sprintf("chart %s %s → %s", chart, version, text(obj, "spec", "forProvider", "namespace"))
}

func describeManifest(obj composed.JSON) string {
	manifest, _ := obj.Field("spec", "forProvider", "manifest").(map[string]any)
	m := composed.JSON(manifest)
	name := text(m, "metadata", "name")
	if ns := text(m, "metadata", "namespace"); ns != "" {
		name = ns + "/" + name
	}
	out := fmt.Sprintf("%s %s", text(m, "kind"), name)
	if listeners := listenerWords(m); listeners != "" {
		out += " " + listeners
	}
	return out
}

func listenerWords(m composed.JSON) string {
	list, _ := m.Field("spec", "listeners").([]any)
	var words []string
	for _, item := range list {
		l, _ := item.(map[string]any)
		word := fmt.Sprintf("%v:%v", l["protocol"], l["port"])
		if host, ok := l["hostname"].(string); ok {
			word += " " + host
		}
		words = append(words, word)
	}
	if len(words) == 0 {
		return ""
	}
	return "[" + strings.Join(words, ", ") + "]"
}

// describePool says how large a node pool is, on whatever cloud.
func describePool(kind string, r composed.Resource) string {
	obj := composed.JSON(r.Object)
	find := func(paths ...string) string {
		for _, path := range paths {
			if v := obj.Field(append([]string{"spec", "forProvider"}, strings.Split(path, ".")...)...); v != nil {
				if list, ok := v.([]any); ok && len(list) > 0 {
					v = list[0]
				}
				return fmt.Sprint(v)
			}
		}
		return "?"
	}
	return fmt.Sprintf("%s %s: %s to %s × %s", kind, text(obj, "metadata", "name"),
		find("scalingConfig.minSize", "autoscaling.minNodeCount", "defaultNodePool.minCount", "minCount"),
		find("scalingConfig.maxSize", "autoscaling.maxNodeCount", "defaultNodePool.maxCount", "maxCount"),
		find("instanceTypes", "nodeConfig.machineType", "defaultNodePool.vmSize", "vmSize"))
}

func text(obj composed.JSON, path ...string) string {
	s, _ := obj.Field(path...).(string)
	return s
}
