// Command kube-router enforces NetworkPolicies on a node with the controller of
// kube-router, as K3s does, and leaves everything else that kube-router can to others.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/cloudnativelabs/kube-router/v2/pkg/controllers/netpol"
	"github.com/cloudnativelabs/kube-router/v2/pkg/healthcheck"
	"github.com/cloudnativelabs/kube-router/v2/pkg/options"
	"github.com/cloudnativelabs/kube-router/v2/pkg/utils"
	"github.com/coreos/go-iptables/iptables"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

func main() {
	node := flag.String("node", "", "name of the node that this runs on")
	services := flag.String("services", "", "range of the addresses of Services")
	flag.Parse()
	if err := run(*node, *services); err != nil {
		fmt.Fprintln(os.Stderr, "cannot enforce network policies:", err)
		os.Exit(1)
	}
}

func run(node, services string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		return err
	}
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	tables, err := iptables.NewWithProtocol(iptables.ProtocolIPv4)
	if err != nil {
		return err
	}
	sets, err := utils.NewIPSet(false)
	if err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactory(clients, 0)
	pods, policies, namespaces := factory.Core().V1().Pods().Informer(), factory.Networking().V1().NetworkPolicies().Informer(), factory.Core().V1().Namespaces().Informer()

	settings := options.NewKubeRouterConfig()
	settings.ClusterIPCIDRs, settings.HostnameOverride = []string{services}, node
	settings.EnableIPv4, settings.EnableIPv6 = true, false
	settings.IPTablesSyncPeriod = time.Minute
	controller, err := netpol.NewNetworkPolicyController(clients, settings, pods, policies, namespaces, &sync.Mutex{},
		map[corev1.IPFamily]utils.IPTablesHandler{corev1.IPv4Protocol: tables},
		map[corev1.IPFamily]utils.IPSetHandler{corev1.IPv4Protocol: sets})
	if err != nil {
		return err
	}
	for informer, handler := range map[cache.SharedIndexInformer]cache.ResourceEventHandler{
		pods: controller.PodEventHandler, policies: controller.NetworkPolicyEventHandler, namespaces: controller.NamespaceEventHandler,
	} {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return err
		}
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())

	// It sends a sign of life with each round, and would wait for somebody to take it.
	signs := make(chan *healthcheck.ControllerHeartbeat, 1)
	go func() {
		for range signs {
		}
	}()
	var running sync.WaitGroup
	running.Add(1)
	controller.Run(signs, ctx.Done(), &running)
	running.Wait()
	return nil
}
