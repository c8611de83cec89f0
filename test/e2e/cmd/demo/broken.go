package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gatehouse-platform/gatehouse/test/e2e/agent"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

// broken is a route whose Service was mistyped.
const broken = `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: broken, namespace: gatehouse-demo}
spec:
  parentRefs: [{name: mcp-mcp-server}]
  hostnames: [demo.example.test]
  rules:
  - matches: [{path: {type: PathPrefix, value: /broken}}]
    backendRefs: [{name: mcp-mcp-servr, port: 3456}]
`

// breakRoute shows a route that leads nowhere, and how that is found.
func (d *demo) breakRoute(ctx context.Context) error {
	d.screen.title("A broken route, and why")
	d.screen.sayf("HTTPRoute broken leads to Service mcp-mcp-servr: a typing mistake.\n")
	if err := d.plane.ApplyYAML(ctx, broken); err != nil {
		return err
	}
	route := plane.Reference("gateway.networking.k8s.io/v1", "HTTPRoute", namespace, "broken")
	err := d.plane.WaitFor(ctx, route, func(o *unstructured.Unstructured) error {
		if found := resolved(o); found["status"] != "False" {
			return errors.New("the controller has not said that the Service is not there")
		}
		return nil
	})
	if err != nil {
		return err
	}
	// The gateway says so before it does so.
	status := ""
	err = d.plane.Poll(ctx, "an answer for the route", func(ctx context.Context) error {
		if status, err = d.get(ctx, "/broken"); err == nil && strings.HasPrefix(status, "404") {
			err = errors.New("the gateway does not know the route")
		}
		return err
	})
	if err != nil {
		return err
	}
	d.screen.sayf("  GET http://%s/broken  →  %s", host, status)
	found := resolved(route)
	d.screen.sayf("  the controller says: ResolvedRefs %s, %s", found["status"], found["reason"])
	return d.explain(ctx)
}

// resolved is what the first parent of a route says of what it leads to.
func resolved(route *unstructured.Unstructured) map[string]any {
	parents, _, _ := unstructured.NestedSlice(route.Object, "status", "parents")
	for _, parent := range parents {
		if p, ok := parent.(map[string]any); ok {
			return conditionIn(p, "ResolvedRefs", "conditions")
		}
	}
	return nil
}

// get asks the gateway for a path over HTTP.
func (d *demo) get(ctx context.Context, path string) (status string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+host+path, nil)
	if err != nil {
		return "", err
	}
	response, err := agent.Options{Address: d.means.address + ":80"}.Client().Do(request)
	if err != nil {
		return "", fmt.Errorf("cannot ask for %q: %w", path, err)
	}
	return response.Status, response.Body.Close()
}

// program is gatehouse, seen from the root of the repository.
const program = ".cache/bin/gatehouse"

// explain runs gatehouse explain, and shows what it says.
func (d *demo) explain(ctx context.Context) error {
	over := d.screen.working("\nbuilding gatehouse")
	_, err := plane.BuildCommand(ctx, ".", "./cmd/gatehouse", io.Discard)
	over()
	if err != nil {
		return err
	}
	d.screen.sayf("\n%s explain route/broken -n %s\n", program, namespace)
	cmd := exec.CommandContext(ctx, "./"+program, "explain", "route/broken", "--kubeconfig", d.plane.Kubeconfig(), "-n", namespace)
	cmd.Dir = d.root
	out, err := cmd.Output()
	// The request does not get through: that is 1.
	if exit := new(exec.ExitError); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		return fmt.Errorf("cannot explain: %w", err)
	}
	d.screen.sayf("%s", strings.TrimSpace(string(out)))
	return nil
}
