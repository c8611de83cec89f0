package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/test/e2e/agent"
	"github.com/gatehouse-platform/gatehouse/test/e2e/helm"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

// host is what callers know the server by. Nobody's DNS knows it.
const host = "demo.example.test"

// serverValues are those of the chart.
const serverValues = `gateway:
  enabled: true
  className: %s
  controller: %s
  listeners:
    http: {hostname: %[3]s}
    https:
      enabled: true
      hostname: %[3]s
      secretName: demo-tls
`

// runServer installs the chart, calls the server and has it hold a stream.
func (d *demo) runServer(ctx context.Context) error {
	d.screen.title("The MCP server behind a Gateway: helm install mcp charts/mcp-server")
	values := fmt.Sprintf(serverValues, d.means.class, d.means.controller, host)
	d.screen.sayf("%s\n", indent(values))
	roots, err := d.makeCertificate(ctx)
	if err != nil {
		return err
	}
	begun := time.Now()
	objects, err := d.installChart(ctx, values)
	if err != nil {
		return err
	}
	step := func(format string, args ...any) {
		d.screen.sayf("  %5.1f s  %s", time.Since(begun).Seconds(), fmt.Sprintf(format, args...))
	}
	step("%d objects are created", len(objects))
	if err := d.plane.WaitCondition(ctx, plane.Reference("apps/v1", "Deployment", namespace, "mcp-mcp-server"), "Available"); err != nil {
		return err
	}
	step("its pods are ready")
	if err := d.awaitGateway(ctx); err != nil {
		return err
	}
	step("the Gateway is programmed, at %s", d.means.address)
	token, err := d.plane.Caller(ctx, namespace, "agent", callerRole(objects))
	if err != nil {
		return err
	}
	who := agent.Options{Token: token, Roots: roots}
	for _, scheme := range []string{"http", "https"} {
		who.URL, who.Address = scheme+"://"+host, d.means.address+map[string]string{"http": ":80", "https": ":443"}[scheme]
		session, err := d.connect(ctx, who)
		if err != nil {
			return err
		}
		tools, err := session.ListTools(ctx, nil)
		if err != nil {
			return fmt.Errorf("cannot list the tools over %s: %w", scheme, err)
		}
		step("%s/mcp answers with %d tools", who.URL, len(tools.Tools))
		_ = session.Close()
	}
	if err := d.stream(ctx, who); err != nil {
		return err
	}
	return d.breakRoute(ctx)
}

func (d *demo) installChart(ctx context.Context, values string) ([]*unstructured.Unstructured, error) {
	parsed := map[string]any{}
	if err := yaml.UnmarshalStrict([]byte(values), &parsed); err != nil {
		return nil, err
	}
	release, err := helm.New(d.plane, d.root, namespace)
	if err != nil {
		return nil, err
	}
	objects, err := release.Install(ctx, parsed)
	if err != nil {
		return nil, fmt.Errorf("cannot install the chart: %w", err)
	}
	return objects, nil
}

// awaitGateway waits until the Gateway of the chart says where it is.
func (d *demo) awaitGateway(ctx context.Context) error {
	gateway := plane.Reference("gateway.networking.k8s.io/v1", "Gateway", namespace, "mcp-mcp-server")
	return d.plane.WaitFor(ctx, gateway, func(o *unstructured.Unstructured) error {
		addresses, _, _ := unstructured.NestedSlice(o.Object, "status", "addresses")
		if !isTrue(o, "Programmed") || len(addresses) == 0 {
			return fmt.Errorf("it has no address yet: %s", messageOf(o, "Programmed"))
		}
		first, _ := addresses[0].(map[string]any)
		d.means.address, _ = first["value"].(string)
		return nil
	})
}

// callerRole is the role that lets somebody call the server of a release.
func callerRole(objects []*unstructured.Unstructured) string {
	for _, o := range objects {
		if o.GetKind() == "ClusterRole" && strings.HasSuffix(o.GetName(), "-caller") {
			return o.GetName()
		}
	}
	return ""
}

// connect waits until the gateway leads to the server, which takes a moment.
func (d *demo) connect(ctx context.Context, who agent.Options) (*mcp.ClientSession, error) {
	var session *mcp.ClientSession
	err := d.plane.Poll(ctx, "the server behind the gateway", func(ctx context.Context) error {
		var err error
		session, err = agent.Connect(context.WithoutCancel(ctx), who)
		return err
	})
	return session, err
}

// later is a Gateway that a stream waits for.
const later = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: later, namespace: gatehouse-demo}
spec:
  gatewayClassName: %s
  listeners: [{name: http, port: 80, protocol: HTTP, hostname: later.example.test}]
`

// silence is how long nothing happens on the stream between two events.
const silence = 3 * time.Second

// stream calls wait_ready for a Gateway that is not there, and makes that Gateway step by
// step: what the caller is told arrives as it happens.
func (d *demo) stream(ctx context.Context, who agent.Options) error {
	d.screen.sayf("\nA stream over %s:\nan agent calls wait_ready for a Gateway \"later\".\n", who.URL)
	begun := time.Now()
	say := func(arrow, text string) {
		d.screen.sayf("  %5.1f s  %s %s", time.Since(begun).Seconds(), arrow, cut(text, d.screen.width-15))
	}
	who.Progress = func(_ any, message string) { say("←", message) }
	session, err := d.connect(ctx, who)
	if err != nil {
		return err
	}
	defer func() { _ = session.Close() }()
	begun = time.Now()
	done := make(chan error, 1)
	go func() {
		params := &mcp.CallToolParams{Name: "wait_ready", Arguments: map[string]any{"kind": "Gateway", "namespace": namespace, "name": "later"}}
		params.SetProgressToken("demo")
		_, err := agent.Call(ctx, session, params)
		done <- err
	}()
	for _, class := range []string{"nobody", d.means.class} {
		select {
		case err := <-done:
			return errors.Join(errors.New("the stream ended before the Gateway was ready"), err)
		case <-time.After(silence):
		}
		say("·", "kubectl apply: Gateway later of class "+class)
		if err := d.plane.ApplyYAML(ctx, fmt.Sprintf(later, class)); err != nil {
			return err
		}
	}
	if err := <-done; err != nil {
		return fmt.Errorf("the stream ended with: %w", err)
	}
	say("←", "the answer: it is ready")
	return nil
}

// makeCertificate puts a certificate for the host into the cluster, and returns what
// verifies it.
func (d *demo) makeCertificate(ctx context.Context) (*x509.CertPool, error) {
	certificate, key, err := selfSigned(host)
	if err != nil {
		return nil, err
	}
	secret := plane.Reference("v1", "Secret", namespace, "demo-tls")
	secret.Object["type"] = "kubernetes.io/tls"
	secret.Object["stringData"] = map[string]any{"tls.crt": string(certificate), "tls.key": string(key)}
	if err := d.plane.Apply(ctx, secret); err != nil {
		return nil, err
	}
	d.screen.sayf("Secret demo-tls holds a certificate that signs itself: it is for this demo only.\n")
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certificate)
	return roots, nil
}
