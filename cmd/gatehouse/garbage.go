package main

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
)

// heapBefore is how much memory a command may take before its garbage is collected.
const heapBefore = 64 << 20

// collectLate puts off collecting garbage until there is some to speak of: most commands
// live for milliseconds, of which collecting would take a third. After the first time it
// is as Go has it, for those that run on. What the environment says wins.
func collectLate() {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	percent := debug.SetGCPercent(-1)
	debug.SetMemoryLimit(heapBefore)
	first := &struct{ next *int }{} // has a pointer, so that it shares its memory with nothing
	runtime.AddCleanup(first, func(percent int) {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(math.MaxInt64)
	}, percent)
}
