package plane

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// runPrefix is how the name of every run directory begins.
const runPrefix = "gatehouse-plane-"

// Running returns the processes that carry the mark of the plane of a run directory,
// also if the program that started it is gone. Those of other users are not seen.
func Running(dir string) []int {
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		return nil
	}
	var found []int
	for _, file := range files {
		// One that ended meanwhile is none.
		data, err := os.ReadFile(file)
		if err != nil || !slices.Contains(strings.Split(string(data), "\x00"), MarkVariable+"="+dir) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
			found = append(found, pid)
		}
	}
	slices.Sort(found)
	return found
}

// Sweep ends and removes what is left of the plane of a run directory whose program is
// gone. Usually the kernel and the janitor have done so before.
func Sweep(dir string) error {
	if !strings.HasPrefix(filepath.Base(dir), runPrefix) {
		return fmt.Errorf("cannot sweep %q: it is not the run directory of a plane", dir)
	}
	deadline := time.Now().Add(2 * patience)
	for pids := Running(dir); len(pids) > 0; pids = Running(dir) {
		if time.Now().After(deadline) {
			for _, pid := range pids {
				// It may end this very moment: that is what is wanted.
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
		if time.Now().After(deadline.Add(2 * patience)) {
			return fmt.Errorf("cannot end processes %v of the plane %q", pids, dir)
		}
		time.Sleep(pollInterval)
	}
	janitor, err := hireJanitor(dir, false)
	if err != nil {
		return err
	}
	return janitor.dismiss()
}
