package migrate

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	// gkeInternal is the class of load balancers that are reached from inside only.
	// https://cloud.google.com/kubernetes-engine/docs/how-to/internal-load-balance-ingress
	gkeInternal              = "gce-internal"
	backendConfigAnnotation  = "cloud.google.com/backend-config"
	frontendConfigAnnotation = "networking.gke.io/v1beta1.FrontendConfig"
)

// gke is the family of GKE's Ingress. It has no prefix of its own.
// https://cloud.google.com/kubernetes-engine/docs/how-to/load-balance-ingress#summary_of_external_ingress_annotations
func gke() *family {
	const address = "the name of a reserved address of Google Cloud"
	return &family{
		name:       "GKE Ingress",
		controller: "gke",
		pathOf:     wildcards,
		settle:     gkeSettle,
		others: slices.Concat(
			each(gkeAllowHTTP, "kubernetes.io/ingress.allow-http"),
			each(func(r *reading) {
				if !r.is("gke") {
					r.lost("it is "+address, "point the names to the new address, or see how the Gateway's controller is given one")
					return
				}
				r.site.want.address = r.value
				r.translated(r.site.gatewayPlace("spec.addresses"))
			}, "kubernetes.io/ingress.global-static-ip-name", "kubernetes.io/ingress.regional-static-ip-name"),
			each(func(r *reading) {
				if !r.is("gke") {
					r.lost("the key of a certificate of Google Cloud never leaves it", "let cert-manager issue one: add spec.tls with a Secret to the Ingress, and annotate it with cert-manager.io/cluster-issuer")
					return
				}
				r.site.want.preShared = r.value
				r.translated(r.site.gatewayPlace("spec.listeners[].tls.options"))
			}, "ingress.gcp.kubernetes.io/pre-shared-cert"),
			each(func(r *reading) {
				do := "let cert-manager issue one: add spec.tls with a Secret to the Ingress, and annotate it with cert-manager.io/cluster-issuer"
				if r.is("gke") {
					do = "make a certificate map with Certificate Manager, and name it with the annotation networking.gke.io/certmap of the Gateway"
				}
				r.lost("a Gateway does not take a ManagedCertificate", do)
			}, "networking.gke.io/managed-certificates"),
			each(gkeFrontendConfig, frontendConfigAnnotation),
			each(gkeBackendConfig, backendConfigAnnotation, "beta."+backendConfigAnnotation),
			each(func(r *reading) {
				r.notNeeded("a Gateway always sends to pods, without going through nodes")
			}, "cloud.google.com/neg"),
			each(func(r *reading) {
				switch {
				case strings.Contains(strings.ToUpper(r.value), "HTTPS"):
					r.backendTLS()
				case strings.Contains(strings.ToUpper(r.value), "HTTP2"):
					r.h2c()
				default:
					r.notNeeded("it is what a gateway speaks")
				}
			}, "cloud.google.com/app-protocols"),
			unneeded("the controller has written it", "ingress.kubernetes.io/backends", "ingress.kubernetes.io/forwarding-rule", "ingress.kubernetes.io/https-forwarding-rule",
				"ingress.kubernetes.io/https-target-proxy", "ingress.kubernetes.io/target-proxy", "ingress.kubernetes.io/url-map", "ingress.kubernetes.io/ssl-cert",
				"ingress.kubernetes.io/redirect-url-map", "ingress.kubernetes.io/static-ip", "ingress.gcp.kubernetes.io/pre-shared-certs-status", "cloud.google.com/neg-status"),
		),
	}
}

// gkeSettle: what was reached from inside only must not be public.
func gkeSettle(m *migration, s *site) {
	if s.class != gkeInternal || m.options.Gateway != nil || m.gatewayClass(s) == "gke-l7-rilb" {
		return
	}
	s.lost("(class) "+gkeInternal, "", "the load balancer was reached from inside only, and what a Gateway of class "+m.gatewayClass(s)+" gets may be public",
		"before anything else: see how its controller is given an internal load balancer")
}

func gkeAllowHTTP(r *reading) {
	if !strings.EqualFold(r.value, "false") {
		r.notNeeded("HTTP is served")
		return
	}
	if !r.site.hasTLS() {
		r.lost("then nothing would be left: the certificate is not in a Secret", "add spec.tls with a Secret to the Ingress")
		return
	}
	r.site.want.hideHTTP = true
	r.translated(r.site.gatewayPlace("spec.listeners"))
}

// gkeFrontendConfig: https://cloud.google.com/kubernetes-engine/docs/how-to/ingress-configuration#configuring_ingress_features_through_frontendconfig_parameters
func gkeFrontendConfig(r *reading) {
	u := r.other("FrontendConfig", Name{r.site.ingress.Namespace, r.value})
	if u == nil {
		r.lost("FrontendConfig "+r.value+" is not in the input", "give it with the Ingress")
		return
	}
	var to []Place
	if policy, _, _ := unstructured.NestedString(u.Object, "spec", "sslPolicy"); policy != "" {
		if !r.is("gke") {
			r.lost("sslPolicy is the name of a policy of Google Cloud", "see the TLS settings of the Gateway's controller")
			return
		}
		r.site.want.sslPolicy = policy
		to = append(to, Place{Ref{"GCPGatewayPolicy", r.site.ingress.Namespace, r.gatewayName(r.site).Name}, "spec.default.sslPolicy"})
	}
	if on, _, _ := unstructured.NestedBool(u.Object, "spec", "redirectToHttps", "enabled"); on {
		if !r.site.hasTLS() {
			r.lost("it redirects to HTTPS, and the certificate is not in a Secret", "add spec.tls with a Secret to the Ingress")
			return
		}
		name, _, _ := unstructured.NestedString(u.Object, "spec", "redirectToHttps", "responseCodeName")
		code := map[string]int{"FOUND": 302, "SEE_OTHER": 303, "TEMPORARY_REDIRECT": 307, "PERMANENT_REDIRECT": 308}[name]
		r.site.want.https = max(301, code)
		to = append(to, r.site.redirectPlaces()...)
	}
	if len(to) == 0 {
		r.notNeeded("it says nothing")
		return
	}
	r.translated(to...)
}

// gkeBackendConfig: https://cloud.google.com/kubernetes-engine/docs/how-to/ingress-configuration#configuring_ingress_features_through_backendconfig_parameters
// It is one for a Service, so what stands on all of them has to be the same.
func gkeBackendConfig(r *reading) {
	configs := r.backendConfigs(r.site.ingress.Namespace, map[string]string{backendConfigAnnotation: r.value})
	if len(configs) == 0 {
		r.lost("its BackendConfig is not in the input", "give it with the Ingress")
		return
	}
	for _, name := range r.site.services() {
		if svc := r.service(Name{r.site.ingress.Namespace, name}); len(configs) > 1 || svc == nil || svc.Annotations[backendConfigAnnotation] != r.value {
			r.lost("the Services of the Ingress have several of them", "write a GCPBackendPolicy for each Service")
			return
		}
	}
	spec := configs[0].Spec
	var to []Place
	var missing []string
	for _, field := range sortedKeys(spec) {
		places, ok := r.backendConfigField(spec, field)
		if !ok {
			missing = append(missing, field)
			continue
		}
		to = append(to, places...)
	}
	if len(missing) == 0 {
		r.translated(compactPlaces(slices.Concat(r.site.plan.places, to))...)
		r.note(r.site.plan.note)
		return
	}
	why := "BackendConfig " + configs[0].Name + " sets " + joinWords(missing)
	if slices.Contains(missing, "iap") || slices.Contains(missing, "securityPolicy") {
		why += ": callers were kept out, and " + everybody
	}
	do := "find a policy of the Gateway's controller that does it"
	if r.is("gke") {
		do = "see what a Gateway has instead: https://cloud.google.com/kubernetes-engine/docs/how-to/configure-gateway-resources"
	}
	r.partly(why, do, compactPlaces(to)...)
}

// backendConfigField says one field of a BackendConfig; false if nothing does.
func (r *reading) backendConfigField(spec map[string]any, field string) ([]Place, bool) {
	fields, _ := spec[field].(map[string]any)
	switch {
	case field == "timeoutSec":
		return nil, r.site.plan.missing == ""
	case !r.is("gke"):
		return nil, field == "healthCheck" || field == "connectionDraining" // endpoints and their probes do that
	case field == "securityPolicy":
		return r.site.set(gcpBackendPolicy, fields["name"], "default", "securityPolicy"), fields["name"] != nil
	case field == "connectionDraining":
		return r.site.set(gcpBackendPolicy, fields["drainingTimeoutSec"], "default", "connectionDraining", "drainingTimeoutSec"), fields["drainingTimeoutSec"] != nil
	case field == "logging":
		return r.site.set(gcpBackendPolicy, fields["enable"], "default", "logging", "enabled"), fields["enable"] != nil
	case field == "healthCheck":
		return r.healthCheck(fields)
	case field == "sessionAffinity":
		return r.sessionAffinity(fields)
	}
	return nil, false
}

// sessionAffinity of https://cloud.google.com/kubernetes-engine/docs/how-to/configure-gateway-resources#session_affinity
func (r *reading) sessionAffinity(fields map[string]any) ([]Place, bool) {
	kind := text(fields["affinityType"])
	if kind == "NONE" || kind == "" {
		return nil, true
	}
	if kind != "CLIENT_IP" && kind != "GENERATED_COOKIE" {
		return nil, false
	}
	to := r.site.set(gcpBackendPolicy, kind, "default", "sessionAffinity", "type")
	if ttl, found := fields["affinityCookieTtlSec"]; found && kind == "GENERATED_COOKIE" {
		to = append(to, r.site.set(gcpBackendPolicy, ttl, "default", "sessionAffinity", "cookieTtlSec")...)
	}
	return to, true
}

// healthCheck of https://cloud.google.com/kubernetes-engine/docs/how-to/configure-gateway-resources#configure_health_check
func (r *reading) healthCheck(fields map[string]any) ([]Place, bool) {
	if kind, _ := fields["type"].(string); kind != "" && kind != "HTTP" {
		return nil, false
	}
	var to []Place
	for _, field := range sortedKeys(fields) {
		target, found := map[string][]string{
			"checkIntervalSec":   {"default", "checkIntervalSec"},
			"timeoutSec":         {"default", "timeoutSec"},
			"healthyThreshold":   {"default", "healthyThreshold"},
			"unhealthyThreshold": {"default", "unhealthyThreshold"},
			"type":               {"default", "config", "type"},
			"port":               {"default", "config", "httpHealthCheck", "port"},
			"requestPath":        {"default", "config", "httpHealthCheck", "requestPath"},
		}[field]
		if !found {
			return nil, false
		}
		to = append(to, r.site.set(healthCheckPolicy, fields[field], target...)...)
	}
	r.site.set(healthCheckPolicy, "HTTP", "default", "config", "type")
	return to, true
}
