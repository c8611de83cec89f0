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
