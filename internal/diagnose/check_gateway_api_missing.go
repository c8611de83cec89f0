package diagnose

import (
	"fmt"
)

func gatewayAPIMissing() Check {
	return Check{"gateway-api-missing", "a controller without the CRDs of the Gateway API", Error, func(x *scene) []Finding {
		controller := x.envoyGateway()
		if controller == nil || !x.Sees("CustomResourceDefinition", "") {
			return nil
		}
		row, known := x.compat.EnvoyGateway.Of(controller.Labels["app.kubernetes.io/version"])
		if !known {
			return nil
		}
		if len(x.outdated(row)) > 0 {
			return nil // older ones lack kinds, too: newer ones bring them
		}
		var missing []string
		channel := ""
		for _, plural := range needed(row) {
			crd := x.Objects.CRDs.Get("", plural+"."+gatewayGroup)
			if crd == nil {
				missing = append(missing, plural)
				continue
			}
			channel = crd.Annotations[bundleChannel]
		}
		if len(missing) == 0 {
			return nil
		}
		return []Finding{{
			Object:  deploymentObject(controller),
			Problem: fmt.Sprintf("Envoy Gateway %s needs the CRDs of %s in group %s, which are not installed.", row.Version, list(missing), gatewayGroup),
			Why:     "Nobody can create such objects, and a controller that waits for their kinds does not start.",
			Fix:     do("Install the CRDs of the release that Envoy Gateway is built for.", applyURL(installURL(row.GatewayAPI, channel))),
		}}
	}}
}
