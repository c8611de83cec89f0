package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/util/wait"
	ctrl "sigs.k8s.io/controller-runtime"

	logf "github.com/cert-manager/cert-manager/pkg/logs"
	"github.com/cert-manager/cert-manager/pkg/util/cmapichecker"
)

// runCheck ends well once the API server takes certificate requests, asks the webhook
// about them, and refuses what the webhook refuses.
func runCheck(ctx context.Context, args []string) error {
	flags := pflag.NewFlagSet("startupapicheck", pflag.ContinueOnError)
	limit := flags.Duration("wait", 0, "how long to try")
	flags.CountP("verbose", "v", "it always says why it waits")
	if err := flags.Parse(args); err != nil {
		return err
	}
	config, err := ctrl.GetConfig()
	if err != nil {
		return err
	}
	checker, err := cmapichecker.New(config, os.Getenv("POD_NAMESPACE"))
	if err != nil {
		return err
	}
	var last error
	err = wait.PollUntilContextTimeout(ctx, time.Second, *limit, true, func(ctx context.Context) (bool, error) {
		if last = checker.Check(ctx); last != nil {
			logf.FromContext(ctx).Info("the API is not ready", "because", last.Error())
		}
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("the API is not ready: %w: %w", err, last)
	}
	return nil
}
