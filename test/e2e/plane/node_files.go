package plane

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// nodeFiles are the files of a node, in a folder of the run directory.
type nodeFiles struct {
	plane   *Plane
	program string
	dir     string
	network *nodeNetwork
}

func (f nodeFiles) path(elements ...string) string {
	return filepath.Join(append([]string{f.dir}, elements...)...)
}

func (f nodeFiles) socket() string { return f.path("containerd.sock") }

// cgroup is the folder of the node in every hierarchy. The janitor knows it by its name.
func (f nodeFiles) cgroup() string { return filepath.Base(f.plane.dir) }

// registryPort is where the node reaches the registry.
const registryPort = 5000

// write writes everything that the parts of the node read.
func (f nodeFiles) write(ctx context.Context) error {
	for _, dir := range []string{"bin", "cni", "certs.d/_default", "pods"} {
		if err := os.MkdirAll(f.path(dir), 0o755); err != nil {
			return fmt.Errorf("cannot make the folder of the node: %w", err)
		}
	}
	// containerd and the CNI look for programs by name.
	for name, component := range map[string]string{
		"containerd": "containerd", "containerd-shim-runc-v2": "containerd-shim", "runc": "runc",
		"bridge": "cni-bridge", "host-local": "cni-host-local", "loopback": "cni-loopback",
	} {
		if err := os.Symlink(f.plane.program(component), f.path("bin", name)); err != nil {
			return fmt.Errorf("cannot link %q: %w", name, err)
		}
	}
	if err := f.plane.PushImage(ctx, Image{Name: pauseImage, Component: "pause"}); err != nil {
		return err
	}
	if err := f.writeIdentities(); err != nil {
		return err
	}
	for name, content := range map[string]string{
		"containerd.toml":             f.containerd(),
		"certs.d/_default/hosts.toml": fmt.Sprintf("[host.\"http://%s:%d\"]\n  capabilities = [\"pull\", \"resolve\"]\n", f.network.node, registryPort),
		"cni/10-bridge.conflist":      f.cni(),
		"kubelet.yaml":                f.kubelet(),
		"kube-proxy.yaml":             f.proxy(),
		"resolv.conf":                 "",
		"Corefile":                    f.names(),
	} {
		if err := os.WriteFile(f.path(name), []byte(content), 0o600); err != nil {
			return fmt.Errorf("cannot write a file of the node: %w", err)
		}
	}
	return f.writeConfig()
}

// writeIdentities gives each part the user that Kubernetes knows it by.
func (f nodeFiles) writeIdentities() error {
	who := map[string]identity{
		"kubelet":   {name: "system:node:" + NodeName, groups: []string{"system:nodes"}},
		"scheduler": {name: "system:kube-scheduler"},
		"proxy":     {name: "system:kube-proxy"},
		"names":     {name: "coredns", groups: []string{"system:masters"}},
	}
	for name, id := range who {
		data, err := f.plane.kubeconfigAt(f.network.api(), id)
		if err != nil {
			return err
		}
		if err := os.WriteFile(f.path(name+".kubeconfig"), data, 0o600); err != nil {
			return fmt.Errorf("cannot write the kubeconfig of %q: %w", id.name, err)
		}
	}
	return f.plane.issueInto(f.path("serving"), identity{name: NodeName, hosts: []string{NodeName, f.network.node}})
}

const pauseImage = "gatehouse.test/pause:1"

func (f nodeFiles) containerd() string {
	return f.fill(`version = 3
root = "DIR/containerd/root"
state = "DIR/containerd/state"
[grpc]
  address = "SOCKET"
[plugins.'io.containerd.cri.v1.images']
  snapshotter = 'overlayfs'
  [plugins.'io.containerd.cri.v1.images'.pinned_images]
    sandbox = 'PAUSE'
  [plugins.'io.containerd.cri.v1.images'.registry]
    config_path = 'DIR/certs.d'
[plugins.'io.containerd.cri.v1.runtime']
  # Nobody may lower it where the harness runs in a container itself.
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
    runtime_type = 'io.containerd.runc.v2'
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ['DIR/bin']
    conf_dir = 'DIR/cni'
`)
}

func (f nodeFiles) cni() string {
	return f.fill(`{"cniVersion": "1.0.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "pods", "isGateway": true, "ipMasq": false, "hairpinMode": true, "ipam": {
    "type": "host-local", "ranges": [[{"subnet": "PODS"}]], "routes": [{"dst": "0.0.0.0/0"}], "dataDir": "DIR/cni-data"}}]}
`)
}

func (f nodeFiles) kubelet() string {
	return f.fill(`apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: NODE
readOnlyPort: 0
healthzPort: 0
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: DIR/serving/ca.crt}}
authorization: {mode: Webhook}
tlsCertFile: DIR/serving/tls.crt
tlsPrivateKeyFile: DIR/serving/tls.key
cgroupDriver: cgroupfs
cgroupRoot: /CGROUP
# Machines that still have version 1 are welcome.
failCgroupV1: false
failSwapOn: false
enforceNodeAllocatable: []
containerRuntimeEndpoint: unix://SOCKET
volumePluginDir: DIR/volume-plugins
podLogsDir: DIR/pods
resolvConf: DIR/resolv.conf
clusterDomain: cluster.local
clusterDNS: [NODE]
imageGCHighThresholdPercent: 100
# The machine's disk and memory are not the node's.
evictionHard: {memory.available: "0%", nodefs.available: "0%", imagefs.available: "0%", nodefs.inodesFree: "0%"}
makeIPTablesUtilChains: false
shutdownGracePeriod: 0s
nodeStatusUpdateFrequency: 10s
syncFrequency: 10s
`)
}

func (f nodeFiles) proxy() string {
	return f.fill(`apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
bindAddress: NODE
healthzBindAddress: ""
metricsBindAddress: 127.0.0.1:10249
mode: iptables
clusterCIDR: PODS
clientConnection: {kubeconfig: DIR/proxy.kubeconfig}
# What the kernel counts belongs to the host, who may not let it be set.
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
iptables: {minSyncPeriod: 200ms, syncPeriod: 30s}
`)
}

// names makes CoreDNS answer for Services, and for nothing outside of the cluster.
func (f nodeFiles) names() string {
	return f.fill(`.:53 {
    bind NODE
    errors
    ready 127.0.0.1:8181
    kubernetes cluster.local in-addr.arpa {
        kubeconfig DIR/names.kubeconfig
    }
}
`)
}

func (f nodeFiles) fill(text string) string {
	return strings.NewReplacer("DIR", f.dir, "SOCKET", f.socket(), "PAUSE", pauseImage, "CGROUP", f.cgroup(), "PODS", f.network.pods, "NODE", f.network.node).Replace(text)
}
