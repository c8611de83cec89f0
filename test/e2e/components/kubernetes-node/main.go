// Command kubernetes-node is one node of the end-to-end tests, in namespaces of its
// own: whatever it starts, mounts or writes into the network's rules is gone with it.
//
//	kubernetes-node init CONFIG     the first process of the node, which starts the rest
//	kubernetes-node kubelet|kube-scheduler|kube-proxy [flags]
//
// The parts are processes of their own, as those of command kubernetes are.
package main

import (
	"context"
	"fmt"
	"os"

	"k8s.io/component-base/cli"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

const usage = "usage: kubernetes-node init CONFIG | kubelet|kube-scheduler|kube-proxy [flags]"

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	// The components read os.Args themselves and expect their name first.
	os.Args = os.Args[1:]
	switch os.Args[0] {
	case "init":
		if err := boot(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, "kubernetes-node:", err)
			os.Exit(1)
		}
	case "kubelet":
		os.Exit(cli.Run(kubelet.NewKubeletCommand(context.Background())))
	case "kube-scheduler":
		os.Exit(cli.Run(scheduler.NewSchedulerCommand()))
	case "kube-proxy":
		os.Exit(cli.Run(proxy.NewProxyCommand()))
	default:
		fmt.Fprintf(os.Stderr, "cannot run %q\n%s\n", os.Args[0], usage)
		os.Exit(2)
	}
}
