package plane

import (
	"context"
	"fmt"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// Token is one of a ServiceAccount, as a pod or `kubectl create token` gets it.
func (p *Plane) Token(ctx context.Context, namespace, name string) (string, error) {
	clients, err := kubernetes.NewForConfig(p.Config())
	if err != nil {
		return "", fmt.Errorf("cannot make a client: %w", err)
	}
	made, err := clients.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, name, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("cannot make a token of ServiceAccount %q: %w", namespace+"/"+name, err)
	}
	return made.Status.Token, nil
}

// Caller makes a ServiceAccount with a ClusterRole (none when empty), and returns its
// token.
func (p *Plane) Caller(ctx context.Context, namespace, name, role string) (string, error) {
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	if err := p.Client().Create(ctx, account); err != nil {
		return "", fmt.Errorf("cannot make ServiceAccount %q: %w", namespace+"/"+name, err)
	}
	if role != "" {
		binding := &rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: namespace + "-" + name},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
			Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: namespace, Name: name}},
		}
		if err := p.Client().Create(ctx, binding); err != nil {
			return "", fmt.Errorf("cannot bind ServiceAccount %q: %w", namespace+"/"+name, err)
		}
	}
	return p.Token(ctx, namespace, name)
}
