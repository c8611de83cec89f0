package plane

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// NodeName is the one node of a plane that has one.
const NodeName = "node"

// servicePort is where pods reach the API server, on the address of the node.
const servicePort = 6443

// node is a node on which pods really run: containerd, kubelet, scheduler and
// kube-proxy in namespaces of their own, as in a container. The kernel ends all of
// it with its first process, pods, mounts and packet filters included.
func node() component {
	return component{
		name: "node",
		source: &source{
			folder: "kubernetes-node", target: ".", ldflags: kubernetesVersion(),
		},
		needs: []string{"kube-apiserver", "kube-controller-manager", "runc", "containerd", "containerd-shim", "cni-bridge", "cni-host-local", "cni-loopback", "pause", "coredns"},
		check: checkNode,
		start: startNode,
	}
}

func startNode(ctx context.Context, p *Plane, program string) error {
	images, err := p.startRegistry(ctx)
	if err != nil {
		return err
	}
	files := nodeFiles{plane: p, program: program, dir: filepath.Join(p.dir, "node"), network: p.network}
	if err := files.write(ctx); err != nil {
		return err
	}
	proc, err := p.run(command{name: "node", path: program, args: []string{"init", files.config()}, node: true})
	if err != nil {
		return err
	}
	forwards := map[int]string{servicePort: p.apiAddress(), registryPort: images}
	if err := p.network.connect(proc.pid, forwards); err != nil {
		return err
	}
	p.onClose(p.network.close)
	if err := p.serveInCluster(ctx); err != nil {
		return err
	}
	if err := p.WaitCondition(ctx, Reference("v1", "Node", "", NodeName), "Ready"); err != nil {
		return err
	}
	return p.Poll(ctx, "names of Services", p.resolve)
}

// resolve asks CoreDNS for the first Service that there is.
func (p *Plane) resolve(ctx context.Context) error {
	resolver := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort(p.network.node, "53"))
	}}
	_, err := resolver.LookupHost(ctx, "kubernetes.default.svc.cluster.local.")
	return err
}

// serveInCluster makes the Service kubernetes lead to the API server: it listens on
// loopback, which cannot be an endpoint, and the node carries connections there.
func (p *Plane) serveInCluster(ctx context.Context) error {
	name, protocol, port, ready := "https", corev1.ProtocolTCP, int32(servicePort), true
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Namespace: "default", Name: "kubernetes", Labels: map[string]string{discoveryv1.LabelServiceName: "kubernetes"}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{p.network.node}, Conditions: discoveryv1.EndpointConditions{Ready: &ready}}},
		Ports:       []discoveryv1.EndpointPort{{Name: &name, Protocol: &protocol, Port: &port}},
	}
	if err := p.Client().Create(ctx, slice); err != nil {
		return fmt.Errorf("cannot give the Service kubernetes its endpoint: %w", err)
	}
	return nil
}

// nodeInit is what the node's first process reads; its type stands in
// components/kubernetes-node, which is a module of its own.
type nodeInit struct {
	Interface string        `json:"interface"`
	Address   string        `json:"address"`
	Gateway   string        `json:"gateway"`
	Private   []string      `json:"private"`
	Cgroup    string        `json:"cgroup"`
	Programs  []nodeProgram `json:"programs"`
}

type nodeProgram struct {
	Name   string   `json:"name"`
	Args   []string `json:"args"`
	Env    []string `json:"env"`
	Log    string   `json:"log"`
	Socket string   `json:"socket"`
}

func (f nodeFiles) config() string { return filepath.Join(f.dir, "init.json") }

// writeConfig says what the node's first process starts, in order.
func (f nodeFiles) writeConfig() error {
	env := append(f.plane.environment(), "PATH="+f.path("bin")+":/usr/sbin:/usr/bin:/sbin:/bin")
	part := func(name string, args ...string) nodeProgram {
		return nodeProgram{Name: name, Args: args, Env: env, Log: f.plane.LogFile(name)}
	}
	runtime := part("containerd", f.path("bin", "containerd"), "--config", f.path("containerd.toml"))
	runtime.Socket = f.socket()
	config := nodeInit{
		Interface: nodeInterface,
		Address:   f.network.node + "/30",
		Gateway:   f.network.host,
		Private:   []string{"/run", "/var/lib"},
		Cgroup:    f.cgroup(),
		Programs: []nodeProgram{
			runtime,
			part("kubelet", f.program, "kubelet", "--config="+f.path("kubelet.yaml"), "--kubeconfig="+f.path("kubelet.kubeconfig"),
				"--hostname-override="+NodeName, "--node-ip="+f.network.node, "--root-dir="+f.path("kubelet"), "--cert-dir="+f.path("kubelet-pki")),
			part("kube-scheduler", f.program, "kube-scheduler", "--kubeconfig="+f.path("scheduler.kubeconfig"),
				"--authentication-kubeconfig="+f.path("scheduler.kubeconfig"), "--authorization-kubeconfig="+f.path("scheduler.kubeconfig"),
				"--leader-elect=false", "--bind-address=127.0.0.1"),
			part("coredns", f.plane.program("coredns"), "-conf", f.path("Corefile")),
			part("kube-proxy", f.program, "kube-proxy", "--config="+f.path("kube-proxy.yaml"), "--hostname-override="+NodeName),
		},
	}
	data, err := json.Marshal(config)
	if err != nil {
		return fmt.Errorf("cannot encode the configuration of the node: %w", err)
	}
	return os.WriteFile(f.config(), data, 0o600)
}
