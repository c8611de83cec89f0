package function_test

import (
	"context"
	"maps"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"

	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

// benchExample is the Cluster that is measured: every app on EKS.
const benchExample = "valid/aws-all.yaml"

// moments are a first call, when nothing exists, and a call for a running
// cluster, when everything is observed: nearly all calls are of the second kind.
func moments(b *testing.B) map[string]*fnv1.RunFunctionRequest {
	b.Helper()
	xr := loadXR(b, benchExample)
	plan, err := newPlanner(b).Plan(xr, composed.Observed{})
	if err != nil {
		b.Fatal(err)
	}
	running := request(b, xr)
	running.Observed.Resources = map[string]*fnv1.Resource{}
	for _, r := range plan.All {
		obj := map[string]any{"status": map[string]any{"conditions": []any{
			map[string]any{"type": "Ready", "status": "True", "reason": "Available", "lastTransitionTime": "2026-01-01T00:00:00Z"},
			map[string]any{"type": "Synced", "status": "True", "reason": "ReconcileSuccess", "lastTransitionTime": "2026-01-01T00:00:00Z"},
		}}}
		maps.Copy(obj, r.Object)
		running.Observed.Resources[r.Key] = &fnv1.Resource{Resource: toStruct(b, obj)}
	}
	return map[string]*fnv1.RunFunctionRequest{"first": request(b, xr), "running": running}
}

func eachMoment(b *testing.B, bench func(b *testing.B, req *fnv1.RunFunctionRequest)) {
	b.Helper()
	all := moments(b)
	for _, name := range []string{"first", "running"} {
		b.Run(name, func(b *testing.B) { bench(b, all[name]) })
	}
}

// BenchmarkFloor is what no function can do without: unmarshal the request,
// marshal the response.
func BenchmarkFloor(b *testing.B) {
	eachMoment(b, func(b *testing.B, req *fnv1.RunFunctionRequest) {
		rsp, err := newFunction(b).RunFunction(context.Background(), req)
		if err != nil {
			b.Fatal(err)
		}
		raw := marshal(b, req)
		b.ReportAllocs()
		for b.Loop() {
			if err := proto.Unmarshal(raw, &fnv1.RunFunctionRequest{}); err != nil {
				b.Fatal(err)
			}
			marshal(b, rsp)
		}
	})
}

// BenchmarkRunFunction is the floor and the function: bytes in, bytes out.
func BenchmarkRunFunction(b *testing.B) {
	eachMoment(b, func(b *testing.B, req *fnv1.RunFunctionRequest) {
		fn := newFunction(b)
		raw := marshal(b, req)
		b.ReportAllocs()
		for b.Loop() {
			in := &fnv1.RunFunctionRequest{}
			if err := proto.Unmarshal(raw, in); err != nil {
				b.Fatal(err)
			}
			rsp, err := fn.RunFunction(context.Background(), in)
			if err != nil {
				b.Fatal(err)
			}
			marshal(b, rsp)
		}
	})
}

// BenchmarkPlan is the plan alone.
func BenchmarkPlan(b *testing.B) {
	xr := loadXR(b, benchExample)
	planner := newPlanner(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := planner.Plan(xr, composed.Observed{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkGRPC calls the function over gRPC on loopback, with 1 and 2 callers.
func BenchmarkGRPC(b *testing.B) {
	client := serveOnLoopback(b)
	eachMoment(b, func(b *testing.B, req *fnv1.RunFunctionRequest) {
		for _, callers := range []int{1, 2} {
			name := map[int]string{1: "callers=1", 2: "callers=2"}[callers]
			b.Run(name, func(b *testing.B) { callConcurrently(b, client, req, callers) })
		}
	})
}

func serveOnLoopback(b *testing.B) fnv1.FunctionRunnerServiceClient {
	b.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	srv := grpc.NewServer(grpc.MaxRecvMsgSize(32 << 20))
	fnv1.RegisterFunctionRunnerServiceServer(srv, newFunction(b))
	go func() { _ = srv.Serve(lis) }()
	b.Cleanup(srv.Stop)
	conn, err := grpc.NewClient(lis.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	return fnv1.NewFunctionRunnerServiceClient(conn)
}

func callConcurrently(b *testing.B, client fnv1.FunctionRunnerServiceClient, req *fnv1.RunFunctionRequest, callers int) {
	var mu sync.Mutex
	var took []time.Duration
	b.ReportAllocs()
	b.ResetTimer()
	begun := time.Now()
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() {
			var mine []time.Duration
			for i := caller; i < b.N; i += callers {
				start := time.Now()
				if _, err := client.RunFunction(context.Background(), req); err != nil {
					b.Error(err)
					return
				}
				mine = append(mine, time.Since(start))
			}
			mu.Lock()
			defer mu.Unlock()
			took = append(took, mine...)
		})
	}
	wg.Wait()
	all := time.Since(begun)
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric(float64(len(took))/all.Seconds(), "calls/s")
}

func marshal(b *testing.B, m proto.Message) []byte {
	b.Helper()
	raw, err := proto.Marshal(m)
	if err != nil {
		b.Fatal(err)
	}
	return raw
}
