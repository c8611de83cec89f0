package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// BenchmarkRenderProcess runs `gatehouse render` as a process of its own.
func BenchmarkRenderProcess(b *testing.B) {
	program := filepath.Join(b.TempDir(), "gatehouse")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("cannot build the command: %v\n%s", err, out)
	}
	for b.Loop() {
		if err := exec.Command(program, "render", examples+"valid/aws-all.yaml").Run(); err != nil {
			b.Fatal(err)
		}
	}
}
