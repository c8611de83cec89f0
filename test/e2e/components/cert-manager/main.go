// Command cert-manager is the programs of cert-manager's images in one: controller,
// webhook, cainjector and startupapicheck, chosen by the name that it is started under.
//
// The controllers, the webhook and the injector are cert-manager's own packages. What
// starts them is written here, with the flags that its chart sets and no others, and
// without leader election: there is one pod of each.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"

	logf "github.com/cert-manager/cert-manager/pkg/logs"
)

func main() {
	name := filepath.Base(os.Args[0])
	if err := run(name, os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "cannot run %q: %v\n", name, err)
		os.Exit(1)
	}
}

func run(name string, args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	ctrl.SetLogger(klog.Background())
	ctx = logf.NewContext(ctx, klog.Background().WithName(name))
	switch name {
	case "controller":
		return runController(ctx, args)
	case "webhook":
		return runWebhook(ctx, args)
	case "cainjector":
		return runInjector(ctx, args)
	case "startupapicheck":
		return runCheck(ctx, args)
	default:
		return fmt.Errorf("there is no program of that name: controller, webhook, cainjector or startupapicheck")
	}
}
