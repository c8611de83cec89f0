package plane

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gatehouse-platform/gatehouse/test/e2e/modules"
)

// GatewayClass of the gateway that carries traffic in a plane with a node.
const GatewayClass = "traefik"

// Ports of the gateway beside 80 and 443, whose entry points have a clock of ShortClock, to
// see what it ends.
const (
	// ShortReadPort has it for reading a request and for a connection without one: the
	// clocks that Traefik has by default, a minute and three.
	ShortReadPort = 8081
	// ShortWritePort has it for writing a response: Traefik's default is none.
	ShortWritePort = 8082

	ShortClock = 2 * time.Second
)

// GatewayAddress is where that gateway listens, on ports 80 and 443.
func (p *Plane) GatewayAddress() string { return p.network.node }

// DialGateway connects with that gateway whatever the host of the address is, on its port:
// for the DialContext of an [http.Transport] that asks for hosts that nobody resolves.
func (p *Plane) DialGateway(ctx context.Context, network, address string) (net.Conn, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("cannot dial %q: %w", address, err)
	}
	return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort(p.GatewayAddress(), port))
}

// HostAddress is where servers of this host have to listen for that gateway to reach them.
func (p *Plane) HostAddress() string { return p.network.host }

// gatewayMetricsPort is where it serves its metrics.
const gatewayMetricsPort = 9100

// GatewayMetrics is HOST:PORT of the metrics of that gateway, at /metrics.
func (p *Plane) GatewayMetrics() string {
	return net.JoinHostPort(p.network.node, strconv.Itoa(gatewayMetricsPort))
}

func traefik() component {
	return component{
		name: "traefik",
		source: &source{
			folder: "traefik", target: "github.com/traefik/traefik/v3/cmd/traefik",
			without: &stub{module: "github.com/go-acme/lego/v4", folder: "providers/dns", file: "stubs/dns.go"},
		},
		needs: []string{"node"},
		start: startTraefik,
	}
}

// startTraefik runs Traefik as a pod with hostNetwork would run: with the addresses of
// the node and of its pods, and with the ports that Gateways ask for.
func startTraefik(ctx context.Context, p *Plane, program string) error {
	if err := p.installGatewayAPI(ctx); err != nil {
		return err
	}
	if err := p.installMiddlewares(ctx); err != nil {
		return err
	}
	kubeconfig, err := p.kubeconfigAt(p.network.api(), identity{name: "traefik", groups: []string{"system:masters"}})
	if err != nil {
		return err
	}
	if err := os.WriteFile(p.traefikConfig(), kubeconfig, 0o600); err != nil {
		return fmt.Errorf("cannot write the kubeconfig of Traefik: %w", err)
	}
	if err := p.runTraefik(ctx, program); err != nil {
		return err
	}
	return p.ApplyYAML(ctx, fmt.Sprintf(`
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: %[1]s}
spec: {controllerName: traefik.io/gateway-controller}
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: %[1]s}
spec: {controller: traefik.io/ingress-controller}
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: nginx}
spec: {controller: k8s.io/ingress-nginx}
`, GatewayClass))
}

// installMiddlewares installs the definitions of Traefik's own kinds, which Ingresses and
// routes refer to.
func (p *Plane) installMiddlewares(ctx context.Context) error {
	dir, err := modules.Dir(ctx, "traefik", "github.com/traefik/traefik/v3")
	if err != nil {
		return err
	}
	definitions, err := ReadObjects(filepath.Join(dir, "docs", "content", "reference", "dynamic-configuration", "kubernetes-crd-definition-v1.yml"))
	if err != nil {
		return err
	}
	return p.InstallDefinitions(ctx, definitions...)
}

// traefikConfig is the kubeconfig file of Traefik.
func (p *Plane) traefikConfig() string { return filepath.Join(p.dir, "traefik.kubeconfig") }

// runTraefik starts the program and returns once it listens. Its timeouts are its
// defaults, but for those of the two ports with a short clock.
func (p *Plane) runTraefik(ctx context.Context, program string) error {
	_, err := p.run(command{name: "traefik", path: program, join: p.network.init, env: []string{"KUBECONFIG=" + p.traefikConfig()}, args: []string{
		"--global.checknewversion=false", "--global.sendanonymoususage=false", "--log.level=INFO", "--accesslog=true",
		// A listener's port has to be that of an entry point.
		"--entrypoints.web.address=" + p.network.node + ":80", "--entrypoints.websecure.address=" + p.network.node + ":443",
		fmt.Sprintf("--entrypoints.read.address=%s:%d", p.network.node, ShortReadPort),
		"--entrypoints.read.transport.respondingtimeouts.readtimeout=" + ShortClock.String(), "--entrypoints.read.transport.respondingtimeouts.idletimeout=" + ShortClock.String(),
		fmt.Sprintf("--entrypoints.write.address=%s:%d", p.network.node, ShortWritePort),
		"--entrypoints.write.transport.respondingtimeouts.writetimeout=" + ShortClock.String(),
		"--entrypoints.traefik.address=127.0.0.1:9000", "--ping=true",
		"--entrypoints.metrics.address=" + p.GatewayMetrics(), "--metrics.prometheus=true", "--metrics.prometheus.entrypoint=metrics",
		// Requests that find no pod are counted for their router only, which is off by default.
		"--metrics.prometheus.addrouterslabels=true",
		"--providers.kubernetesgateway=true", "--providers.kubernetesgateway.statusaddress.ip=" + p.network.node,
		"--providers.kubernetesingress=true", "--providers.kubernetesingress.ingressendpoint.ip=" + p.network.node,
		"--providers.kubernetesingress.ingressclass=traefik",
		"--providers.kubernetescrd=true", "--providers.kubernetesingressnginx=true",
	}})
	if err != nil {
		return err
	}
	// It listens as soon as it runs, and says 404 to what it knows nothing of.
	return p.Poll(ctx, "Traefik", func(ctx context.Context) error {
		err := httpOK(ctx, http.DefaultClient, "http://"+p.network.node+"/")
		if err != nil && strings.HasPrefix(err.Error(), "404 ") {
			return nil
		}
		return err
	})
}

// RestartGateway ends the gateway as Kubernetes ends a pod, with SIGTERM and time to
// finish, and starts it again. It returns once the new one listens, and says when the
// old one was gone.
func (p *Plane) RestartGateway(ctx context.Context) (ended time.Time, err error) {
	old, err := p.release("traefik")
	if err != nil {
		return time.Time{}, err
	}
	old.signal(syscall.SIGTERM)
	select {
	case <-old.done:
		ended = time.Now()
	case <-ctx.Done():
		return time.Time{}, errors.Join(errors.New("cannot wait longer for the end of the gateway"), killProcess(old))
	}
	return ended, p.runTraefik(ctx, p.program("traefik"))
}

// installGatewayAPI installs the definitions of the Gateway API that the product's
// Envoy Gateway brings.
func (p *Plane) installGatewayAPI(ctx context.Context) error {
	dir, err := modules.Dir(ctx, "crds", "sigs.k8s.io/gateway-api")
	if err != nil {
		return err
	}
	definitions, err := ReadObjects(filepath.Join(dir, "config", "crd", "experimental", "gateway.*.yaml"))
	if err != nil {
		return err
	}
	return p.InstallDefinitions(ctx, definitions...)
}
