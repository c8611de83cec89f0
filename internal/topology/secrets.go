package topology

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// mostSecretNamespaces is in how many namespaces Secrets are listed one by one. Beyond,
// one list of all is cheaper.
const mostSecretNamespaces = 20

// loadSecrets reads the Secrets in the namespaces of those that listeners name. Which
// there are is asked for without contents; only those of type kubernetes.io/tls are read,
// and of them only the certificate is kept.
func (o *Objects) loadSecrets(ctx context.Context, r Reader, opts Options) (Unseen, error) {
	if !opts.Certificates {
		return Unseen{Kind: "Secret", Reason: NotAsked}, nil
	}
	namespaces := slices.DeleteFunc(o.secretNamespaces(), func(namespace string) bool {
		return len(opts.Namespaces) > 0 && !slices.Contains(opts.Namespaces, namespace)
	})
	if len(namespaces) > mostSecretNamespaces && len(opts.Namespaces) == 0 {
		namespaces = []string{""}
	}
	for _, namespace := range namespaces {
		if err := o.loadSecretsOf(ctx, r, namespace); apierrors.IsForbidden(err) {
			return Unseen{Kind: "Secret", Reason: Forbidden, Message: err.Error()}, nil
		} else if err != nil {
			return Unseen{}, err
		}
	}
	return Unseen{}, nil
}

func (o *Objects) loadSecretsOf(ctx context.Context, r Reader, namespace string) error {
	names := version{"v1", func() client.ObjectList {
		list := &metav1.PartialObjectMetadataList{}
		list.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("SecretList"))
		return list
	}}
	all, err := list(ctx, r, names, client.InNamespace(namespace))
	if err != nil {
		return err
	}
	tls, err := list(ctx, r, version{"v1", func() client.ObjectList { return &corev1.SecretList{} }},
		client.InNamespace(namespace), client.MatchingFields{"type": string(corev1.SecretTypeTLS)})
	if err != nil {
		return err
	}
	read := map[Key]bool{}
	for _, item := range tls {
		if secret, ok := item.(*corev1.Secret); ok {
			o.addSecret(secret)
			read[Key{secret.Namespace, secret.Name}] = true
		}
	}
	for _, item := range all {
		if key := keyOf(item); key.Name != "" && !read[key] {
			o.Secrets.list = append(o.Secrets.list, &Secret{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}})
		}
	}
	return nil
}

func keyOf(obj runtime.Object) Key {
	m, err := meta.Accessor(obj)
	if err != nil {
		return Key{}
	}
	return Key{m.GetNamespace(), m.GetName()}
}

// secretNamespaces are those of the Secrets that listeners name, sorted.
func (o *Objects) secretNamespaces() []string {
	var out []string
	add := func(home string, tls *gatewayv1.ListenerTLSConfig) {
		if tls == nil {
			return
		}
		for _, ref := range tls.CertificateRefs {
			namespace := home
			if ref.Namespace != nil {
				namespace = string(*ref.Namespace)
			}
			out = append(out, namespace)
		}
	}
	for _, g := range o.Gateways.list {
		for i := range g.Spec.Listeners {
			add(g.Namespace, g.Spec.Listeners[i].TLS)
		}
	}
	for _, set := range o.ListenerSets.list {
		for i := range set.Spec.Listeners {
			add(set.Namespace, set.Spec.Listeners[i].TLS)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
