package main

import (
	"math"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestGarbageIsCollectedLate(t *testing.T) {
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	usual := debug.SetGCPercent(100)
	defer debug.SetGCPercent(usual)
	defer debug.SetMemoryLimit(math.MaxInt64)

	collectLate()
	if percent := debug.SetGCPercent(-1); percent != -1 {
		t.Errorf("garbage is collected from the beginning: GOGC is %d", percent)
	}
	if limit := debug.SetMemoryLimit(-1); limit != heapBefore {
		t.Errorf("garbage is collected from %d bytes on, want %d", limit, heapBefore)
	}

	runtime.GC() // as the runtime does it when the limit is reached
	for end := time.Now().Add(10 * time.Second); debug.SetMemoryLimit(-1) != math.MaxInt64; {
		if time.Now().After(end) {
			t.Fatal("after the first time it does not become as Go has it")
		}
		time.Sleep(time.Millisecond)
	}
	if percent := debug.SetGCPercent(100); percent != 100 {
		t.Errorf("after the first time GOGC is %d, want 100", percent)
	}
}

func TestGarbageIsCollectedAsTheEnvironmentSays(t *testing.T) {
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("GOGC", "")
			t.Setenv("GOMEMLIMIT", "")
			t.Setenv(name, "50")
			usual := debug.SetGCPercent(50)
			defer debug.SetGCPercent(usual)
			collectLate()
			if percent := debug.SetGCPercent(50); percent != 50 {
				t.Errorf("GOGC is %d, want 50", percent)
			}
		})
	}
}
