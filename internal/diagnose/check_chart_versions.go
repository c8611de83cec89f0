package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatehouse-platform/gatehouse/catalog"
)

func chartVersions() Check {
	return Check{"chart-versions", "versions of Envoy Gateway and Kubernetes that do not fit each other", Warning, func(x *scene) []Finding {
		var out []Finding
		if d := x.envoyGateway(); d != nil {
			version := d.Labels["app.kubernetes.io/version"]
			if f, bad := x.misfit(version, x.options.Kubernetes); bad {
				f.Object, f.Field = deploymentObject(d), "metadata.labels[app.kubernetes.io/version]"
				f.Fix = byHand(f.Fix.Summary + " helm upgrade does it, or apps.envoyGateway.version of the Cluster.")
				out = append(out, f)
			}
		}
		return append(out, x.misfitsOfClusters()...)
	}}
}

// misfitsOfClusters compares what a Cluster installs with the version that it asks for.
func (x *scene) misfitsOfClusters() []Finding {
	var out []Finding
	for _, c := range x.Clusters() {
		version := digText(c, "spec", "parameters", "apps", "envoyGateway", "version")
		for _, r := range x.Objects.Other("Release") {
			if version == "" && r.GetNamespace() == c.GetNamespace() && r.GetLabels()["crossplane.io/composite"] == c.GetName() &&
				digText(r, "spec", "forProvider", "chart", "name") == "gateway-helm" {
				version = digText(r, "spec", "forProvider", "chart", "version")
			}
		}
		f, bad := x.misfit(version, digText(c, "spec", "parameters", "version"))
		if !bad {
			continue
		}
		f.Object, f.Field = objectOfU(c), "spec.parameters.apps.envoyGateway.version"
		if to := x.release(digText(c, "spec", "parameters", "version")); to != "" {
			f.Fix = do(f.Fix.Summary, merge(f.Object, map[string]any{"spec": map[string]any{"parameters": map[string]any{
				"apps": map[string]any{"envoyGateway": map[string]any{"version": to}},
			}}}))
		}
		out = append(out, f)
	}
	return out
}

func (x *scene) misfit(envoyGateway, kubernetes string) (Finding, bool) {
	row, known := x.compat.EnvoyGateway.Of(envoyGateway)
	minor := catalog.Minor(kubernetes)
	if !known || minor == "" || slices.Contains(row.Kubernetes, minor) {
		return Finding{}, false
	}
	fix := "Move to a version of Kubernetes that it supports: " + strings.Join(row.Kubernetes, ", ") + "."
	if to := x.release(kubernetes); to != "" {
		fix = fmt.Sprintf("Move Envoy Gateway to %s, which supports Kubernetes %s.", to, minor)
	}
	return Finding{
		Problem: fmt.Sprintf("Envoy Gateway %s supports Kubernetes %s, and the cluster runs %s.", row.Version, strings.Join(row.Kubernetes, ", "), minor),
		Why:     "The two were never tested together: an API that one of them needs may be gone.",
		Fix:     byHand(fix),
	}, true
}

// release is the newest release of Envoy Gateway that supports a version of Kubernetes.
func (x *scene) release(kubernetes string) string {
	for _, row := range x.compat.EnvoyGateway.Versions {
		if slices.Contains(row.Kubernetes, catalog.Minor(kubernetes)) {
			return row.Release
		}
	}
	return ""
}
