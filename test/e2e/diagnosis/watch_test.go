package diagnosis

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-platform/gatehouse/internal/diagnose"
	"github.com/gatehouse-platform/gatehouse/test/e2e/doctor"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

const gatewayYAML = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: infra}
spec:
  gatewayClassName: traefik
  listeners: [{name: http, port: 80, protocol: HTTP}]
`

// TestWatch watches a namespace whose route is mended: the report comes again by itself,
// and says so; it is not repeated while nothing that it says has changed.
func TestWatch(t *testing.T) {
	ctx, p, namespace := suite.Start(t)
	b := newBackend(ctx, t, p)
	broken := strings.NewReplacer("GATEWAY", "gw", "namespace: infra", "namespace: "+namespace, "name: web, port: 80}", "name: web, port: 81}",
		"10.0.0.1", b.address, "port: 8080", fmt.Sprintf("port: %d", b.port), "web.example.com", "web."+namespace+".example.com").Replace(gatewayYAML + web)
	if err := p.ApplyYAML(ctx, broken); err != nil {
		t.Fatal(err)
	}
	var mend diagnose.Finding
	err := doctor.Eventually(ctx, p, func(ctx context.Context) error {
		found, err := doctor.Run(ctx, p, "--kubeconfig", p.Kubeconfig(), "-n", namespace)
		if err != nil {
			return err
		}
		if len(found.Findings) != 1 || found.Findings[0].Check != "backend-port" || !strings.Contains(found.Findings[0].Problem, "Cannot load HTTPBackendRef") {
			return fmt.Errorf("want what the controller says of the port, got %v", found.Findings)
		}
		mend = found.Findings[0]
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}

	cmd := exec.CommandContext(ctx, doctor.Gatehouse(p), "diagnose", "--watch", "--kubeconfig", p.Kubeconfig(), "-n", namespace)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 1000)
	go func() {
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- s.Text()
		}
		close(lines)
	}()
	until(t, lines, "1 error.")
	if err := doctor.Do(ctx, p, mend); err != nil {
		t.Fatal(err)
	}
	said := until(t, lines, "Nothing is wrong.")
	if strings.Count(said, "\n---") > 2 {
		t.Errorf("want a report only when it is another one, got\n%s", said)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("want exit code 0, as nothing is wrong in the end: %v", err)
	}
}

// until reads lines up to one, and returns them.
func until(t *testing.T, lines <-chan string, last string) string {
	t.Helper()
	var all strings.Builder
	limit := time.After(doctor.Settling)
	for {
		select {
		case line, more := <-lines:
			all.WriteString("\n" + line)
			if line == last {
				return all.String()
			}
			if !more {
				t.Fatalf("want %q, and it ends after%s", last, all.String())
			}
		case <-limit:
			t.Fatalf("want %q, and there is only%s", last, all.String())
		}
	}
}
