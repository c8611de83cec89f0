package apps

import (
	"strings"

	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

// The shared Gateway, which downstream configurations rely on.
const (
	GatewayName      = "eg"
	GatewayNamespace = "envoy-gateway-system"
	// GatewayObject is the Object that holds it.
	GatewayObject = "envoy-gateway"

	gatewayAPIVersion = "gateway.networking.k8s.io/v1"
	// certificateSecret is where cert-manager puts the certificate of the listeners.
	certificateSecret = "eg-tls" // #nosec G101 -- the name of a Secret, not a secret
)

// envoyGateway installs Envoy Gateway, its GatewayClass (the chart has none) and
// the shared Gateway.
func envoyGateway() App {
	return App{
		Name:    "envoyGateway",
		Enabled: func(a *v2.Apps) bool { return a.EnvoyGateway.Enabled },
		Parts: func(s *composed.Scope) []string {
			return []string{s.ReleaseKey("gateway-helm"), s.ObjectKey("envoy-gateway-class"), s.ObjectKey(GatewayObject)}
		},
		Resources: func(s *composed.Scope) []composed.Resource {
			eg := &s.Apps().EnvoyGateway
			out := s.Release(composed.AppRelease("gateway-helm", &eg.App, nil))
			after := []string{s.ReleaseKey("gateway-helm")}
			out = append(out, s.AppObject(composed.Object{
				Name:     "envoy-gateway-class",
				Manifest: gatewayClass(),
				After:    after,
			})...)
			return append(out, s.AppObject(composed.Object{
				Name:     GatewayObject,
				Manifest: gateway(eg.Gateway),
				After:    after,
			})...)
		},
	}
}

func gatewayClass() map[string]any {
	return map[string]any{
		"apiVersion": gatewayAPIVersion,
		"kind":       "GatewayClass",
		"metadata":   map[string]any{"name": GatewayName},
		"spec":       map[string]any{"controllerName": "gateway.envoyproxy.io/gatewayclass-controller"},
	}
}

func gateway(g *v2.Gateway) map[string]any {
	metadata := map[string]any{"name": GatewayName, "namespace": GatewayNamespace}
	listeners := []any{listener("http", "HTTP", 80)}
	if g != nil {
		if annotations := gatewayAnnotations(g); len(annotations) > 0 {
			metadata["annotations"] = annotations
		}
		listeners = append(listeners, httpsListeners(g)...)
	}
	return map[string]any{
		"apiVersion": gatewayAPIVersion,
		"kind":       "Gateway",
		"metadata":   metadata,
		"spec":       map[string]any{"gatewayClassName": GatewayName, "listeners": listeners},
	}
}

func listener(name, protocol string, port int64) map[string]any {
	return map[string]any{
		"name":          name,
		"protocol":      protocol,
		"port":          port,
		"allowedRoutes": map[string]any{"namespaces": map[string]any{"from": "All"}},
	}
}

// gatewayAnnotations are the user's, and the one by which cert-manager knows the
// issuer (https://cert-manager.io/docs/usage/gateway/).
func gatewayAnnotations(g *v2.Gateway) map[string]any {
	annotations := map[string]any{}
	if g.HTTPS != nil && g.HTTPS.IssuerRef != nil {
		key := "cert-manager.io/cluster-issuer"
		if g.HTTPS.IssuerRef.Kind == "Issuer" {
			key = "cert-manager.io/issuer"
		}
		annotations[key] = g.HTTPS.IssuerRef.Name
	}
	for key, value := range g.Annotations {
		annotations[key] = value
	}
	return annotations
}

// httpsListeners are one for the first hostname, named https, and one for each
// further hostname. Those are named after it, so that removing one does not
// rename the others, to which routes may be attached.
func httpsListeners(g *v2.Gateway) []any {
	if g.HTTPS == nil {
		return nil
	}
	out := []any{httpsListener("https", g.HTTPS.Hostname, g.HTTPS)}
	for _, host := range g.Hostnames {
		out = append(out, httpsListener("https-"+strings.Replace(host, "*", "wildcard", 1), host, g.HTTPS))
	}
	return out
}

func httpsListener(name, hostname string, h *v2.HTTPSListener) map[string]any {
	l := listener(name, "HTTPS", 443)
	if hostname != "" {
		l["hostname"] = hostname
	}
	l["tls"] = map[string]any{"mode": "Terminate", "certificateRefs": certificateRefs(h)}
	return l
}

func certificateRefs(h *v2.HTTPSListener) []any {
	if h.IssuerRef != nil {
		return []any{map[string]any{"kind": "Secret", "name": certificateSecret}}
	}
	refs := make([]any, len(h.CertificateRefs))
	for i, ref := range h.CertificateRefs {
		out := map[string]any{"kind": "Secret", "name": ref.Name}
		if ref.Kind != "" {
			out["kind"] = ref.Kind
		}
		if ref.Group != "" {
			out["group"] = ref.Group
		}
		if ref.Namespace != "" {
			out["namespace"] = ref.Namespace
		}
		refs[i] = out
	}
	return refs
}
