package plane

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
)

// What a node runs beside Kubernetes' own parts. Nothing here is started by itself:
// the node starts it.

func runc() component {
	// It enters namespaces in C before Go begins, and links libseccomp: containers run
	// with the profile RuntimeDefault, as pods that are "restricted" ask for.
	return component{name: "runc", source: &source{folder: "runc", target: "github.com/opencontainers/runc", tags: "seccomp", cgo: true}, check: checkRunc}
}

func checkRunc() error {
	if exec.Command("pkg-config", "--exists", "libseccomp").Run() != nil {
		return errors.New("cannot build \"runc\": it links libseccomp; on Debian: apt-get install gcc pkg-config libseccomp-dev")
	}
	return needs("gcc", "build \"runc\"", "gcc")
}

// needs says that a program is missing, for what, and the package that has it on Debian.
func needs(program, what, from string) error {
	if _, err := exec.LookPath(program); err != nil {
		return fmt.Errorf("cannot %s: it needs %q; on Debian: apt-get install %s", what, program, from)
	}
	return nil
}

func checkNode() error {
	if os.Geteuid() != 0 {
		return errors.New("cannot start \"node\": only root may make the namespaces that pods run in")
	}
	return needs("iptables", "start \"node\"", "iptables")
}

const containerdModule = "github.com/containerd/containerd/v2/cmd/"

func containerd() component {
	return component{name: "containerd", source: &source{
		folder: "containerd", target: containerdModule + "containerd",
		// Snapshotters that nobody here uses; one of them would need C.
		tags: "no_btrfs,no_devmapper,no_zfs,no_aufs",
	}}
}

func containerdShim() component {
	return component{name: "containerd-shim", source: &source{folder: "containerd", target: containerdModule + "containerd-shim-runc-v2"}}
}

// cniPlugin is one of the plugins that give pods their network.
func cniPlugin(name string) component {
	return component{name: "cni-" + path.Base(name), source: &source{folder: "cni", target: "github.com/containernetworking/plugins/plugins/" + name}}
}

func pause() component {
	return component{name: "pause", source: &source{folder: "pause", target: "."}}
}

// coreDNS answers for the names of Services. It runs on the node as the kubelet does,
// and not in a pod, so that nothing has to be there before it.
func coreDNS() component {
	return component{name: "coredns", source: &source{folder: "coredns", target: "."}}
}
