package plane

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// controlPlanePorts are loopback ports chosen before anything starts, because
// the parts have to be told each other's.
type controlPlanePorts struct {
	etcdClient, etcdPeer, api, manager int
}

// serviceRange is the range of the addresses of Services.
const serviceRange = "10.0.0.0/16"

// kubernetesSource builds the three control plane components as one program.
// The version goes into what the API server says about itself; clients refuse
// to parse its default.
func kubernetesSource() *source {
	return &source{folder: "kubernetes", target: ".", ldflags: kubernetesVersion()}
}

// KubernetesVersion is the one that the component folders pin.
const KubernetesVersion = "v1.37.2"

// kubernetesVersion is what Kubernetes' programs say that they are.
func kubernetesVersion() string {
	const version = "k8s.io/component-base/version"
	major, rest, _ := strings.Cut(strings.TrimPrefix(KubernetesVersion, "v"), ".")
	minor, _, _ := strings.Cut(rest, ".")
	return "-X " + version + ".gitVersion=" + KubernetesVersion +
		" -X " + version + ".gitMajor=" + major + " -X " + version + ".gitMinor=" + minor + " -X " + version + ".gitTreeState=clean"
}

// apiAddress is where the API server listens.
func (p *Plane) apiAddress() string { return fmt.Sprintf("127.0.0.1:%d", p.kubernetes.ports.api) }

func etcd() component {
	return component{name: "etcd", source: kubernetesSource(), start: startEtcd}
}

func startEtcd(ctx context.Context, p *Plane, program string) error {
	ports := p.kubernetes.ports
	clients, peers := loopbackURL("http", ports.etcdClient), loopbackURL("http", ports.etcdPeer)
	ready := func(ctx context.Context) error {
		return p.Poll(ctx, "etcd", func(ctx context.Context) error { return httpOK(ctx, http.DefaultClient, clients+"/health") })
	}
	return p.runReady(ctx, command{name: "etcd", path: program, ready: ready, args: []string{
		"etcd", "--name=default", "--data-dir=" + filepath.Join(p.dir, "etcd"),
		// Nothing here has to survive a power cut.
		"--unsafe-no-fsync", "--log-level=warn",
		"--listen-client-urls=" + clients, "--advertise-client-urls=" + clients,
		"--listen-peer-urls=" + peers, "--initial-advertise-peer-urls=" + peers,
		"--initial-cluster=default=" + peers,
	}})
}

func kubeAPIServer() component {
	return component{name: "kube-apiserver", source: kubernetesSource(), needs: []string{"etcd"}, start: startAPIServer}
}

func startAPIServer(ctx context.Context, p *Plane, program string) error {
	ports := p.kubernetes.ports
	serving := filepath.Join(p.dir, "apiserver")
	front := filepath.Join(p.dir, "front-proxy")
	for dir, who := range map[string]identity{
		serving: {name: "kube-apiserver", hosts: []string{"127.0.0.1", "localhost", "kubernetes.default.svc", "10.0.0.1", p.network.node}},
		front:   {name: "front-proxy-client"},
	} {
		if err := p.issueInto(dir, who); err != nil {
			return err
		}
	}
	authority, key := filepath.Join(serving, "ca.crt"), p.serviceAccountKey()
	err := p.runReady(ctx, command{name: "kube-apiserver", path: program, ready: p.awaitAPIServer, args: []string{
		"kube-apiserver", "--etcd-servers=" + loopbackURL("http", ports.etcdClient),
		"--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", ports.api),
		// A loopback address cannot be an endpoint of the kubernetes Service.
		"--endpoint-reconciler-type=none", "--service-cluster-ip-range=" + serviceRange,
		"--tls-cert-file=" + filepath.Join(serving, "tls.crt"), "--tls-private-key-file=" + filepath.Join(serving, "tls.key"),
		"--client-ca-file=" + authority, "--authorization-mode=Node,RBAC",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + key, "--service-account-signing-key-file=" + key,
		"--requestheader-client-ca-file=" + authority, "--requestheader-allowed-names=front-proxy-client",
		"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + filepath.Join(front, "tls.crt"), "--proxy-client-key-file=" + filepath.Join(front, "tls.key"),
		// Nothing here knows the addresses of Services, but those of pods are routed.
		"--enable-aggregator-routing=true",
		"--allow-privileged=true", "--profiling=false",
	}})
	if err != nil {
		return err
	}
	if p.kubernetes.client, err = client.New(p.Config(), client.Options{}); err != nil {
		return fmt.Errorf("cannot make a client for %q: %w", p.kubernetes.config.Host, err)
	}
	return nil
}

// awaitAPIServer waits until the API server is ready.
func (p *Plane) awaitAPIServer(ctx context.Context) error {
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: p.pki.pool(), MinVersion: tls.VersionTLS12}}
	defer transport.CloseIdleConnections()
	// Everybody may ask whether it is ready, so this needs no credentials.
	ready := p.kubernetes.config.Host + "/readyz"
	return p.Poll(ctx, "the API server", func(ctx context.Context) error {
		return httpOK(ctx, &http.Client{Transport: transport}, ready)
	})
}

func kubeControllerManager() component {
	return component{name: "kube-controller-manager", source: kubernetesSource(), needs: []string{"kube-apiserver"}, start: startControllerManager}
}

func startControllerManager(ctx context.Context, p *Plane, program string) error {
	kubeconfig := p.managerKubeconfig()
	return p.runReady(ctx, command{name: "kube-controller-manager", path: program, ready: p.awaitControllers, args: []string{
		"kube-controller-manager", "--kubeconfig=" + kubeconfig,
		"--authentication-kubeconfig=" + kubeconfig, "--authorization-kubeconfig=" + kubeconfig,
		"--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", p.kubernetes.ports.manager),
		"--leader-elect=false", "--use-service-account-credentials=true", "--profiling=false",
		"--service-account-private-key-file=" + p.serviceAccountKey(),
		"--root-ca-file=" + filepath.Join(p.dir, "apiserver", "ca.crt"),
	}})
}

// awaitControllers waits until the controllers of the controller-manager work. Its
// health endpoint is up before they are, so this looks at what they make: the
// ServiceAccount of a namespace, and a ConfigMap that was taken away.
func (p *Plane) awaitControllers(ctx context.Context) error {
	if err := p.WaitFor(ctx, Reference("v1", "ServiceAccount", "default", "default"), exists); err != nil {
		return err
	}
	published := Reference("v1", "ConfigMap", "default", "kube-root-ca.crt")
	if err := p.Client().Delete(ctx, published.DeepCopy()); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("cannot delete %s: %w", describe(published), err)
	}
	return p.WaitFor(ctx, published, exists)
}

// exists is satisfied by an object that is there.
func exists(*unstructured.Unstructured) error { return nil }

// issueInto writes a certificate for who, with its key and authority, into dir.
func (p *Plane) issueInto(dir string, who identity) error {
	issued, err := p.pki.issue(who)
	if err != nil {
		return err
	}
	return issued.write(dir, p.pki)
}

// loopbackURL is the address of a port of this plane.
func loopbackURL(scheme string, port int) string {
	return fmt.Sprintf("%s://127.0.0.1:%d", scheme, port)
}

// httpOK returns an error unless a GET is answered with status 200.
func httpOK(ctx context.Context, c *http.Client, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("cannot ask %q: %w", url, err)
	}
	response, err := c.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, 2048))
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(response.Status + " " + string(body))
	}
	return err
}
