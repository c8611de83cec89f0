package v2

import (
	"fmt"
	"strings"

	"github.com/Masterminds/semver/v3"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Validate returns everything that is wrong with a decoded Cluster, each with
// its field path and what would be right. It wants defaults to be applied. What
// running clusters use is never an error: see Doubts.
func (c *Cluster) Validate() field.ErrorList {
	errs := c.validateIdentity()
	errs = append(errs, c.validateProvider()...)
	path := field.NewPath("spec", "parameters")
	p := c.Spec.Parameters
	if p == nil {
		return append(errs, field.Required(path, "the parameters of the cluster"))
	}
	errs = append(errs, p.validateNodes(path)...)
	errs = append(errs, p.validateSources(path)...)
	errs = append(errs, p.validateCreds(path)...)
	return append(errs, p.Apps.validate(path.Child("apps"), c.Provider())...)
}

func (c *Cluster) validateIdentity() field.ErrorList {
	var errs field.ErrorList
	if c.APIVersion != APIVersion {
		errs = append(errs, field.NotSupported(field.NewPath("apiVersion"), c.APIVersion, []string{APIVersion}))
	}
	if c.Kind != Kind {
		errs = append(errs, field.NotSupported(field.NewPath("kind"), c.Kind, []string{Kind}))
	}
	meta := field.NewPath("metadata")
	errs = append(errs, required(meta.Child("name"), c.Name, dnsName())...)
	return append(errs, required(meta.Child("namespace"), c.Namespace, dnsLabel())...)
}

func (c *Cluster) validateProvider() field.ErrorList {
	path := field.NewPath("spec", "crossplane", "compositionSelector", "matchLabels", "provider")
	byLabel, byRef := c.Spec.Crossplane.selected()
	switch {
	case byLabel == "" && byRef == "":
		return field.ErrorList{field.Required(path, "the provider of the cluster: one of "+strings.Join(ProviderNames(), ", "))}
	case byLabel != "" && !byLabel.Valid():
		return field.ErrorList{field.NotSupported(path, string(byLabel), ProviderNames())}
	case byLabel != "" && byRef != "" && byLabel != byRef:
		return field.ErrorList{field.Invalid(path, string(byLabel), fmt.Sprintf("must be %q, the provider of the Composition in spec.crossplane.compositionRef", byRef))}
	}
	return nil
}

func (p *Parameters) validateNodes(path *field.Path) field.ErrorList {
	errs := validateSize(path.Child("nodeSize"), p.NodeSize)
	errs = append(errs, validateCount(path.Child("minNodeCount"), p.MinNodeCount, MaxNodeCount)...)
	for i, ns := range p.Namespaces {
		errs = append(errs, valid(path.Child("namespaces").Index(i), ns, dnsLabel())...)
	}
	g := p.GPU
	if g == nil {
		return errs
	}
	gpu := path.Child("gpu")
	errs = append(errs, validateSize(gpu.Child("nodeSize"), g.NodeSize)...)
	if *g.MaxNodeCount < 1 {
		errs = append(errs, field.Invalid(gpu.Child("maxNodeCount"), *g.MaxNodeCount, "must be at least 1"))
	}
	return append(errs, validateCount(gpu.Child("minNodeCount"), g.MinNodeCount, max(1, *g.MaxNodeCount))...)
}

func validateSize(path *field.Path, size NodeSize) field.ErrorList {
	switch size {
	case Small, Medium, Large:
		return nil
	default:
		return field.ErrorList{field.NotSupported(path, size, []NodeSize{Small, Medium, Large})}
	}
}

func validateCount(path *field.Path, n *int64, most int64) field.ErrorList {
	if n == nil || (*n >= 0 && *n <= most) {
		return nil
	}
	return field.ErrorList{field.Invalid(path, *n, fmt.Sprintf("must be from 0 to %d, the maximum of the node pool", most))}
}

func (p *Parameters) validateSources(path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if p.Region != "" {
		errs = append(errs, valid(path.Child("region"), p.Region, regionName())...)
	}
	if e := p.Existing; e != nil {
		at := path.Child("existing")
		if e.InCluster && e.KubeconfigSecretRef != nil {
			errs = append(errs, field.Forbidden(at.Child("inCluster"), "give kubeconfigSecretRef or inCluster, not both"))
		}
		errs = append(errs, e.KubeconfigSecretRef.validate(at.Child("kubeconfigSecretRef"))...)
	}
	if ch := p.Charts; ch != nil {
		at := path.Child("charts")
		if ch.Mirror != "" {
			errs = append(errs, validateMirror(at.Child("mirror"), ch.Mirror)...)
		}
		if ch.PullSecretRef != nil {
			errs = append(errs, required(at.Child("pullSecretRef", "name"), ch.PullSecretRef.Name, dnsName())...)
		}
	}
	return errs
}

func (r *SecretKeyRef) validate(path *field.Path) field.ErrorList {
	if r == nil {
		return nil
	}
	errs := required(path.Child("name"), r.Name, dnsName())
	if r.Key != "" {
		errs = append(errs, valid(path.Child("key"), r.Key, secretKey())...)
	}
	return errs
}

// validateMirror accepts what provider-helm takes as chart.repository. User
// information would end up readable in every Release, so it is refused, and not
// repeated.
func validateMirror(path *field.Path, mirror string) field.ErrorList {
	_, rest, ok := strings.Cut(mirror, "://")
	scheme := strings.TrimSuffix(mirror, "://"+rest)
	known := scheme == "oci" || scheme == "https" || scheme == "http"
	if ok && known && rest != "" && !strings.HasPrefix(rest, "/") && !strings.ContainsAny(rest, "@?# \t\n") {
		return nil
	}
	return field.ErrorList{field.Invalid(path, field.OmitValueType{}, "must be oci://HOST/PATH or https://HOST/PATH, without user, tag or query")}
}

func (p *Parameters) validateCreds(path *field.Path) field.ErrorList {
	at := path.Child("creds")
	es := p.Apps.ExternalSecrets
	if p.Creds == nil {
		if es.Enabled && es.Store {
			return field.ErrorList{field.Required(at, "apps.externalSecrets.store needs the secret with the credentials of the store")}
		}
		return nil
	}
	errs := required(at.Child("name"), p.Creds.Name, dnsName())
	errs = append(errs, required(at.Child("namespace"), p.Creds.Namespace, dnsLabel())...)
	if p.Creds.Keys == nil {
		errs = append(errs, field.Required(at.Child("keys"), "the keys in the secret"))
	}
	for i, key := range p.Creds.Keys {
		errs = append(errs, valid(at.Child("keys").Index(i), key, secretKey())...)
	}
	return errs
}

// validateVersion wants an exact version: a range would let provider-helm
// install another chart than the one that was asked for.
func validateVersion(path *field.Path, version string) field.ErrorList {
	if version == "" {
		return nil
	}
	if _, err := semver.StrictNewVersion(strings.TrimPrefix(version, "v")); err != nil {
		return field.ErrorList{field.Invalid(path, version, "must be the exact version of a chart, for example 1.2.3")}
	}
	return nil
}
