package plane

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gatehouse-platform/gatehouse/test/e2e/modules"
)

// crossplaneNamespace is where Crossplane keeps its own objects. Not in the usual
// crossplane-system: a Cluster may install another Crossplane there.
const crossplaneNamespace = "plane-crossplane"

// crossplaneSetup is what Crossplane's chart would make for it.
const crossplaneSetup = `
apiVersion: v1
kind: Namespace
metadata: {name: plane-crossplane}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: crossplane, namespace: plane-crossplane}
`

func crossplane() component {
	return component{
		name: "crossplane",
		source: &source{
			folder:  "crossplane",
			target:  "github.com/crossplane/crossplane/v2/cmd/crossplane",
			ldflags: "-X github.com/crossplane/crossplane-runtime/v2/pkg/version.version=v2.3.4",
		},
		needs: []string{"kube-apiserver"},
		start: startCrossplane,
	}
}

func startCrossplane(ctx context.Context, p *Plane, program string) error {
	ports, err := p.freePorts(3)
	if err != nil {
		return err
	}
	webhooks, metrics, health := ports[0], ports[1], ports[2]
	if err := p.ApplyYAML(ctx, crossplaneSetup); err != nil {
		return err
	}
	if err := p.initCrossplane(ctx, program, webhooks); err != nil {
		return err
	}
	if err := p.reachWebhooks(ctx, loopbackURL("https", webhooks)); err != nil {
		return err
	}
	serving := filepath.Join(p.dir, "crossplane-server")
	if err := p.issueInto(serving, identity{name: "crossplane", hosts: []string{"127.0.0.1"}}); err != nil {
		return err
	}
	calling := filepath.Join(p.dir, "crossplane-client")
	if err := p.issueInto(calling, identity{name: "crossplane"}); err != nil {
		return err
	}
	ready := func(ctx context.Context) error {
		return p.Poll(ctx, "Crossplane", func(ctx context.Context) error {
			return httpOK(ctx, http.DefaultClient, loopbackURL("http", health)+"/readyz")
		})
	}
	return p.runReady(ctx, command{name: "crossplane", path: program, env: []string{"POD_NAMESPACE=" + crossplaneNamespace}, ready: ready, args: []string{
		"core", "start", "--debug", "--package-runtime=External", "--enable-webhooks",
		fmt.Sprintf("--webhook-port=%d", webhooks), fmt.Sprintf("--metrics-port=%d", metrics), fmt.Sprintf("--health-probe-port=%d", health),
		"--tls-server-certs-dir=" + serving, "--tls-client-certs-dir=" + calling,
		"--cache-dir=" + filepath.Join(p.dir, "tmp", "xpkg"),
		// Whatever no watch reports is looked at this often. A Cluster has so many
		// resources that their first events alone would open its circuit breaker.
		"--poll-interval=10s", "--circuit-breaker-burst=10000",
	}})
}

// initCrossplane runs "crossplane core init" to its end. It installs
// definitions and then uses them at once, which fails now and then; in a pod
// the container would be restarted, here it is run again.
func (p *Plane) initCrossplane(ctx context.Context, program string, webhooks int) error {
	module, err := modules.Dir(ctx, "crossplane", "github.com/crossplane/crossplane/v2")
	if err != nil {
		return err
	}
	cmd := command{
		name:   "crossplane-init",
		mayEnd: true,
		path:   program,
		args:   []string{"core", "init", "--enable-webhooks", "--activation=*"},
		env: []string{
			"POD_NAMESPACE=" + crossplaneNamespace,
			"CRDS_PATH=" + filepath.Join(module, "cluster", "crds"),
			"WEBHOOK_CONFIGS_PATH=" + filepath.Join(module, "cluster", "webhookconfigurations"),
			"WEBHOOK_SERVICE_NAME=crossplane-webhooks",
			"WEBHOOK_SERVICE_NAMESPACE=" + crossplaneNamespace,
			fmt.Sprintf("WEBHOOK_SERVICE_PORT=%d", webhooks),
			"TLS_CA_SECRET_NAME=crossplane-root-ca",
			"TLS_SERVER_SECRET_NAME=crossplane-tls-server",
			"TLS_CLIENT_SECRET_NAME=crossplane-tls-client",
		},
	}
	return p.Poll(ctx, "crossplane core init", func(ctx context.Context) error { return p.runToEnd(ctx, cmd) })
}

// runToEnd runs a program of the plane and returns how it ended.
func (p *Plane) runToEnd(ctx context.Context, cmd command) error {
	proc, err := p.run(cmd)
	if err != nil {
		return err
	}
	select {
	case <-proc.done:
		if proc.err != nil {
			return proc.ended()
		}
		return nil
	case <-ctx.Done():
		return errors.Join(context.Cause(ctx), stopProcesses([]*process{proc}))
	}
}

// reachWebhooks leads the API server to the webhooks of a Crossplane that runs outside
// of the cluster. "core init" has it go to a Service, whose endpoints cannot be on
// loopback. Without webhooks Crossplane would not start its Usage controllers either.
func (p *Plane) reachWebhooks(ctx context.Context, address string) error {
	hooks := &admissionv1.ValidatingWebhookConfiguration{}
	if err := p.Client().Get(ctx, client.ObjectKey{Name: "crossplane-no-usages"}, hooks); err != nil {
		return fmt.Errorf("cannot read the webhooks of Crossplane: %w", err)
	}
	for i := range hooks.Webhooks {
		to := &hooks.Webhooks[i].ClientConfig
		if to.Service == nil || to.Service.Path == nil {
			return fmt.Errorf("cannot tell where webhook %q is", hooks.Webhooks[i].Name)
		}
		url := address + *to.Service.Path
		*to = admissionv1.WebhookClientConfig{URL: &url, CABundle: p.pki.pem}
	}
	if err := p.Client().Update(ctx, hooks); err != nil {
		return fmt.Errorf("cannot lead to the webhooks of Crossplane: %w", err)
	}
	return nil
}
