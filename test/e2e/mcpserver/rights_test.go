package mcpserver

import (
	"context"
	"fmt"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// right is one thing that a ServiceAccount may do, or may not.
type right struct {
	verb, group, resource string
	want                  bool
}

func (r right) String() string { return fmt.Sprintf("%s %s.%s", r.verb, r.resource, r.group) }

// rights are what the tools need, and everything near it that they do not.
func rights(mayPatch bool) []right {
	var out []right
	for _, resource := range [][2]string{
		{"gateway.networking.k8s.io", "gatewayclasses"},
		{"gateway.networking.k8s.io", "gateways"},
		{"gateway.networking.k8s.io", "httproutes"},
		{"gateway.networking.k8s.io", "grpcroutes"},
		{"gateway.networking.k8s.io", "referencegrants"},
		{"gateway.networking.k8s.io", "backendtlspolicies"},
		{"", "services"},
		{"", "namespaces"},
		{"discovery.k8s.io", "endpointslices"},
		{"networking.k8s.io", "ingresses"},
		{"networking.k8s.io", "ingressclasses"},
		{"devopstoolkit.ai", "clusters"},
		{"http.keda.sh", "httpscaledobjects"},
		{"http.keda.sh", "interceptorroutes"},
		{"gateway.envoyproxy.io", "backendtrafficpolicies"},
		{"gateway.envoyproxy.io", "clienttrafficpolicies"},
		{"gateway.envoyproxy.io", "envoyextensionpolicies"},
		{"gateway.envoyproxy.io", "securitypolicies"},
	} {
		for _, verb := range []string{"get", "list", "watch"} {
			out = append(out, right{verb, resource[0], resource[1], true})
		}
		for _, verb := range []string{"create", "update", "delete", "deletecollection"} {
			out = append(out, right{verb, resource[0], resource[1], false})
		}
		out = append(out, right{"patch", resource[0], resource[1], mayPatch && resource[1] == "clusters"})
	}
	for _, resource := range []string{"secrets", "configmaps", "pods", "pods/exec", "serviceaccounts/token", "nodes"} {
		for _, verb := range []string{"get", "list", "watch", "create", "update", "patch", "delete"} {
			out = append(out, right{verb, "", resource, false})
		}
	}
	return append(out,
		right{"create", "authentication.k8s.io", "tokenreviews", true},
		right{"create", "authorization.k8s.io", "subjectaccessreviews", true},
		right{"impersonate", "", "users", false},
		right{"escalate", "rbac.authorization.k8s.io", "clusterroles", false},
		right{"bind", "rbac.authorization.k8s.io", "clusterroles", false},
	)
}

// allowed asks the API server as the ServiceAccount itself.
func (r right) allowed(ctx context.Context, t *testing.T, clients kubernetes.Interface, namespace string) bool {
	t.Helper()
	review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
		ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: namespace, Verb: r.verb, Group: r.group, Resource: r.resource},
	}}
	got, err := clients.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return got.Status.Allowed
}

func clientKey(o *unstructured.Unstructured) client.ObjectKey {
	return client.ObjectKeyFromObject(o)
}
