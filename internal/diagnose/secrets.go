package diagnose

import (
	"fmt"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// secretRef is a Secret that a listener names.
type secretRef struct {
	listener

	// at is the index in tls.certificateRefs.
	at  int
	key topology.Key
	// secret is nil if it was not seen.
	secret *topology.Secret
}

func (r secretRef) path() string { return fmt.Sprintf("tls.certificateRefs[%d]", r.at) }

// findSecretRefs are the Secrets of all listeners that end TLS.
func (x *scene) findSecretRefs() []secretRef {
	var out []secretRef
	for _, l := range x.listeners {
		if l.TLS == nil || l.TLS.Mode != nil && *l.TLS.Mode == gatewayv1.TLSModePassthrough {
			continue
		}
		for i, ref := range l.TLS.CertificateRefs {
			if deref(ref.Group) != "" || ref.Kind != nil && *ref.Kind != "Secret" {
				continue
			}
			key := topology.Key{Namespace: l.owner.Namespace, Name: string(ref.Name)}
			if ref.Namespace != nil {
				key.Namespace = string(*ref.Namespace)
			}
			out = append(out, secretRef{l, i, key, x.Objects.Secrets.Get(key.Namespace, key.Name)})
		}
	}
	return out
}

// resolved says that the controller has found everything that the listener names.
func (r secretRef) resolved() bool {
	return r.told(gatewayv1.ListenerConditionResolvedRefs).State == topology.True
}

const whyTLS = "The listener cannot answer a TLS handshake, so no client gets through."

// grant is a ReferenceGrant for objects of one kind and namespace.
func grant(from Object, namespace string, to map[string]any) map[string]any {
	return map[string]any{
		"apiVersion": grantAPI, "kind": "ReferenceGrant",
		"metadata": map[string]any{"namespace": namespace, "name": strings.ToLower(from.Kind) + "s-of-" + from.Namespace + "-to-" + text(to["name"])},
		"spec": map[string]any{
			"from": []any{map[string]any{"group": gatewayGroup, "kind": from.Kind, "namespace": from.Namespace}},
			"to":   []any{to},
		},
	}
}

// fixSecret gives a listener a certificate that fits: one that is there, or one that
// cert-manager issues into the Secret of that name.
func (x *scene) fixSecret(r secretRef, name string) Fix {
	var fitting []string
	for _, s := range x.Objects.Secrets.All() {
		if s.Namespace == r.owner.Namespace && s.Name != r.key.Name && x.serves(s, deref(r.Hostname)) {
			fitting = append(fitting, s.Name)
		}
	}
	use := func(name string) Action {
		return r.change(replace(r.pointer(fmt.Sprintf("/tls/certificateRefs/%d", r.at)), map[string]any{"name": name}))
	}
	if len(fitting) > 0 {
		to := nearest(r.key.Name, fitting)
		if to == "" {
			to = fitting[0]
		}
		return do(fmt.Sprintf("Use Secret %q, which covers the hostname.", to), use(to))
	}
	issuer := x.issuer(r.owner.Namespace)
	if issuer == nil || r.Hostname == nil {
		return byHand(fmt.Sprintf("Create it: kubectl create secret tls %s -n %s --cert FILE --key FILE.", name, r.owner.Namespace))
	}
	actions := []Action{apply(map[string]any{
		"apiVersion": certAPI, "kind": "Certificate", "metadata": map[string]any{"namespace": r.owner.Namespace, "name": name},
		"spec": map[string]any{"secretName": name, "dnsNames": []any{deref(r.Hostname)}, "issuerRef": issuer},
	})}
	if name != r.key.Name || r.key.Namespace != r.owner.Namespace {
		actions = append(actions, use(name))
	}
	return do(fmt.Sprintf("Let %s %q of cert-manager issue a certificate.", text(issuer["kind"]), text(issuer["name"])), actions...)
}

// issuer of cert-manager that a namespace can use, as spec.issuerRef; nil if there is none.
func (x *scene) issuer(namespace string) map[string]any {
	for _, kind := range []string{"Issuer", "ClusterIssuer"} {
		for _, i := range x.Objects.Other(kind) {
			if kind == "ClusterIssuer" || i.GetNamespace() == namespace {
				return map[string]any{"group": "cert-manager.io", "kind": kind, "name": i.GetName()}
			}
		}
	}
	return nil
}
