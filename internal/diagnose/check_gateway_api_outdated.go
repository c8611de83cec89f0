package diagnose

import (
	"fmt"
	"strings"
)

func gatewayAPIOutdated() Check {
	return Check{"gateway-api-outdated", "CRDs of the Gateway API that are older than the controller needs", Error, func(x *scene) []Finding {
		controller := x.envoyGateway()
		if controller == nil {
			return nil
		}
		row, known := x.compat.EnvoyGateway.Of(controller.Labels["app.kubernetes.io/version"])
		if !known {
			return nil
		}
		old := x.outdated(row)
		if len(old) == 0 {
			return nil
		}
		var names []string
		for _, crd := range old {
			names = append(names, strings.TrimSuffix(crd.Name, "."+gatewayGroup))
		}
		version := old[0].Annotations[bundleVersion]
		return []Finding{{
			Object:  Object{"apiextensions.k8s.io/v1", "CustomResourceDefinition", "", old[0].Name},
			Field:   "metadata.annotations[" + bundleVersion + "]",
			Problem: fmt.Sprintf("The CRDs of %s are of Gateway API %s; Envoy Gateway %s is built for %s.", strings.Join(names, ", "), version, row.Version, row.GatewayAPI),
			Why:     "The controller reads kinds, versions and fields that they do not have: it does not start, or what is set is dropped without a word.",
			Fix:     do("Install the CRDs of the release that Envoy Gateway is built for.", applyURL(installURL(row.GatewayAPI, old[0].Annotations[bundleChannel]))),
		}}
	}}
}
