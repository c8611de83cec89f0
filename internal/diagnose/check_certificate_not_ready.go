package diagnose

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// A Certificate of cert-manager for a listener, which is not issued.
func certificateNotReady() Check {
	return Check{"certificate-not-ready", "a certificate of a listener that cert-manager has not issued", Warning, func(x *scene) []Finding {
		wanted := map[topology.Key]bool{}
		for _, r := range x.secretRefs {
			wanted[r.key] = true
		}
		var out []Finding
		for _, c := range x.Objects.Other("Certificate") {
			key := topology.Key{Namespace: c.GetNamespace(), Name: digText(c, "spec", "secretName")}
			told := topology.ConditionOf(conditionsOf(c), "Ready", c.GetGeneration())
			if !wanted[key] || told.State != topology.False {
				continue
			}
			f := Finding{
				Object:  objectOfU(c),
				Problem: saying(fmt.Sprintf("cert-manager has not issued the certificate for Secret %q", key), told) + ".",
				Why:     "The listener that names the Secret shows the old certificate, or none.",
				Fix:     byHand(fmt.Sprintf("See what holds it up: cmctl status certificate %s -n %s.", c.GetName(), c.GetNamespace())),
			}
			if x.Objects.Secrets.Get(key.Namespace, key.Name) == nil && x.Sees("Secret", key.Namespace) {
				f.Severity = Error
			}
			x.explainIssuer(c, &f)
			out = append(out, f)
		}
		return out
	}}
}

// explainIssuer says that the issuer does not exist, if so.
func (x *scene) explainIssuer(c *unstructured.Unstructured, f *Finding) {
	kind, name := digText(c, "spec", "issuerRef", "kind"), digText(c, "spec", "issuerRef", "name")
	if kind == "" {
		kind = "Issuer"
	}
	namespace := c.GetNamespace()
	if kind == "ClusterIssuer" {
		namespace = ""
	}
	exists := slices.ContainsFunc(x.Objects.Other(kind), func(i *unstructured.Unstructured) bool { return i.GetName() == name && i.GetNamespace() == namespace })
	if exists || kind != "Issuer" && kind != "ClusterIssuer" || !x.Sees(kind, namespace) && x.OfFiles() && x.issuer(c.GetNamespace()) == nil {
		return
	}
	f.Field = "spec.issuerRef"
	f.Problem += fmt.Sprintf(" %s %q does not exist.", kind, name)
	if to := x.issuer(c.GetNamespace()); to != nil {
		f.Fix = do(fmt.Sprintf("Use %s %q.", text(to["kind"]), text(to["name"])), merge(f.Object, map[string]any{"spec": map[string]any{"issuerRef": to}}))
	}
}
