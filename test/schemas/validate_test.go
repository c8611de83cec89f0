package schemas

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// A problem is what a test compares of an error: messages are the API server's own and change with it.
type problem struct {
	Type  field.ErrorType
	Field string
}

func TestValidate(t *testing.T) {
	cases := map[string]struct {
		reason string
		object string
		want   []problem
	}{
		"FreeFormValues": {
			reason: "A Release's values belong to the chart: nothing in them is unknown.",
			object: release(`values: {any: {thing: [1, 2.5, true]}}`),
		},
		"UnknownField": {
			reason: "A misspelt field is dropped by a cluster, so the setting would silently be lost.",
			object: release(`waitTimeOut: 5m`),
			want:   []problem{{field.ErrorTypeForbidden, "spec.forProvider.waitTimeOut"}},
		},
		"UnknownFieldInList": {
			reason: "The path of an unknown field names the element.",
			object: release(`set: [{name: a, value: b}, {name: c, secretKeyRef: {name: d}}]`),
			want:   []problem{{field.ErrorTypeForbidden, "spec.forProvider.set[1].secretKeyRef"}},
		},
		"UnknownMetadata": {
			reason: "No schema describes metadata; it is known all the same.",
			object: "{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: eg, label: {a: b}}, spec: {controllerName: a.b/c}}",
			want:   []problem{{field.ErrorTypeForbidden, "metadata.label"}},
		},
		"WrongType": {
			reason: "A number in quotes is a string.",
			object: release(`skipCRDs: "true"`),
			want:   []problem{{field.ErrorTypeTypeInvalid, "spec.forProvider.skipCRDs"}},
		},
		"MissingRequired": {
			reason: "A required field below an optional one counts once the optional one is there.",
			object: release(`set: [{value: b}]`),
			want:   []problem{{field.ErrorTypeRequired, "spec.forProvider.set[0].name"}},
		},
		"Null": {
			reason: "A null is what a template leaves behind when a value is unknown; a rendering must leave the field out.",
			object: release(`set: [{name: ipv4NativeRoutingCIDR, value: null}]`),
			want:   []problem{{field.ErrorTypeTypeInvalid, "spec.forProvider.set[0].value"}},
		},
		"Enum": {
			reason: "Only Crossplane's management actions are known.",
			object: manifest("{apiVersion: v1, kind: Namespace, metadata: {name: dev}}", `managementPolicies: [Create, Upsert]`),
			want:   []problem{{field.ErrorTypeNotSupported, "spec.managementPolicies[1]"}},
		},
		"VersionNotServed": {
			reason: "The CRD still has v1beta1, but says served: false.",
			object: "{apiVersion: external-secrets.io/v1beta1, kind: ExternalSecret, metadata: {name: a}, spec: {}}",
			want:   []problem{{field.ErrorTypeInvalid, "apiVersion"}},
		},
		"VersionUnknown": {
			reason: "The pinned Gateway API has no v1 of ReferenceGrant yet.",
			object: "{apiVersion: gateway.networking.k8s.io/v1, kind: ReferenceGrant, metadata: {name: a}, spec: {}}",
			want:   []problem{{field.ErrorTypeInvalid, "apiVersion"}},
		},
		"SixteenGrants": {
			reason: "A ReferenceGrant takes sixteen sources.",
			object: referenceGrant(16),
		},
		"SeventeenGrants": {
			reason: "A seventeenth source needs a second ReferenceGrant.",
			object: referenceGrant(17),
			want:   []problem{{field.ErrorTypeTooMany, "spec.from"}},
		},
		"RuleOfOneElement": {
			reason: "CEL rules are run: an HTTP listener takes no certificates.",
			object: gateway(`{name: http, protocol: HTTP, port: 80, tls: {mode: Terminate, certificateRefs: [{name: a}]}}`),
			want:   []problem{{field.ErrorTypeInvalid, "spec.listeners"}},
		},
		"RuleOfTheWholeList": {
			reason: "Two listeners may not share a port and protocol without different host names.",
			object: gateway(`{name: a, protocol: HTTP, port: 80}, {name: b, protocol: HTTP, port: 80}`),
			want:   []problem{{field.ErrorTypeInvalid, "spec.listeners"}},
		},
		"RuleAboutDefaults": {
			reason: "A rule may read a field that only defaulting sets: the policy is SuccessfulCreate unless said otherwise.",
			object: manifest("{apiVersion: v1, kind: Namespace, metadata: {name: dev}}", `readiness: {celQuery: "true"}`),
		},
		"RuleAboutReadiness": {
			reason: "A readiness query that is announced must be given.",
			object: manifest("{apiVersion: v1, kind: Namespace, metadata: {name: dev}}", `readiness: {policy: DeriveFromCelQuery, celQuery: ""}`),
			want:   []problem{{field.ErrorTypeInvalid, "spec.readiness"}},
		},
		"RepeatedListKey": {
			reason: "Listeners are a map by name.",
			object: gateway(`{name: a, protocol: HTTP, port: 80}, {name: a, protocol: HTTP, port: 81}`),
			want:   []problem{{field.ErrorTypeDuplicate, "spec.listeners[1]"}, {field.ErrorTypeInvalid, "spec.listeners"}},
		},
		"Pattern": {
			reason: "A scrape interval is a Prometheus duration.",
			object: podMonitor(`{port: metrics, interval: 1 minute}`),
			want:   []problem{{field.ErrorTypeInvalid, "spec.podMetricsEndpoints[0].interval"}},
		},
		"ManifestUnknownField": {
			reason: "The provider would apply the manifest and the API server drop the field.",
			object: manifest(podMonitor(`{port: metrics, paths: /stats}`), ""),
			want:   []problem{{field.ErrorTypeForbidden, "spec.forProvider.manifest.spec.podMetricsEndpoints[0].paths"}},
		},
		"ManifestBuiltIn": {
			reason: "Built-in kinds have no CRD and are decoded strictly.",
			object: manifest("{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {replica: 1, template: {spec: {containers: [{name: a, img: b}]}}}}", ""),
			want: []problem{
				{field.ErrorTypeForbidden, "spec.forProvider.manifest.spec.replica"},
				{field.ErrorTypeForbidden, "spec.forProvider.manifest.spec.template.spec.containers[0].img"},
			},
		},
		"ManifestUnknownKind": {
			reason: "What nobody here knows is never valid.",
			object: manifest("{apiVersion: argoproj.io/v1alpha1, kind: Aplication, metadata: {name: a}}", ""),
			want:   []problem{{field.ErrorTypeNotFound, "spec.forProvider.manifest.kind"}},
		},
		"ManifestPatchedField": {
			reason: "A required field may be missing when a reference fills it in before the manifest is applied.",
			object: manifest("{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: a}, spec: {}}",
				"references: [{patchesFrom: {name: a, fieldPath: data.x}, toFieldPath: spec.forProvider.manifest.spec.controllerName}]"),
		},
		"ManifestMissingRequired": {
			reason: "Without the reference the same field is missing.",
			object: manifest("{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: a}, spec: {}}", ""),
			want:   []problem{{field.ErrorTypeRequired, "spec.forProvider.manifest.spec.controllerName"}},
		},
		"ManifestWithoutKind": {
			reason: "An embedded resource needs its type, which the Object's own schema says too.",
			object: manifest("{apiVersion: v1, metadata: {name: a}}", ""),
			want:   []problem{{field.ErrorTypeRequired, "spec.forProvider.manifest.kind"}},
		},
		"BuiltInWrongType": {
			reason: "The strict decoder does not name the field in a form to parse; its message does.",
			object: "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {a: 1}}",
			want:   []problem{{field.ErrorTypeInvalid, "<nil>"}},
		},
		"BuiltInVersionNotServed": {
			reason: "A built-in kind in a version that was never there.",
			object: "{apiVersion: apps/v3, kind: Deployment, metadata: {name: a}}",
			want:   []problem{{field.ErrorTypeInvalid, "apiVersion"}},
		},
		"WithoutKind": {
			reason: "An object without a kind is no object.",
			object: "{apiVersion: v1}",
			want:   []problem{{field.ErrorTypeRequired, "kind"}},
		},
		"WithoutVersion": {
			reason: "An object without an apiVersion is no object.",
			object: "{kind: Secret}",
			want:   []problem{{field.ErrorTypeInvalid, "apiVersion"}},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := problems(loadSet(t).Validate(object(t, tc.object)))
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("\n%s\nValidate(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestValidateProviderKinds(t *testing.T) {
	needShared(t)
	cases := map[string]struct {
		reason string
		object string
		want   []problem
	}{
		"RequiredByRule": {
			reason: "Upjet providers say in CEL what they need, so that an observed resource may leave it out.",
			object: "{apiVersion: ec2.aws.m.upbound.io/v1beta1, kind: SecurityGroupRule, metadata: {name: a}, spec: {forProvider: {region: us-east-1, fromPort: 0, toPort: 0, protocol: '-1'}}}",
			want:   []problem{{field.ErrorTypeInvalid, "spec"}},
		},
		"ClusterScopedReference": {
			reason: "Namespaced managed resources have no deletionPolicy.",
			object: "{apiVersion: azure.m.upbound.io/v1beta1, kind: ResourceGroup, metadata: {name: a}, spec: {deletionPolicy: Delete, forProvider: {location: eastus}}}",
			want:   []problem{{field.ErrorTypeForbidden, "spec.deletionPolicy"}},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := problems(loadSet(t).Validate(object(t, tc.object)))
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("\n%s\nValidate(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

// TestValidateConcurrently is for the race detector, and shows that Validate leaves its argument alone.
func TestValidateConcurrently(t *testing.T) {
	doc := manifest(gateway("{name: http, protocol: HTTP, port: 80}"), "")
	obj := object(t, doc)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if errs := loadSet(t).Validate(obj); len(errs) > 0 {
				t.Errorf("Validate(...): %v", errs)
			}
		})
	}
	wg.Wait()
	if diff := cmp.Diff(object(t, doc), obj); diff != "" {
		t.Errorf("Validate(...) changed the object: -want, +got:\n%s", diff)
	}
}

func TestLoadWithoutProviderCRDs(t *testing.T) {
	t.Chdir(t.TempDir())

	t.Setenv("CI", "true")
	if _, err := Load(t.Context()); err == nil {
		t.Error("Load(...): CI must not pass without the CRDs beside the repository")
	}

	t.Setenv("CI", "")
	set, err := Load(t.Context())
	if err != nil {
		t.Fatalf("Load(...): %v", err)
	}
	if set.Incomplete() == nil {
		t.Error("Incomplete(): want the reason, got nil")
	}
	want := []problem{{field.ErrorTypeNotFound, "kind"}}
	got := problems(set.Validate(object(t, "{apiVersion: eks.aws.m.upbound.io/v1beta1, kind: Cluster}")))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Validate(...) of a kind that only those CRDs have: -want, +got:\n%s", diff)
	}
	if errs := set.Validate(object(t, release(`namespace: a`))); len(errs) > 0 {
		t.Errorf("Validate(...) of a kind in the modules: %v", errs)
	}
}

func problems(errs field.ErrorList) []problem {
	var ps []problem
	for _, err := range errs {
		ps = append(ps, problem{err.Type, err.Field})
	}
	return ps
}

func release(forProvider string) string {
	return "apiVersion: helm.m.crossplane.io/v1beta1\nkind: Release\nmetadata: {name: a}\nspec:\n  forProvider:\n    chart: {name: a}\n    " + forProvider
}

func manifest(doc, spec string) string {
	return "apiVersion: kubernetes.m.crossplane.io/v1alpha1\nkind: Object\nmetadata: {name: a}\nspec:\n  forProvider: {manifest: " + doc + "}\n  " + spec
}

func gateway(listeners string) string {
	return "{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: eg}, spec: {gatewayClassName: eg, listeners: [" + listeners + "]}}"
}

func podMonitor(endpoint string) string {
	return "{apiVersion: monitoring.coreos.com/v1, kind: PodMonitor, metadata: {name: a}, spec: {selector: {}, podMetricsEndpoints: [" + endpoint + "]}}"
}

func referenceGrant(sources int) string {
	from := strings.Repeat("{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: dev}, ", sources)
	return "{apiVersion: gateway.networking.k8s.io/v1beta1, kind: ReferenceGrant, metadata: {name: a}, spec: {from: [" + from + "], to: [{group: '', kind: Service}]}}"
}
