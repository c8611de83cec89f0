package topology_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// secretReader has one Gateway, which names a Secret of the namespace certs, and tells
// what it was asked about Secrets.
type secretReader struct {
	asked  []string
	forbid bool
}

func (r *secretReader) List(_ context.Context, list client.ObjectList, opts ...client.ListOption) error {
	o := client.ListOptions{}
	o.ApplyOptions(opts)
	meta := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: "certs", Name: name} }
	switch list := list.(type) {
	case *gatewayv1.GatewayList:
		g := gatewayv1.Gateway{ObjectMeta: metav1.ObjectMeta{Namespace: "infra", Name: "eg"}}
		g.Spec.Listeners = []gatewayv1.Listener{{TLS: &gatewayv1.ListenerTLSConfig{CertificateRefs: []gatewayv1.SecretObjectReference{{Name: "tls", Namespace: new(gatewayv1.Namespace("certs"))}}}}}
		list.Items = []gatewayv1.Gateway{g}
	case *corev1.SecretList:
		r.asked = append(r.asked, "contents in "+o.Namespace+" where "+o.FieldSelector.String())
		list.Items = []corev1.Secret{{ObjectMeta: meta("tls"), Type: corev1.SecretTypeTLS, Data: map[string][]byte{"tls.crt": []byte("cert"), "tls.key": []byte("key")}}}
	case *metav1.PartialObjectMetadataList:
		if list.GroupVersionKind().Kind != "SecretList" {
			return nil
		}
		r.asked = append(r.asked, "names in "+o.Namespace)
		if r.forbid {
			return apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "", nil)
		}
		list.Items = []metav1.PartialObjectMetadata{{ObjectMeta: meta("tls")}, {ObjectMeta: meta("token")}}
	}
	return nil
}

func TestLoadCertificates(t *testing.T) {
	cases := map[string]struct {
		reason  string
		options topology.Options
		forbid  bool
		asked   []string
		unseen  string
	}{
		"Shallow":  {"Nobody needs them.", topology.Options{Certificates: true}, false, nil, ""},
		"NotAsked": {"Only who asks reads them.", topology.Options{Deep: true}, false, nil, topology.NotAsked},
		"Asked": {
			"Only where a listener names one, and only those of TLS.",
			topology.Options{Deep: true, Certificates: true},
			false,
			[]string{"names in certs", "contents in certs where type=kubernetes.io/tls"},
			"",
		},
		"Forbidden": {"What may not be read is told.", topology.Options{Deep: true, Certificates: true}, true, []string{"names in certs"}, topology.Forbidden},
		"Elsewhere": {"Namespaces that are not asked for are not read.", topology.Options{Deep: true, Certificates: true, Namespaces: []string{"infra"}}, false, nil, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			r := &secretReader{forbid: tc.forbid}
			s, err := topology.Load(t.Context(), r, tc.options)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.asked, r.asked); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
			unseen := ""
			for _, u := range s.Unseen {
				if u.Kind == "Secret" {
					unseen = u.Reason
				}
			}
			if unseen != tc.unseen {
				t.Errorf("%s: want %q, got %q", tc.reason, tc.unseen, unseen)
			}
			if tc.unseen == "" && len(tc.asked) > 0 {
				tls, token := s.Objects.Secrets.Get("certs", "tls"), s.Objects.Secrets.Get("certs", "token")
				if tls == nil || string(tls.Certificate) != "cert" || token == nil || token.Type != "" {
					t.Errorf("%s: want the certificate, and the name of the other, got %v %v", tc.reason, tls, token)
				}
			}
		})
	}
}
