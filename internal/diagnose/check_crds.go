package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// Annotations of the CRDs of the Gateway API.
// https://gateway-api.sigs.k8s.io/concepts/versioning/
const (
	bundleVersion = "gateway.networking.k8s.io/bundle-version"
	bundleChannel = "gateway.networking.k8s.io/channel"
	gatewayGroup  = "gateway.networking.k8s.io"
)

// envoyGateway is the Deployment of Envoy Gateway in this cluster; nil if there is none.
// Its chart labels it with its version.
func (x *scene) envoyGateway() *topology.Workload {
	for _, d := range x.Objects.Deployments.All() {
		if d.Labels["app.kubernetes.io/name"] == "gateway-helm" && d.Labels["app.kubernetes.io/version"] != "" {
			return d
		}
	}
	return nil
}

func deploymentObject(w *topology.Workload) Object {
	return Object{appsAPI, "Deployment", w.Namespace, w.Name}
}

// needed are the kinds that Envoy Gateway cannot do without. ListenerSet came with
// Gateway API 1.5.
func needed(row catalog.SupportedVersion) []string {
	out := []string{"gatewayclasses", "gateways", "grpcroutes", "httproutes", "referencegrants"}
	if !older(row.GatewayAPI, "v1.5.0") {
		out = append(out, "listenersets")
	}
	return out
}

// older says that a version is of an older minor version than another one.
func older(a, b string) bool {
	va, errA := semver.NewVersion(a)
	vb, errB := semver.NewVersion(b)
	if errA != nil || errB != nil {
		return false
	}
	return va.Major() < vb.Major() || va.Major() == vb.Major() && va.Minor() < vb.Minor()
}

func installURL(version, channel string) string {
	if channel != "experimental" {
		channel = "standard"
	}
	return fmt.Sprintf("https://github.com/kubernetes-sigs/gateway-api/releases/download/%s/%s-install.yaml", version, channel)
}

func gatewayAPIMissing() Check {
	return Check{"gateway-api-missing", "a controller without the CRDs of the Gateway API", Error, func(x *scene) []Finding {
		controller := x.envoyGateway()
		if controller == nil || !x.Sees("CustomResourceDefinition", "") {
			return nil
		}
		row, known := x.compat.EnvoyGateway.Of(controller.Labels["app.kubernetes.io/version"])
		if !known {
			return nil
		}
		if len(x.outdated(row)) > 0 {
			return nil // older ones lack kinds, too: newer ones bring them
		}
		var missing []string
		channel := ""
		for _, plural := range needed(row) {
			crd := x.Objects.CRDs.Get("", plural+"."+gatewayGroup)
			if crd == nil {
				missing = append(missing, plural)
				continue
			}
			channel = crd.Annotations[bundleChannel]
		}
		if len(missing) == 0 {
			return nil
		}
		return []Finding{{
			Object:  deploymentObject(controller),
			Problem: fmt.Sprintf("Envoy Gateway %s needs the CRDs of %s in group %s, which are not installed.", row.Version, list(missing), gatewayGroup),
			Why:     "Nobody can create such objects, and a controller that waits for their kinds does not start.",
			Fix:     do("Install the CRDs of the release that Envoy Gateway is built for.", applyURL(installURL(row.GatewayAPI, channel))),
		}}
	}}
}

func gatewayAPIOutdated() Check {
	return Check{"gateway-api-outdated", "CRDs of the Gateway API that are older than the controller needs", Error, func(x *scene) []Finding {
		controller := x.envoyGateway()
		if controller == nil {
			return nil
		}
		row, known := x.compat.EnvoyGateway.Of(controller.Labels["app.kubernetes.io/version"])
		if !known {
			return nil
		}
		old := x.outdated(row)
		if len(old) == 0 {
			return nil
		}
		var names []string
		for _, crd := range old {
			names = append(names, strings.TrimSuffix(crd.Name, "."+gatewayGroup))
		}
		version := old[0].Annotations[bundleVersion]
		return []Finding{{
			Object:  Object{"apiextensions.k8s.io/v1", "CustomResourceDefinition", "", old[0].Name},
			Field:   "metadata.annotations[" + bundleVersion + "]",
			Problem: fmt.Sprintf("The CRDs of %s are of Gateway API %s; Envoy Gateway %s is built for %s.", strings.Join(names, ", "), version, row.Version, row.GatewayAPI),
			Why:     "The controller reads kinds, versions and fields that they do not have: it does not start, or what is set is dropped without a word.",
			Fix:     do("Install the CRDs of the release that Envoy Gateway is built for.", applyURL(installURL(row.GatewayAPI, old[0].Annotations[bundleChannel]))),
		}}
	}}
}

// outdated are the CRDs that are older than Envoy Gateway is built for, the oldest first.
func (x *scene) outdated(row catalog.SupportedVersion) []*metav1.PartialObjectMetadata {
	var out []*metav1.PartialObjectMetadata
	for _, crd := range x.Objects.CRDs.All() {
		plural, ours := strings.CutSuffix(crd.Name, "."+gatewayGroup)
		if ours && older(crd.Annotations[bundleVersion], row.GatewayAPI) && slices.Contains(needed(row), plural) {
			out = append(out, crd)
		}
	}
	slices.SortStableFunc(out, func(a, b *metav1.PartialObjectMetadata) int {
		switch {
		case older(a.Annotations[bundleVersion], b.Annotations[bundleVersion]):
			return -1
		case older(b.Annotations[bundleVersion], a.Annotations[bundleVersion]):
			return 1
		}
		return 0
	})
	return out
}

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
