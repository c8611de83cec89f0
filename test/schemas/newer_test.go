package schemas

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// TestPinnedAndNewer shows that the two sets differ where the versions do, and only there.
func TestPinnedAndNewer(t *testing.T) {
	cases := map[string]struct {
		reason string
		object string
		pinned []problem
		newer  []problem
	}{
		"FieldOfNewerEnvoyGateway": {
			reason: "streamIdleTimeout came to BackendTrafficPolicy with Envoy Gateway 1.8.",
			object: "{apiVersion: gateway.envoyproxy.io/v1alpha1, kind: BackendTrafficPolicy, metadata: {name: a}, spec: {targetRefs: [" + routeTarget + "], timeout: {http: {streamIdleTimeout: 2h}}}}",
			pinned: []problem{{field.ErrorTypeForbidden, "spec.timeout.http.streamIdleTimeout"}},
		},
		"VersionOfNewerGatewayAPI": {
			reason: "ReferenceGrant is v1 since Gateway API 1.5.",
			object: "{apiVersion: gateway.networking.k8s.io/v1, kind: ReferenceGrant, metadata: {name: a}, " +
				"spec: {from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: b}], to: [{group: '', kind: Service}]}}",
			pinned: []problem{{field.ErrorTypeInvalid, "apiVersion"}},
		},
		"Both": {
			reason: "A misspelt field is one in every version.",
			object: "{apiVersion: gateway.envoyproxy.io/v1alpha1, kind: ClientTrafficPolicy, metadata: {name: a}, spec: {targetRefs: [" + routeTarget + "], tcpKeepAlive: {}}}",
			pinned: []problem{{field.ErrorTypeForbidden, "spec.tcpKeepAlive"}, {field.ErrorTypeInvalid, "spec"}},
			newer:  []problem{{field.ErrorTypeForbidden, "spec.tcpKeepAlive"}, {field.ErrorTypeInvalid, "spec"}},
		},
		"Kgateway": {
			reason: "The policy that charts/mcp-server attaches is known.",
			object: "{apiVersion: gateway.kgateway.dev/v1alpha1, kind: TrafficPolicy, metadata: {name: a}, spec: {targetRefs: [" + routeTarget + "], timeouts: {request: 0s, streamIdle: 0s}}}",
		},
		"AWS": {
			reason: "The Gateway's settings of the AWS load balancer controller are known.",
			object: "{apiVersion: gateway.k8s.aws/v1beta1, kind: LoadBalancerConfiguration, metadata: {name: a}, spec: {loadBalancerAttributes: [{key: idle_timeout.timeout_seconds, value: 4000}]}}",
			pinned: []problem{{field.ErrorTypeTypeInvalid, "spec.loadBalancerAttributes[0].value"}},
			newer:  []problem{{field.ErrorTypeTypeInvalid, "spec.loadBalancerAttributes[0].value"}},
		},
		"ToolHive": {
			reason: "The strict schema refuses the port that older operators had.",
			object: "{apiVersion: toolhive.stacklok.dev/v1beta1, kind: MCPServer, metadata: {name: a}, spec: {image: a/b:c, port: 3456}}",
			pinned: []problem{{field.ErrorTypeForbidden, "spec.port"}},
			newer:  []problem{{field.ErrorTypeForbidden, "spec.port"}},
		},
	}
	newer, err := ahead()
	if err != nil {
		t.Fatalf("LoadNewer(...): %v", err)
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.pinned, problems(loadSet(t).Validate(object(t, tc.object)))); diff != "" {
				t.Errorf("\n%s\nValidate(...) of the pinned set: -want, +got:\n%s", tc.reason, diff)
			}
			if diff := cmp.Diff(tc.newer, problems(newer.Validate(object(t, tc.object)))); diff != "" {
				t.Errorf("\n%s\nValidate(...) of the newer set: -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

const routeTarget = "{group: gateway.networking.k8s.io, kind: HTTPRoute, name: a}"
