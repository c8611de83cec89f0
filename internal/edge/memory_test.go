package edge_test

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/gatehouse-platform/gatehouse/internal/edge"
)

// The more is in use, the less may be allocated on top, in parts of it; with little in
// use the collector is left alone.
func TestTrimMemory(t *testing.T) {
	t.Setenv("GOGC", "100") // restores it
	if err := os.Unsetenv("GOGC"); err != nil {
		t.Fatal(err)
	}
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go edge.TrimMemory(ctx)

	ballast := make([]byte, 256<<20)
	eventually(t, "the collector is told to run sooner", func() bool { return percent() < 50 })
	runtime.KeepAlive(ballast)
	ballast = nil
	eventually(t, "the collector is told to run later", func() bool { return percent() > 100 })
	runtime.KeepAlive(ballast)
}

func TestTrimMemoryLeavesGOGC(t *testing.T) {
	t.Setenv("GOGC", "100")
	defer debug.SetGCPercent(debug.SetGCPercent(123))
	edge.TrimMemory(t.Context())
	runtime.GC()
	if got := percent(); got != 123 {
		t.Errorf("want what the operator set to stay, got %d", got)
	}
}

func percent() uint64 {
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited too long until %s", what)
		}
		runtime.GC()
	}
}
