package edge_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gatehouse-platform/gatehouse/internal/edge"
)

// serveBenchmark is the server in a process of its own, so that what is measured of it
// holds nothing of the clients.
func serveBenchmark(listen, metrics string) int {
	raiseFileLimit()
	o := edge.Defaults()
	o.Listen, o.MetricsListen = listen, metrics
	o.RateLimit, o.RateBurst = 1e9, 1e9
	o.MaxStreamsPerCaller = o.MaxStreams
	o.DrainDelay = 0
	o.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	go edge.TrimMemory(ctx)
	s := &tools{}
	if err := edge.Run(ctx, s.server(), o); err != nil {
		o.Log.Error("cannot serve", "error", err)
		return 1
	}
	return 0
}

// raiseFileLimit allows a process as many connections as it may have at all.
func raiseFileLimit() {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return
	}
	limit.Cur = limit.Max
	_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
}

// child is the server process.
type child struct {
	cmd             *exec.Cmd
	listen, metrics string
}

func startChild(b *testing.B) *child {
	b.Helper()
	raiseFileLimit()
	program, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	c := &child{cmd: exec.Command(program), listen: freeAddress(b), metrics: freeAddress(b)}
	c.cmd.Env = append(os.Environ(), "EDGE_BENCH_LISTEN="+c.listen, "EDGE_BENCH_METRICS="+c.metrics)
	c.cmd.Stderr = os.Stderr
	if err := c.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = c.cmd.Process.Signal(os.Interrupt)
		_ = c.cmd.Wait()
	})
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if rsp, err := http.Get("http://" + c.listen + "/readyz"); err == nil {
			_ = rsp.Body.Close()
			return c
		}
		if time.Now().After(deadline) {
			b.Fatal("the server does not get ready")
		}
	}
}

// status reads a number of kB from /proc.
func (c *child) status(b *testing.B, field string) float64 {
	b.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.SplitSeq(string(raw), "\n") {
		if value, found := strings.CutPrefix(line, field+":"); found {
			number, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
			if err != nil {
				b.Fatal(err)
			}
			return number
		}
	}
	b.Fatalf("cannot find %s", field)
	return 0
}

// cpu is how much time the process has used.
func (c *child) cpu(b *testing.B) time.Duration {
	b.Helper()
	return time.Duration(c.metric(b, "process_cpu_seconds_total") * float64(time.Second))
}

func (c *child) metric(b *testing.B, name string) float64 {
	b.Helper()
	rsp, err := http.Get("http://" + c.metrics + "/metrics")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = rsp.Body.Close() }()
	for lines := bufio.NewScanner(rsp.Body); lines.Scan(); {
		if value, found := strings.CutPrefix(lines.Text(), name+" "); found {
			number, err := strconv.ParseFloat(value, 64)
			if err != nil {
				b.Fatal(err)
			}
			return number
		}
	}
	b.Fatalf("cannot find the metric %q", name)
	return 0
}

// rawCall is a call as bytes, for clients that should cost little.
func rawCall(address, revision, tool string, arguments any) []byte {
	r := newRequest(address, revision, tool, arguments)
	var raw bytes.Buffer
	if err := r.Write(&raw); err != nil {
		panic(err)
	}
	return raw.Bytes()
}

// openStreams opens streams and returns their connections and how long the first event of
// each took.
func openStreams(b *testing.B, c *child, revision string, n int) ([]net.Conn, []time.Duration) {
	b.Helper()
	request := rawCall(c.listen, revision, "wait", map[string]any{"every": 10_000, "size": 40})
	conns, took, errs := make([]net.Conn, n), make([]time.Duration, n), make([]error, n)
	atOnce := make(chan struct{}, 100)
	var all sync.WaitGroup
	for i := range n {
		atOnce <- struct{}{}
		all.Go(func() {
			defer func() { <-atOnce }()
			conns[i], took[i], errs[i] = firstEvent(c.listen, request)
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			b.Fatal(err)
		}
	}
	return conns, took
}

func firstEvent(address string, request []byte) (net.Conn, time.Duration, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, 0, err
	}
	begun := time.Now()
	if _, err := conn.Write(request); err != nil {
		return nil, 0, err
	}
	buffer, n := make([]byte, 4096), 0
	for !bytes.Contains(buffer[:n], []byte("data: ")) {
		m, err := conn.Read(buffer[n:])
		if err != nil {
			return nil, 0, fmt.Errorf("%w after %q", err, buffer[:n])
		}
		n += m
	}
	took := time.Since(begun)
	go func() { _, _ = io.Copy(io.Discard, conn) }()
	return conn, took, nil
}

// BenchmarkStreams opens idle streams, each a call of a tool that reports progress every
// 10 seconds, and measures the server: memory, the time to the first event, and what is
// left of it when all clients vanish.
func BenchmarkStreams(b *testing.B) {
	// Not every revision with every number: all of it has to run in a minute.
	for _, c := range []struct {
		revision string
		streams  int
		settled  time.Duration
	}{
		{newest, 1000, 6 * time.Second},
		{"2025-06-18", 1000, 6 * time.Second},
		{newest, 10_000, 12 * time.Second},
	} {
		b.Run(fmt.Sprintf("revision=%s/streams=%d", c.revision, c.streams), func(b *testing.B) {
			if testing.Short() && c.streams > 1000 {
				b.Skip("so many take half a minute: run it without -short")
			}
			for b.Loop() {
				measureStreams(b, c.revision, c.streams, c.settled)
			}
		})
	}
}

// settled is how long the streams are left alone before the memory is read: with 10,000,
// every one of them has had an event and a comment by then.
func measureStreams(b *testing.B, revision string, n int, settled time.Duration) {
	c := startChild(b)
	before, goroutines := c.status(b, "VmRSS"), c.metric(b, "go_goroutines")
	conns, took := openStreams(b, c, revision, n)
	slices.Sort(took)
	atOnce := c.status(b, "VmRSS")
	time.Sleep(settled)
	after := c.status(b, "VmRSS")
	if open := c.metric(b, "gatehouse_mcp_open_streams"); int(open) != n {
		b.Fatalf("want %d open streams, got %v", n, open)
	}
	perStream := (c.metric(b, "go_goroutines") - goroutines) / float64(n)
	for _, conn := range conns {
		_ = conn.Close()
	}
	vanished, used := time.Now(), c.cpu(b)
	time.Sleep(3 * time.Second)
	left := c.metric(b, "go_goroutines") - goroutines
	for c.metric(b, "go_goroutines")-goroutines > 10 && time.Since(vanished) < 30*time.Second {
		time.Sleep(50 * time.Millisecond)
	}
	b.ReportMetric(time.Since(vanished).Seconds(), "s-until-gone")
	b.ReportMetric((c.cpu(b) - used).Seconds(), "CPU-s-until-gone")
	b.ReportMetric((atOnce-before)/float64(n), "KiB/stream-at-once")
	b.ReportMetric((after-before)/float64(n), "KiB/stream")
	b.ReportMetric(perStream, "goroutines/stream")
	b.ReportMetric(float64(took[n/2].Microseconds())/1000, "ms-p50")
	b.ReportMetric(float64(took[n*99/100].Microseconds())/1000, "ms-p99")
	b.ReportMetric(left, "goroutines-left")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkCalls sends short calls from two clients.
func BenchmarkCalls(b *testing.B) {
	for _, revision := range []string{newest, "2025-06-18"} {
		b.Run("revision="+revision, func(b *testing.B) {
			c := startChild(b)
			request := rawCall(c.listen, revision, "echo", map[string]any{"a": 1})
			const batch = 500
			used, begun := c.cpu(b), time.Now()
			calls := 0
			for b.Loop() {
				var both sync.WaitGroup
				for range 2 {
					both.Go(func() { callRepeatedly(b, c.listen, request, batch) })
				}
				both.Wait()
				calls += 2 * batch
			}
			took := time.Since(begun)
			b.ReportMetric(float64(calls)/took.Seconds(), "calls/s")
			b.ReportMetric(float64((c.cpu(b)-used).Microseconds())/float64(calls), "CPU-µs/call")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func callRepeatedly(b *testing.B, address string, request []byte, n int) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		b.Error(err)
		return
	}
	defer func() { _ = conn.Close() }()
	reader := bufio.NewReader(conn)
	for range n {
		if _, err := conn.Write(request); err != nil {
			b.Error(err)
			return
		}
		rsp, err := http.ReadResponse(reader, nil)
		if err != nil {
			b.Error(err)
			return
		}
		raw, err := io.ReadAll(rsp.Body)
		_ = rsp.Body.Close()
		if err != nil || rsp.StatusCode != http.StatusOK || !bytes.Contains(raw, []byte(`"result"`)) {
			b.Errorf("want a result, got %d %s %v", rsp.StatusCode, raw, err)
			return
		}
	}
}
