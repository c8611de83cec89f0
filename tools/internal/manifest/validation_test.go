package manifest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// The API server goes through maps, so its errors come in any order.
var anyOrder = cmpopts.SortSlices(func(a, b string) bool { return a < b })

func TestValidation(t *testing.T) {
	cases := map[string]struct {
		reason     string
		parameters string
		// refused are the fields of the errors.
		refused []string
		dropped []string
	}{
		"Nothing": {
			reason:     "Everything has a default.",
			parameters: "{}",
		},
		"NoParameters": {
			reason:     "The parameters are required, as they always were.",
			parameters: "null",
			refused:    []string{"spec.parameters"},
		},
		"UnknownFields": {
			reason:     "The API server drops what the schema does not have, so nothing else refuses it.",
			parameters: "{nodeSize: small, nodeSise: large, apps: {traefik: {enable: true}}}",
			dropped:    []string{"spec.parameters.apps.traefik.enable", "spec.parameters.nodeSise"},
		},
		"NodeSize": {
			reason:     "There are three sizes.",
			parameters: "{nodeSize: huge, gpu: {nodeSize: tiny}}",
			refused:    []string{"spec.parameters.gpu.nodeSize", "spec.parameters.nodeSize"},
		},
		"NodeCounts": {
			reason:     "Pools cannot start larger than they may get.",
			parameters: "{minNodeCount: 11, gpu: {minNodeCount: 3, maxNodeCount: 2}}",
			refused:    []string{"spec.parameters.minNodeCount", "spec.parameters.gpu"},
		},
		"GPUDefaults": {
			reason:     "The rule holds with defaults too: the maximum is 10.",
			parameters: "{gpu: {minNodeCount: 11}}",
			refused:    []string{"spec.parameters.gpu"},
		},
		"Types": {
			reason:     "An unquoted version is a number, and false in quotes is a string.",
			parameters: `{version: 1.33, apps: {dapr: {enabled: "false"}}}`,
			refused:    []string{"spec.parameters.apps.dapr.enabled", "spec.parameters.version"},
		},
		"Creds": {
			reason:     "Name and keys go together; the namespace has a default.",
			parameters: "{creds: {}}",
			refused:    []string{"spec.parameters.creds.name", "spec.parameters.creds.keys"},
		},
		"StoreWithoutCreds": {
			reason:     "The function refuses it. On Azure it worked before: the API server has to take the status of such a Cluster.",
			parameters: "{apps: {externalSecrets: {enabled: true, store: true}}}",
		},
		"StoreOfAppThatIsOff": {
			reason:     "Running clusters may have prepared the store of an app that is off.",
			parameters: "{apps: {externalSecrets: {store: true}}}",
		},
		"StoreWithCreds": {
			reason:     "That is how it is meant.",
			parameters: "{creds: {name: c, keys: [k]}, apps: {externalSecrets: {enabled: true, store: true}}}",
		},
		"Secrets": {
			reason:     "A secret needs to be from somewhere and go somewhere.",
			parameters: "{apps: {externalSecrets: {secrets: [{}]}}}",
			refused: []string{
				"spec.parameters.apps.externalSecrets.secrets[0].fromSecret",
				"spec.parameters.apps.externalSecrets.secrets[0].toSecret",
				"spec.parameters.apps.externalSecrets.secrets[0].toNamespace",
			},
		},
		"Existing": {
			reason:     "A cluster is reached in one way.",
			parameters: "{existing: {inCluster: true, kubeconfigSecretRef: {name: k}}}",
			refused:    []string{"spec.parameters"},
		},
		"ExistingSecret": {
			reason:     "Saying that a cluster is elsewhere is no contradiction.",
			parameters: "{existing: {inCluster: false, kubeconfigSecretRef: {name: k}}}",
		},
		"Region": {
			reason:     "Regions are short names.",
			parameters: "{region: EU West}",
			refused:    []string{"spec.parameters.region"},
		},
		"Mirror": {
			reason:     "A mirror is an address without user, tag or query.",
			parameters: "{charts: {mirror: 'oci://me:secret@registry.example.com'}}",
			refused:    []string{"spec.parameters.charts.mirror"},
		},
		"Hostnames": {
			reason:     "The listener for HTTP accepts every hostname already.",
			parameters: "{apps: {envoyGateway: {gateway: {hostnames: [a.example.com]}}}}",
			refused:    []string{"spec.parameters.apps.envoyGateway.gateway"},
		},
		"HTTPSWithoutCertificate": {
			reason:     "HTTPS needs a certificate from somewhere.",
			parameters: "{apps: {envoyGateway: {gateway: {https: {hostname: a.example.com}}}}}",
			refused:    []string{"spec.parameters.apps.envoyGateway.gateway.https"},
		},
		"HTTPSWithTwoCertificates": {
			reason:     "Only one of the two can be in use.",
			parameters: "{apps: {envoyGateway: {gateway: {https: {hostname: a.example.com, issuerRef: {name: i}, certificateRefs: [{name: c}]}}}}}",
			refused:    []string{"spec.parameters.apps.envoyGateway.gateway.https"},
		},
		"IssuerWithoutHostname": {
			reason:     "cert-manager issues certificates for hostnames.",
			parameters: "{apps: {envoyGateway: {gateway: {https: {issuerRef: {name: i}}}}}}",
			refused:    []string{"spec.parameters.apps.envoyGateway.gateway.https"},
		},
		"IssuerKind": {
			reason:     "cert-manager has two kinds of issuers.",
			parameters: "{apps: {envoyGateway: {gateway: {https: {hostname: a.example.com, issuerRef: {name: i, kind: Robot}}}}}}",
			refused:    []string{"spec.parameters.apps.envoyGateway.gateway.https.issuerRef.kind"},
		},
		"HTTPS": {
			reason:     "One source of certificates, and more hostnames.",
			parameters: "{apps: {envoyGateway: {gateway: {hostnames: [b.example.com], https: {hostname: a.example.com, issuerRef: {name: i}}}}}}",
		},
		"Values": {
			reason:     "Values are the chart's: whatever they hold is kept.",
			parameters: "{apps: {traefik: {values: {deployment: {replicas: 2}, a: [1, {b: null}]}}, keda: {httpAddOn: {values: {x: {y: 1}}}}}}",
		},
		"ValuesOfAnotherType": {
			reason:     "Values are an object.",
			parameters: "{apps: {traefik: {values: [replicas]}}}",
			refused:    []string{"spec.parameters.apps.traefik.values"},
		},
	}
	s := newServer(t)
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			errs, dropped := s.admit(cluster(t, tc.parameters))
			var refused []string
			for _, err := range errs {
				refused = append(refused, err.Field)
				if strings.Contains(err.Detail, "evaluating rule") {
					t.Errorf("a rule could not be evaluated: %v", err)
				}
			}
			if diff := cmp.Diff(tc.refused, refused, anyOrder); diff != "" {
				t.Errorf("\n%s\nrefused: -want, +got:\n%s\n%v", tc.reason, diff, errs.ToAggregate())
			}
			if diff := cmp.Diff(tc.dropped, dropped, anyOrder); diff != "" {
				t.Errorf("\n%s\ndropped: -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

// TestValidExamples holds the schema to what the examples show: the API server
// accepts each of them.
func TestValidExamples(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(root, "examples/valid/*.yaml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	s := newServer(t)
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			refused, _ := s.admit(object(t, raw))
			for _, err := range refused {
				t.Error(err)
			}
		})
	}
}
