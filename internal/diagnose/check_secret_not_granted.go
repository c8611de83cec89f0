package diagnose

import (
	"fmt"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

func (r secretRef) granted(x *scene) bool {
	return r.key.Namespace == r.owner.Namespace || !x.Sees("ReferenceGrant", r.key.Namespace) && x.OfFiles() ||
		x.GrantedRef(topology.Ref{Kind: r.owner.Kind, Namespace: r.owner.Namespace, Name: r.owner.Name}, "Secret", r.key)
}

func secretNotGranted() Check {
	return Check{"secret-not-granted", "a TLS Secret of another namespace without ReferenceGrant", Error, func(x *scene) []Finding {
		var out []Finding
		for _, r := range x.secretRefs {
			told := r.told(gatewayv1.ListenerConditionResolvedRefs)
			if r.resolved() || r.granted(x) {
				continue
			}
			out = append(out, Finding{
				Object: r.owner, Field: r.field(r.path() + ".namespace"),
				Problem: saying(fmt.Sprintf("No ReferenceGrant in namespace %q lets %ss of namespace %q refer to Secret %q", r.key.Namespace, r.owner.Kind, r.owner.Namespace, r.key.Name), told) + ".",
				Why:     whyTLS,
				Fix: do("Create the grant, in the namespace of the Secret.",
					apply(grant(r.owner, r.key.Namespace, map[string]any{"group": "", "kind": "Secret", "name": r.key.Name}))),
			})
		}
		return out
	}}
}
