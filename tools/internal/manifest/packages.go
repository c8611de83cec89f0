package manifest

import (
	"strings"

	pkgmetav1 "github.com/crossplane/crossplane/apis/v2/pkg/meta/v1"
	xppkgv1 "github.com/crossplane/crossplane/apis/v2/pkg/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Where our own packages are published.
const (
	ConfigurationPackage = "ghcr.io/gatehouse-platform/configuration-gatehouse"
	FunctionPackage      = "ghcr.io/gatehouse-platform/function-gatehouse"
)

// What packages and images say of where they come from.
const (
	Source  = "https://github.com/gatehouse-platform/gatehouse"
	License = "Apache-2.0"
)

// CommunityProviders is where the packages of the cloud providers come from
// unless the generator is told otherwise. There are two publishers of the same
// code with the same CRDs, of which a control plane can have only one: the
// second one's provider cannot take over the CRDs of the first and never gets
// healthy. The community's is the default because
//
//   - clusters that run today have it: the Configuration that they come from
//     depends on it since it defines Cluster (vfarcic/crossplane-kubernetes
//     kcl/crossplane.k @7152a965; its earlier files, which define ClusterClaim,
//     depend on xpkg.upbound.io/upbound);
//   - every version of it stays available to everybody. Of Upbound's packages
//     only the latest one does without a subscription
//     (docs.upbound.io/providers/policies), so what was installed yesterday
//     cannot be pulled tomorrow.
//
// Who has Upbound's providers builds this package with UpboundProviders, or sets
// skipDependencyResolution on the Configuration.
const (
	CommunityProviders = "xpkg.crossplane.io/crossplane-contrib"
	UpboundProviders   = "xpkg.upbound.io/upbound"
)

const autoReadyPackage = "xpkg.crossplane.io/crossplane-contrib/function-auto-ready"

// anyCrossplane2 takes previews too (-0): platforms with their own builds of
// Crossplane have versions such as 2.3.4-up.1.
const anyCrossplane2 = ">=v2.0.0-0"

// A provider is a package of a cloud provider that we compose resources of.
type provider struct {
	name string
	// Groups are the API groups of the composed resources that it serves.
	groups []string
	// Constraint on its version. The lower end is the first that we know to serve
	// the resources, the upper end the first major version that nobody has seen: a
	// new major version may stop serving what clusters are made of.
	constraint string
}

// The families' packages (provider-family-azure and so on) are not here. Every
// package of a family depends on the one of its own publisher; naming one more
// could only name the wrong publisher's.
func cloudProviders() []provider {
	return []provider{
		{name: "provider-aws-eks", groups: []string{"eks.aws.m.upbound.io"}, constraint: ">=v2.3.0, <v3.0.0"},
		{name: "provider-aws-ec2", groups: []string{"ec2.aws.m.upbound.io"}, constraint: ">=v2.3.0, <v3.0.0"},
		{name: "provider-aws-iam", groups: []string{"iam.aws.m.upbound.io"}, constraint: ">=v2.3.0, <v3.0.0"},
		{name: "provider-azure-containerservice", groups: []string{"containerservice.azure.m.upbound.io", "azure.m.upbound.io"}, constraint: ">=v2.3.0, <v3.0.0"},
		{name: "provider-gcp-container", groups: []string{"container.gcp.m.upbound.io", "gcp.m.upbound.io"}, constraint: ">=v2.3.0, <v4.0.0"},
	}
}

func clusterProviders() []provider {
	return []provider{
		{name: "provider-helm", groups: []string{"helm.m.crossplane.io"}, constraint: ">=v1.0.0, <v2.0.0"},
		{name: "provider-kubernetes", groups: []string{"kubernetes.m.crossplane.io"}, constraint: ">=v1.0.0, <v2.0.0"},
	}
}

func dependencies(o Options) []pkgmetav1.Dependency {
	var deps []pkgmetav1.Dependency
	for _, p := range cloudProviders() {
		deps = append(deps, dependency(xppkgv1.ProviderKind, o.Providers+"/"+p.name, p.constraint))
	}
	for _, p := range clusterProviders() {
		deps = append(deps, dependency(xppkgv1.ProviderKind, CommunityProviders+"/"+p.name, p.constraint))
	}
	return append(deps,
		dependency(xppkgv1.FunctionKind, autoReadyPackage, ">=v0.5.0, <v1.0.0"),
		// A function that is older than the XRD would not know all of its fields.
		dependency(xppkgv1.FunctionKind, FunctionPackage, ">="+o.Version),
	)
}

// dependency has the form that Crossplane knows since before version 2; the
// older one is deprecated.
func dependency(kind, pkg, constraint string) pkgmetav1.Dependency {
	return pkgmetav1.Dependency{
		APIVersion: new(xppkgv1.SchemeGroupVersion.String()),
		Kind:       new(kind),
		Package:    new(pkg),
		Version:    constraint,
	}
}

func configuration(o Options) *pkgmetav1.Configuration {
	return &pkgmetav1.Configuration{
		TypeMeta: metav1.TypeMeta{APIVersion: pkgmetav1.SchemeGroupVersion.String(), Kind: pkgmetav1.ConfigurationKind},
		ObjectMeta: metav1.ObjectMeta{
			Name: "gatehouse",
			Annotations: annotations(
				"Kubernetes clusters on EKS, AKS, GKE or anywhere, with a front door.",
				`Defines Cluster: a Kubernetes cluster on EKS, AKS or GKE, or one that exists
already, with the apps that are switched on (Envoy Gateway, KEDA, Prometheus,
Argo CD and more) installed and wired together.
`,
			),
		},
		Spec: pkgmetav1.ConfigurationSpec{MetaSpec: pkgmetav1.MetaSpec{
			Crossplane: &pkgmetav1.CrossplaneConstraints{Version: anyCrossplane2},
			DependsOn:  dependencies(o),
		}},
	}
}

func function() *pkgmetav1.Function {
	return &pkgmetav1.Function{
		TypeMeta: metav1.TypeMeta{APIVersion: pkgmetav1.SchemeGroupVersion.String(), Kind: pkgmetav1.FunctionKind},
		ObjectMeta: metav1.ObjectMeta{
			Name: "function-gatehouse",
			Annotations: annotations(
				"Composes the Clusters of Gatehouse.",
				`Composes the resources of a Cluster. It is of use only with the Configuration
gatehouse, which depends on it.
`,
			),
		},
		Spec: pkgmetav1.FunctionSpec{MetaSpec: pkgmetav1.MetaSpec{
			Crossplane:   &pkgmetav1.CrossplaneConstraints{Version: anyCrossplane2},
			Capabilities: []string{pkgmetav1.FunctionCapabilityComposition},
		}},
	}
}

func annotations(description, readme string) map[string]string {
	return map[string]string{
		"meta.crossplane.io/maintainer":  "The Gatehouse maintainers",
		"meta.crossplane.io/source":      Source,
		"meta.crossplane.io/license":     License,
		"meta.crossplane.io/description": description,
		"meta.crossplane.io/readme":      readme,
	}
}

// InstalledName is the name of the object that Crossplane makes when it installs
// a package as a dependency: the repository without the registry, as a DNS label
// (Crossplane v2.3.4 internal/controller/pkg/resolver NewPackage).
func InstalledName(pkg string) string {
	_, repository, _ := strings.Cut(pkg, "/")
	return strings.Map(func(r rune) rune {
		if r == '/' || r == '.' {
			return '-'
		}
		return r
	}, repository)
}
