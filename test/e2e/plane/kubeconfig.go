package plane

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// writeKubeconfigs writes the kubeconfig files of the plane's users and the key
// that signs service account tokens, before anything serves.
func (p *Plane) writeKubeconfigs() error {
	admin, err := p.kubeconfig(identity{name: "gatehouse-e2e", groups: []string{"system:masters"}})
	if err != nil {
		return err
	}
	manager, err := p.kubeconfig(identity{name: "system:kube-controller-manager"})
	if err != nil {
		return err
	}
	signing, err := p.pki.keyPair()
	if err != nil {
		return err
	}
	for path, data := range map[string][]byte{p.Kubeconfig(): admin, p.managerKubeconfig(): manager, p.serviceAccountKey(): signing.key} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			return fmt.Errorf("cannot write %q: %w", path, err)
		}
	}
	config, err := clientcmd.RESTConfigFromKubeConfig(admin)
	if err != nil {
		return fmt.Errorf("cannot read back %q: %w", p.Kubeconfig(), err)
	}
	// A test is the only user of its plane: nothing is gained by slowing it.
	config.QPS = -1
	p.kubernetes.config = config
	return nil
}

func (p *Plane) managerKubeconfig() string { return filepath.Join(p.dir, "manager.kubeconfig") }
func (p *Plane) serviceAccountKey() string { return filepath.Join(p.dir, "service-account.key") }

// kubeconfig makes the content of a kubeconfig file for who.
func (p *Plane) kubeconfig(who identity) ([]byte, error) {
	return p.kubeconfigAt(loopbackURL("https", p.kubernetes.ports.api), who)
}

// kubeconfigAt is the same for who reaches the API server somewhere else.
func (p *Plane) kubeconfigAt(server string, who identity) ([]byte, error) {
	issued, err := p.pki.issue(who)
	if err != nil {
		return nil, err
	}
	config := clientcmdapi.NewConfig()
	config.Clusters["plane"] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: p.pki.pem}
	config.AuthInfos[who.name] = &clientcmdapi.AuthInfo{ClientCertificateData: issued.cert, ClientKeyData: issued.key}
	config.Contexts["plane"] = &clientcmdapi.Context{Cluster: "plane", AuthInfo: who.name}
	config.CurrentContext = "plane"
	data, err := clientcmd.Write(*config)
	if err != nil {
		return nil, fmt.Errorf("cannot encode the kubeconfig of %q: %w", who.name, err)
	}
	return data, nil
}

// WriteKubeconfigSecret puts the plane's own kubeconfig under the key into a
// Secret, creating or replacing it: whatever reads credentials of a remote
// cluster from there then works on the plane itself.
func (p *Plane) WriteKubeconfigSecret(ctx context.Context, namespace, name, key string) error {
	data, err := os.ReadFile(p.Kubeconfig())
	if err != nil {
		return fmt.Errorf("cannot read the kubeconfig for Secret %q: %w", name, err)
	}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Data: map[string][]byte{key: data}}
	if err := p.Client().Create(ctx, secret); client.IgnoreAlreadyExists(err) != nil {
		return fmt.Errorf("cannot write Secret %q: %w", namespace+"/"+name, err)
	} else if err == nil {
		return nil
	}
	if err := p.Client().Update(ctx, secret); err != nil {
		return fmt.Errorf("cannot replace Secret %q: %w", namespace+"/"+name, err)
	}
	return nil
}
