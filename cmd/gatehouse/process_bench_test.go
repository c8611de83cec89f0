package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Processes of their own: what a command takes from its start to its end. cpu-ms is the
// processor time, which other work on the machine hardly changes.
func BenchmarkProcess(b *testing.B) {
	program := filepath.Join(b.TempDir(), "gatehouse")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("cannot build the command: %v\n%s", err, out)
	}
	for name, args := range map[string][]string{
		"version": {"--version"},
		"render":  {"render", examples + "valid/aws-all.yaml"},
	} {
		b.Run(name, func(b *testing.B) {
			var cpu time.Duration
			for b.Loop() {
				command := exec.Command(program, args...)
				if err := command.Run(); err != nil {
					b.Fatal(err)
				}
				cpu += command.ProcessState.UserTime() + command.ProcessState.SystemTime()
			}
			b.ReportMetric(float64(cpu.Milliseconds())/float64(b.N), "cpu-ms/op")
		})
	}
}
