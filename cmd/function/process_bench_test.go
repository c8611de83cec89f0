package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/types/known/structpb"
	"sigs.k8s.io/yaml"
)

// calls is after how many calls the memory of the process is measured.
const calls = 10_000

// build builds the function as it is shipped.
func build(b *testing.B) string {
	b.Helper()
	program := filepath.Join(b.TempDir(), "function")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("cannot build the function: %v\n%s", err, out)
	}
	return program
}

// process is a running function.
type process struct {
	cmd  *exec.Cmd
	conn *grpc.ClientConn
}

// start returns once the function serves, and how long that took.
func start(b *testing.B, program string) (*process, time.Duration) {
	b.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	address := lis.Addr().String()
	if err := lis.Close(); err != nil {
		b.Fatal(err)
	}
	begun := time.Now()
	cmd := exec.Command(program, "--insecure", "--address", address, "--metrics-address=")
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	p := &process{cmd: cmd}
	b.Cleanup(p.stop)
	for {
		if conn, err := net.Dial("tcp", address); err == nil {
			_ = conn.Close()
			break
		}
		time.Sleep(time.Millisecond)
	}
	p.conn, err = grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		b.Fatal(err)
	}
	if _, err := healthv1.NewHealthClient(p.conn).Check(context.Background(), &healthv1.HealthCheckRequest{}); err != nil {
		b.Fatal(err)
	}
	return p, time.Since(begun)
}

func (p *process) stop() {
	if p.cmd.ProcessState != nil {
		return
	}
	_ = p.conn.Close()
	_ = p.cmd.Process.Signal(os.Interrupt)
	_ = p.cmd.Wait()
}

// resident is the resident memory of the process in MiB.
func (p *process) resident(b *testing.B) float64 {
	b.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		b.Skipf("the memory of a process is read in /proc: %v", err)
	}
	for line := range strings.SplitSeq(string(raw), "\n") {
		var kib float64
		if _, err := fmt.Sscanf(line, "VmRSS: %f kB", &kib); err == nil {
			return kib / 1024
		}
	}
	b.Fatal("cannot find VmRSS")
	return 0
}

func loadRequest(b *testing.B) *fnv1.RunFunctionRequest {
	b.Helper()
	raw, err := os.ReadFile("../../examples/valid/aws-all.yaml")
	if err != nil {
		b.Fatal(err)
	}
	obj := map[string]any{}
	if err := yaml.Unmarshal(raw, &obj); err != nil {
		b.Fatal(err)
	}
	asJSON, err := json.Marshal(obj)
	if err != nil {
		b.Fatal(err)
	}
	xr := &structpb.Struct{}
	if err := xr.UnmarshalJSON(asJSON); err != nil {
		b.Fatal(err)
	}
	return &fnv1.RunFunctionRequest{Observed: &fnv1.State{Composite: &fnv1.Resource{Resource: xr}}}
}

// BenchmarkStart starts the process and waits until it serves.
func BenchmarkStart(b *testing.B) {
	program := build(b)
	var all time.Duration
	for b.Loop() {
		p, took := start(b, program)
		all += took
		p.stop()
	}
	b.ReportMetric(float64(all.Microseconds())/1000/float64(b.N), "ms-to-ready")
}

// BenchmarkMemory calls the process 10,000 times, as often a first call as one for
// a running cluster, and reads its memory. With -short it calls 500 times, to show that it
// runs.
func BenchmarkMemory(b *testing.B) {
	program := build(b)
	if info, err := os.Stat(program); err == nil {
		b.Logf("the program is %.1f MiB large", float64(info.Size())/(1<<20))
	}
	p, _ := start(b, program)
	client := fnv1.NewFunctionRunnerServiceClient(p.conn)
	first := loadRequest(b)
	b.ReportMetric(p.resident(b), "MiB-at-start")
	n := calls
	if testing.Short() {
		n = calls / 20
	}
	for b.Loop() {
		running := &fnv1.RunFunctionRequest{Observed: &fnv1.State{Composite: first.GetObserved().GetComposite()}}
		for i := range n {
			req := first
			if i%2 == 1 {
				req = running
			}
			rsp, err := client.RunFunction(context.Background(), req)
			if err != nil {
				b.Fatal(err)
			}
			running.Observed.Resources = rsp.GetDesired().GetResources()
		}
	}
	b.ReportMetric(p.resident(b), fmt.Sprintf("MiB-after-%d-calls", n))
}
