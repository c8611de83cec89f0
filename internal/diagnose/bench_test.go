package diagnose_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/internal/diagnose"
	"github.com/gatehouse-platform/gatehouse/internal/explain"
	"github.com/gatehouse-platform/gatehouse/internal/graph"
	"github.com/gatehouse-platform/gatehouse/internal/looktest"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

type obj = map[string]any

func conditions(kinds ...string) []any {
	var out []any
	for _, kind := range kinds {
		out = append(out, obj{"type": kind, "status": "True", "reason": kind, "message": "", "observedGeneration": 1, "lastTransitionTime": "2026-11-01T00:00:00Z"})
	}
	return out
}

// objectsOf is a cluster of many Gateways with ten routes each, every route with a
// Service of five endpoints, as kubectl get prints it.
func objectsOf(gateways, routes, endpoints int) []any {
	out := []any{
		obj{
			"apiVersion": "gateway.networking.k8s.io/v1", "kind": "GatewayClass", "metadata": obj{"name": "eg", "generation": 1},
			"spec": obj{"controllerName": "gateway.envoyproxy.io/gatewayclass-controller"}, "status": obj{"conditions": conditions("Accepted")},
		},
	}
	for i := range gateways {
		out = append(out, obj{
			"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": meta("gateways", fmt.Sprintf("g%04d", i)),
			"spec": obj{"gatewayClassName": "eg", "listeners": []any{
				obj{"name": "http", "port": 80, "protocol": "HTTP", "allowedRoutes": obj{"namespaces": obj{"from": "All"}}},
				obj{"name": "admin", "port": 8080, "protocol": "HTTP", "allowedRoutes": obj{"namespaces": obj{"from": "All"}}},
			}},
			"status": obj{"addresses": []any{obj{"type": "IPAddress", "value": "192.0.2.1"}}, "conditions": conditions("Accepted", "Programmed")},
		})
	}
	for i := range routes {
		name, namespace := fmt.Sprintf("r%05d", i), fmt.Sprintf("team-%03d", i%100)
		parent := obj{"name": fmt.Sprintf("g%04d", i%gateways), "namespace": "gateways"}
		var addresses []any
		for e := range endpoints / routes {
			addresses = append(addresses, obj{
				"addresses": []any{fmt.Sprintf("10.%d.%d.%d", i/250, i%250, e+1)}, "conditions": obj{"ready": true, "serving": true, "terminating": false},
				"nodeName": "node-1", "targetRef": obj{"kind": "Pod", "name": name + "-" + strconv.Itoa(e), "namespace": namespace},
			})
		}
		out = append(out,
			obj{
				"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": meta(namespace, name),
				"spec": obj{"hostnames": []any{name + ".example.com"}, "parentRefs": []any{parent}, "rules": []any{obj{
					"matches":     []any{obj{"path": obj{"type": "PathPrefix", "value": "/mcp"}}},
					"timeouts":    obj{"request": "0s", "backendRequest": "0s"},
					"backendRefs": []any{obj{"name": name, "port": 80, "weight": 1}},
				}}},
				"status": obj{"parents": []any{obj{
					"parentRef": parent, "controllerName": "gateway.envoyproxy.io/gatewayclass-controller", "conditions": conditions("Accepted", "ResolvedRefs"),
				}}},
			},
			obj{
				"apiVersion": "v1", "kind": "Service", "metadata": meta(namespace, name),
				"spec": obj{"type": "ClusterIP", "selector": obj{"app": name}, "ports": []any{obj{"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}}},
			},
			obj{
				"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
				"metadata":    obj{"namespace": namespace, "name": name + "-x", "labels": obj{"kubernetes.io/service-name": name}},
				"addressType": "IPv4", "ports": []any{obj{"name": "http", "port": 8080, "protocol": "TCP"}}, "endpoints": addresses,
			},
		)
	}
	return out
}

func meta(namespace, name string) obj {
	return obj{
		"namespace": namespace, "name": name, "generation": 1, "resourceVersion": "1234567", "uid": "11111111-2222-3333-4444-555555555555",
		"creationTimestamp": "2026-11-01T00:00:00Z", "labels": obj{"app.kubernetes.io/name": name, "app.kubernetes.io/managed-by": "Helm"},
	}
}

// written are the objects in a file: as kubectl get -o json prints them, as YAML documents,
// or as the list of kubectl get -o yaml.
func written(b *testing.B, name string, all []any) string {
	b.Helper()
	text := &bytes.Buffer{}
	if filepath.Ext(name) == ".json" {
		raw, err := json.MarshalIndent(obj{"apiVersion": "v1", "kind": "List", "items": all}, "", "    ")
		if err != nil {
			b.Fatal(err)
		}
		text.Write(raw)
		all = nil
	}
	list := name == "list.yaml"
	if list {
		text.WriteString("apiVersion: v1\nitems:\n")
	}
	for _, o := range all {
		raw, err := yaml.Marshal(o)
		if err != nil {
			b.Fatal(err)
		}
		if list {
			text.WriteString("- " + strings.TrimSuffix(strings.ReplaceAll(string(raw), "\n", "\n  "), "  "))
			continue
		}
		text.WriteString("---\n")
		text.Write(raw)
	}
	if list {
		text.WriteString("kind: List\nmetadata:\n  resourceVersion: \"\"\n")
	}
	path := filepath.Join(b.TempDir(), name)
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}

// A large cluster from files: 1,000 Gateways, 10,000 routes, 10,000 Services and 50,000
// endpoints (with -short a tenth of that) are to take less than 2 s on an idle machine of two processors, and 500 MiB,
// the files included. cpu-s is the time of all processors, peak-MiB the heap at its
// largest; judge is without reading, and tenth a cluster of a tenth of the size.
func BenchmarkLarge(b *testing.B) {
	for _, name := range []string{"cluster.json", "cluster.yaml", "list.yaml"} {
		b.Run(name, func(b *testing.B) {
			path := written(b, name, large())
			measured(b, func() { judge(b, snapshotOf(b, path)) })
		})
	}
	for name, objects := range map[string]func() []any{"judge": large, "judge-tenth": func() []any { return objectsOf(100, 1000, 5000) }} {
		b.Run(name, func(b *testing.B) {
			s := snapshotOf(b, written(b, "cluster.json", objects()))
			measured(b, func() { judge(b, s) })
		})
	}
}

// large are the objects of the large cluster, or with -short of one of a tenth of the size:
// that one shows that the benchmarks run.
func large() []any {
	if testing.Short() {
		return objectsOf(100, 1000, 5000)
	}
	return objectsOf(1000, 10000, 50000)
}

// What follows one request through the large cluster, and what draws all of it: with the
// diagnosis that both are marked with, without reading.
func BenchmarkWays(b *testing.B) {
	s := snapshotOf(b, written(b, "cluster.json", large()))
	b.Run("explain", func(b *testing.B) {
		target := explain.Target{Namespace: "team-042", Name: "r00942"}
		measured(b, func() {
			e, err := explain.Explain(s, judge(b, s), target, explain.Options{Path: "/mcp/messages"})
			if err != nil || e.Outcome != explain.Arrives {
				b.Fatalf("want the request to arrive, got %+v %v", e, err)
			}
		})
	})
	for name, rows := range map[string]int{"graph": 100, "graph-all": 0} {
		b.Run(name, func(b *testing.B) {
			measured(b, func() {
				g, err := graph.New(s, judge(b, s), graph.Options{Most: rows})
				if err == nil {
					err = g.SVG(io.Discard)
				}
				if err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}

func measured(b *testing.B, do func()) {
	b.Helper()
	runtime.GC()
	peak, stop := watchHeap()
	before := processorTime(b)
	for b.Loop() {
		do()
	}
	b.ReportMetric((processorTime(b)-before).Seconds()/float64(b.N), "cpu-s/op")
	stop()
	b.ReportMetric(float64(peak.Load())/(1<<20), "peak-MiB")
}

func snapshotOf(b *testing.B, path string) *topology.Snapshot {
	b.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	s, err := topology.FromFiles([]topology.File{{Name: path, Data: raw}})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func judge(b *testing.B, s *topology.Snapshot) []diagnose.Finding {
	b.Helper()
	findings, err := diagnose.Diagnose(s, looktest.Options())
	if err != nil || len(findings) != 0 {
		b.Fatalf("want a healthy cluster, got %v %v", findings[:min(3, len(findings))], err)
	}
	return findings
}

// processorTime is what this process has used, on all processors: unlike the time on the
// clock it is the same on a machine that does other work, too.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	u := syscall.Rusage{}
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// watchHeap looks at the heap 200 times a second until it is stopped.
func watchHeap() (*atomic.Uint64, func()) {
	peak, done, ended := &atomic.Uint64{}, make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				m := runtime.MemStats{}
				runtime.ReadMemStats(&m)
				peak.Store(max(peak.Load(), m.HeapInuse))
			}
		}
	}()
	return peak, func() {
		close(done)
		<-ended
	}
}
