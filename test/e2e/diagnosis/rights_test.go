package diagnosis

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
	"github.com/gatehouse-platform/gatehouse/test/e2e/doctor"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

// readerYAML may read what a gateway is made of, and neither Secrets nor EndpointSlices.
const readerYAML = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: diagnosis-reader}
rules:
  - {apiGroups: [""], resources: [namespaces, services], verbs: [list]}
  - {apiGroups: [gateway.networking.k8s.io], resources: ["*"], verbs: [list]}
  - {apiGroups: [networking.k8s.io, apps, apiextensions.k8s.io, apiregistration.k8s.io], resources: ["*"], verbs: [list]}
`

const mistyped = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: NAMESPACE}
spec:
  gatewayClassName: traefik
  listeners:
    - {name: http, port: 80, protocol: HTTP}
    - {name: https, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: gone}]}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: NAMESPACE}
spec:
  parentRefs: [{name: gw, sectionName: htpp}]
  hostnames: [NAMESPACE.example.com]
  rules: [{backendRefs: [{name: web, port: 80}]}]
`

// TestMissingPermissions looks as somebody who may not read everything: what could not be
// seen is said, the rest is found, and of what was not seen the controller is believed.
func TestMissingPermissions(t *testing.T) {
	ctx, p, namespace := suite.Start(t)
	if err := p.ApplyYAML(ctx, readerYAML+"---"+strings.ReplaceAll(mistyped, "NAMESPACE", namespace)); err != nil {
		t.Fatal(err)
	}
	token, err := p.Caller(ctx, namespace, "reader", "diagnosis-reader")
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"--kubeconfig", kubeconfigOf(t, p, token), "-n", namespace}
	err = doctor.Eventually(ctx, p, func(ctx context.Context) error {
		found, err := doctor.Run(ctx, p, args...)
		if err != nil {
			return err
		}
		var got []string
		for _, f := range found.Findings {
			got = append(got, f.Check+": "+f.Problem)
		}
		want := []string{
			fmt.Sprintf("secret-missing: Secret %q of listener \"https\" cannot be used (InvalidCertificateRef: "+
				"Error while retrieving certificate: getting secret: secret \"gone\" not found).", namespace+"/gone"),
			fmt.Sprintf("route-section-missing: Listener \"htpp\" of Gateway %q does not exist; \"http\" does (NoMatchingParent).", namespace+"/gw"),
			fmt.Sprintf("backend-missing: Service %q does not exist (BackendNotFound: "+
				"Cannot load HTTPBackendRef %s: getting service: service \"web\" not found).", namespace+"/web", namespace+"/web"),
		}
		if diff := cmp.Diff(want, got); diff != "" {
			return fmt.Errorf("-want +got:\n%s", diff)
		}
		for _, kind := range []string{"EndpointSlice", "Secret"} {
			if !slices.ContainsFunc(found.Unseen, func(u topology.Unseen) bool {
				return u.Kind == kind && u.Reason == topology.Forbidden && u.Message != ""
			}) {
				return fmt.Errorf("want %s among what could not be seen, got %v", kind, found.Unseen)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	text, code, err := doctor.RunText(ctx, p, args...)
	if err != nil || code != 1 || !strings.Contains(string(text), "Not judged, forbidden: EndpointSlice, Secret.") {
		t.Errorf("want the report to say what could not be seen, and exit code 1; got %d %v\n%s", code, err, text)
	}
}

// kubeconfigOf writes a kubeconfig of whoever has the token.
func kubeconfigOf(t *testing.T, p *plane.Plane, token string) string {
	t.Helper()
	config, err := clientcmd.LoadFromFile(p.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	for user := range config.AuthInfos {
		config.AuthInfos[user] = &clientcmdapi.AuthInfo{Token: token}
	}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		t.Fatal(err)
	}
	return path
}
