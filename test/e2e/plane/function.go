package plane

import (
	"context"
	"crypto/tls"
	"fmt"
	"path/filepath"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Function is a composition function to run beside the plane. It must take the
// flags of function-sdk-go: --address, and its certificates from the folder in
// TLS_SERVER_CERTS_DIR.
type Function struct {
	// Name is what a Composition's functionRef says.
	Name string
	// Program is a built program; empty: that of Package, seen from the root of this
	// repository, which is built when it has changed.
	Program, Package string
	// Args are further arguments, such as an address for metrics.
	Args []string
}

// registration makes Crossplane call a function at an address of ours. The
// package manager keeps its hands off paused objects, so the status stays.
const registration = `
apiVersion: pkg.crossplane.io/v1
kind: Function
metadata:
  name: %[1]s
  annotations: {crossplane.io/paused: "true"}
spec:
  package: localhost.invalid/%[1]s:v0.0.0
---
apiVersion: pkg.crossplane.io/v1
kind: FunctionRevision
metadata:
  name: %[1]s-1
  labels: {pkg.crossplane.io/package: %[1]s}
  annotations: {crossplane.io/paused: "true"}
spec:
  desiredState: Active
  image: localhost.invalid/%[1]s:v0.0.0
  revision: 1
`

// AddFunction starts a composition function, registers it with Crossplane under
// its name, and returns once it answers with mutual TLS. It ends with the plane.
func (p *Plane) AddFunction(ctx context.Context, f Function) error {
	program := f.Program
	var err error
	if program == "" {
		program, err = p.builder.command(ctx, ".", f.Package)
	}
	if err == nil {
		err = p.addFunction(ctx, f, program)
	}
	if err != nil {
		return fmt.Errorf("cannot add function %q: %w", f.Name, err)
	}
	return nil
}

func (p *Plane) addFunction(ctx context.Context, f Function, program string) error {
	ports, err := p.freePorts(1)
	if err != nil {
		return err
	}
	address := fmt.Sprintf("127.0.0.1:%d", ports[0])
	certificates := filepath.Join(p.dir, f.Name)
	if err := p.issueInto(certificates, identity{name: f.Name, hosts: []string{"127.0.0.1"}}); err != nil {
		return err
	}
	err = p.runReady(ctx, command{
		name:  f.Name,
		path:  program,
		args:  append([]string{"--address=" + address}, f.Args...),
		env:   []string{"TLS_SERVER_CERTS_DIR=" + certificates},
		ready: func(ctx context.Context) error { return p.awaitMutualTLS(ctx, f.Name, address) },
	})
	if err != nil {
		return err
	}
	if err := p.ApplyYAML(ctx, fmt.Sprintf(registration, f.Name)); err != nil {
		return err
	}
	revision := Reference("pkg.crossplane.io/v1", "FunctionRevision", "", f.Name+"-1")
	status := fmt.Sprintf(`{"status": {"endpoint": %q, "capabilities": ["composition"]}}`, address)
	if err := p.Client().Status().Patch(ctx, revision, client.RawPatch(types.MergePatchType, []byte(status))); err != nil {
		return fmt.Errorf("cannot register %q: %w", address, err)
	}
	return nil
}

// awaitMutualTLS waits until address completes a handshake with a certificate
// like Crossplane's.
func (p *Plane) awaitMutualTLS(ctx context.Context, name, address string) error {
	issued, err := p.pki.issue(identity{name: "gatehouse-e2e"})
	if err != nil {
		return err
	}
	certificate, err := issued.tlsCertificate()
	if err != nil {
		return fmt.Errorf("cannot use a client certificate: %w", err)
	}
	dialer := &tls.Dialer{Config: &tls.Config{
		RootCAs:      p.pki.pool(),
		Certificates: []tls.Certificate{certificate},
		NextProtos:   []string{"h2"},
		MinVersion:   tls.VersionTLS12,
	}}
	return p.Poll(ctx, name, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// AutoReady is the name under which function-auto-ready is registered: the one
// that Crossplane's package manager gives it.
const AutoReady = "crossplane-contrib-function-auto-ready"

func functionAutoReady() component {
	return component{
		name:   "function-auto-ready",
		source: &source{folder: "function-auto-ready", target: "github.com/crossplane/function-auto-ready"},
		needs:  []string{"crossplane"},
		start: func(ctx context.Context, p *Plane, program string) error {
			return p.addFunction(ctx, Function{Name: AutoReady}, program)
		},
	}
}
