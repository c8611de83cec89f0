package diagnose

import (
	"fmt"
)

// backendNotGranted: https://gateway-api.sigs.k8s.io/api-types/referencegrant/
func backendNotGranted() Check {
	return Check{"backend-not-granted", "a route to another namespace without ReferenceGrant", Error, func(x *scene) []Finding {
		var out []Finding
		for _, b := range x.backends {
			if b.resolved() || b.route.Granted(b.rule, b.at) || !x.Sees("ReferenceGrant", b.Key.Namespace) && (!x.OfFiles() || x.service(b.Key) == nil) {
				continue
			}
			out = append(out, Finding{
				Object: b.object(), Field: b.field("namespace"),
				Problem: saying(fmt.Sprintf("No ReferenceGrant in namespace %q lets %ss of namespace %q refer to Service %q",
					b.Key.Namespace, b.route.Ref.Kind, b.route.Ref.Namespace, b.Key.Name), b.refusal()) + ".",
				Why: whyBackend,
				Fix: do("Create the grant, in the namespace of the Service.",
					apply(grant(b.object(), b.Key.Namespace, map[string]any{"group": "", "kind": "Service", "name": b.Key.Name}))),
			})
		}
		return out
	}}
}
