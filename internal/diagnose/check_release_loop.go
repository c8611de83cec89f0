package diagnose

import (
	"fmt"
	"strings"
)

// An oci:// url overrides the version, and is never compared with it.
// https://github.com/crossplane-contrib/provider-helm/issues/130
func releaseLoop() Check {
	return Check{"release-loop", "a Release that is upgraded again and again: an oci:// url without tag beside a version", Error, func(x *scene) []Finding {
		var out []Finding
		for _, r := range x.Objects.Other("Release") {
			url := digText(r, "spec", "forProvider", "chart", "url")
			version := digText(r, "spec", "forProvider", "chart", "version")
			path, oci := strings.CutPrefix(url, "oci://")
			i := strings.LastIndex(path, "/")
			if !oci || i < 0 || version == "" || strings.ContainsAny(path[i:], ":@") {
				continue
			}
			out = append(out, Finding{
				Object: objectOfU(r), Field: "spec.forProvider.chart.url",
				Problem: fmt.Sprintf("The url has no tag, so the newest chart is installed; it is compared with version %s, which it is not.", version),
				Why:     "The provider upgrades the release on every poll, to a version that nobody asked for.",
				Fix: do("Name repository, chart and version.", merge(objectOfU(r), map[string]any{"spec": map[string]any{"forProvider": map[string]any{"chart": map[string]any{
					"url": nil, "repository": "oci://" + path[:i], "name": path[i+1:], "version": version,
				}}}})),
			})
		}
		return out
	}}
}
