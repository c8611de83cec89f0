package plane

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// kubeRouter enforces NetworkPolicies on the node, whose own network does not.
func kubeRouter() component {
	return component{
		name:   "kube-router",
		source: &source{folder: "kube-router", target: "."},
		needs:  []string{"node"},
		check:  func() error { return needs("ipset", `start "kube-router"`, "ipset") },
		start:  startKubeRouter,
	}
}

// startKubeRouter runs it in the network of the node, where its filters are. Nobody is
// told when it has set them: who needs one waits for what it does.
func startKubeRouter(_ context.Context, p *Plane, program string) error {
	kubeconfig, err := p.kubeconfigAt(p.network.api(), identity{name: "kube-router", groups: []string{"system:masters"}})
	if err != nil {
		return err
	}
	file := filepath.Join(p.dir, "kube-router.kubeconfig")
	if err := os.WriteFile(file, kubeconfig, 0o600); err != nil {
		return fmt.Errorf("cannot write the kubeconfig of kube-router: %w", err)
	}
	_, err = p.run(command{name: "kube-router", path: program, join: p.network.init, env: []string{"KUBECONFIG=" + file}, args: []string{
		"--node=" + NodeName, "--services=" + serviceRange,
	}})
	return err
}
