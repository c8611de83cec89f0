package v2

import (
	"maps"
	"reflect"
	"regexp"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// A namedApp is an app that is a Helm chart, under its name in the API.
type namedApp struct {
	Name string
	App  *App
}

// charts lists every app that is a Helm chart, by what its type is or embeds.
func (a *Apps) charts() []namedApp {
	var out []namedApp
	fields := map[string]reflect.Value{}
	jsonFields(reflect.ValueOf(a).Elem(), fields)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		field := fields[name]
		if embedded := field.FieldByName("App"); embedded.IsValid() {
			field = embedded
		}
		if app, ok := reflect.TypeAssert[*App](field.Addr()); ok {
			out = append(out, namedApp{name, app})
		}
	}
	return out
}

// imageTag is the tag of an image, by the OCI distribution specification.
var imageTag = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)

func (a *Apps) validate(path *field.Path, provider Provider) field.ErrorList {
	var errs field.ErrorList
	for _, app := range a.charts() {
		errs = append(errs, validateVersion(path.Child(app.Name, "version"), app.App.Version)...)
	}
	keda := path.Child("keda")
	errs = append(errs, validateVersion(keda.Child("httpAddOn", "version"), a.KEDA.HTTPAddOn.Version)...)
	for i, ns := range a.KEDA.RouteNamespaces {
		errs = append(errs, valid(keda.Child("routeNamespaces").Index(i), ns, dnsLabel())...)
	}
	if v := a.VLLM.Version; v != "" && !imageTag.MatchString(v) {
		errs = append(errs, field.Invalid(path.Child("vllm", "version"), v, "must be the tag of an image"))
	}
	errs = append(errs, a.ArgoCD.AdminPasswordHashSecretRef.validate(path.Child("argocd", "adminPasswordHashSecretRef"))...)
	errs = append(errs, a.ExternalSecrets.validate(path.Child("externalSecrets"), provider)...)
	return append(errs, a.EnvoyGateway.Gateway.validate(path.Child("envoyGateway", "gateway"))...)
}

func (e *ExternalSecrets) validate(path *field.Path, provider Provider) field.ErrorList {
	var errs field.ErrorList
	if e.Enabled && e.Store && provider == ProviderExisting {
		errs = append(errs, field.Forbidden(path.Child("store"), "an existing cluster has no secret store of its own: create a ClusterSecretStore named existing yourself"))
	}
	first := map[string]Secret{}
	for i, s := range e.Secrets {
		at := path.Child("secrets").Index(i)
		if s.FromSecret == "" {
			errs = append(errs, field.Required(at.Child("fromSecret"), ""))
		}
		errs = append(errs, required(at.Child("toSecret"), s.ToSecret, dnsName())...)
		errs = append(errs, required(at.Child("toNamespace"), s.ToNamespace, dnsLabel())...)
		if before, ok := first[s.ToSecret]; ok && before != s {
			// Both would be composed under one name, and one of them lost.
			errs = append(errs, field.Duplicate(at.Child("toSecret"), s.ToSecret))
		}
		first[s.ToSecret] = s
	}
	return errs
}

func (g *Gateway) validate(path *field.Path) field.ErrorList {
	if g == nil {
		return nil
	}
	var errs field.ErrorList
	for _, key := range slices.Sorted(maps.Keys(g.Annotations)) {
		errs = append(errs, valid(path.Child("annotations").Key(key), key, annotationKey())...)
	}
	if g.HTTPS == nil && len(g.Hostnames) > 0 {
		errs = append(errs, field.Required(path.Child("https"), "hostnames needs it: the http listener accepts every hostname already"))
	}
	seen := map[string]bool{}
	if g.HTTPS != nil {
		errs = append(errs, g.HTTPS.validate(path.Child("https"))...)
		seen[g.HTTPS.Hostname] = true
	}
	for i, host := range g.Hostnames {
		at := path.Child("hostnames").Index(i)
		if seen[host] {
			errs = append(errs, field.Duplicate(at, host))
			continue
		}
		seen[host] = true
		errs = append(errs, required(at, host, hostname())...)
	}
	return errs
}

func (h *HTTPSListener) validate(path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if h.Hostname != "" {
		errs = append(errs, valid(path.Child("hostname"), h.Hostname, hostname())...)
	}
	if (len(h.CertificateRefs) > 0) == (h.IssuerRef != nil) {
		errs = append(errs, field.Required(path.Child("certificateRefs"), "give certificateRefs or issuerRef, one of the two"))
	}
	for i, ref := range h.CertificateRefs {
		at := path.Child("certificateRefs").Index(i)
		errs = append(errs, required(at.Child("name"), ref.Name, dnsName())...)
		if ref.Namespace != "" {
			errs = append(errs, valid(at.Child("namespace"), ref.Namespace, dnsLabel())...)
		}
	}
	if r := h.IssuerRef; r != nil {
		at := path.Child("issuerRef")
		errs = append(errs, required(at.Child("name"), r.Name, dnsName())...)
		if r.Kind != "Issuer" && r.Kind != "ClusterIssuer" {
			errs = append(errs, field.NotSupported(at.Child("kind"), r.Kind, []string{"ClusterIssuer", "Issuer"}))
		}
		if h.Hostname == "" {
			errs = append(errs, field.Required(path.Child("hostname"), "issuerRef needs it: cert-manager issues certificates for the hostnames of listeners"))
		}
	}
	return errs
}
