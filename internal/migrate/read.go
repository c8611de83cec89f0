package migrate

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// defaultNamespace is where objects without a namespace are, as for kubectl.
const defaultNamespace = "default"

// Read picks what is migrated from objects of files, each as YAML or JSON has it. Kinds
// that no migration needs are passed over. Every problem is reported at once; the error
// wraps ErrInput.
func Read(objects []map[string]any) (Input, error) {
	in := Input{}
	var problems []error
	for _, fields := range objects {
		problems = append(problems, in.add(&unstructured.Unstructured{Object: fields}))
	}
	if err := errors.Join(problems...); err != nil {
		return Input{}, fmt.Errorf("%w: %w", ErrInput, err)
	}
	return in, nil
}

func (in *Input) add(u *unstructured.Unstructured) error {
	gvk := u.GroupVersionKind()
	switch {
	case gvk.Kind == "Ingress" && (gvk.Group == networkingv1.GroupName || gvk.Group == "extensions"):
		if gvk.Group != networkingv1.GroupName || gvk.Version != "v1" {
			return fmt.Errorf("cannot read Ingress %q: it is %s, which no Kubernetes serves since 1.22; "+
				"read it from a cluster (kubectl get ingress -o yaml), which answers in networking.k8s.io/v1", u.GetName(), u.GetAPIVersion())
		}
		return decode(u, &in.Ingresses)
	case gvk.Kind == "IngressClass" && gvk.Group == networkingv1.GroupName:
		return decode(u, &in.Classes)
	case gvk.Kind == "Service" && gvk.Group == "":
		return decode(u, &in.Services)
	case gvk.Kind == "Secret" && gvk.Group == "" && u.GetName() != "":
		return decode(u, &in.Secrets)
	case isReferred(gvk):
		u = u.DeepCopy()
		u.SetNamespace(cmp.Or(u.GetNamespace(), defaultNamespace))
		in.Others = append(in.Others, u)
	}
	return nil
}

// isReferred tells whether annotations refer to a kind.
func isReferred(gvk schema.GroupVersionKind) bool {
	return gvk.Kind == "Middleware" && strings.HasPrefix(gvk.Group, "traefik.") ||
		gvk.Kind == "BackendConfig" && gvk.Group == "cloud.google.com" ||
		gvk.Kind == "FrontendConfig" && gvk.Group == "networking.gke.io"
}

type object interface {
	networkingv1.Ingress | networkingv1.IngressClass | corev1.Service | corev1.Secret
}

// decode takes an object as its Go type. Of a Secret not even what is wrong with it is
// repeated, which may quote it.
func decode[T object](u *unstructured.Unstructured, into *[]*T) error {
	typed := new(T)
	err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(u.Object, typed, true)
	if err != nil && u.GetKind() == "Secret" {
		return fmt.Errorf("cannot read Secret %q: it is not of the form of one", u.GetName())
	}
	if err != nil {
		return fmt.Errorf("cannot read %s %q: %w", u.GetKind(), u.GetName(), err)
	}
	switch typed := any(typed).(type) {
	case *networkingv1.Ingress:
		typed.Namespace = cmp.Or(typed.Namespace, defaultNamespace)
	case *corev1.Service:
		typed.Namespace = cmp.Or(typed.Namespace, defaultNamespace)
	case *corev1.Secret:
		typed.Namespace = cmp.Or(typed.Namespace, defaultNamespace)
	}
	if u.GetName() == "" {
		return fmt.Errorf("cannot read %s: metadata.name is missing", u.GetKind())
	}
	*into = append(*into, typed)
	return nil
}
