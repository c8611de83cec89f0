package main

import (
	"path"
	"slices"
	"testing"

	"github.com/gatehouse-platform/gatehouse/test/e2e/modules"
)

// TestLongestFirst: every folder that is named among the slow ones is there and comes in
// that order, and no package is left out.
func TestLongestFirst(t *testing.T) {
	root, err := modules.Root()
	if err != nil {
		t.Fatal(err)
	}
	got, err := longestFirst(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	for i, folder := range slow() {
		if want := path.Join(module, folder); got[i] != want {
			t.Errorf("package %d is %q, want %q", i, got[i], want)
		}
	}
	if want := path.Join(module, "cmd/proofs"); !slices.Contains(got, want) {
		t.Errorf("this package, %q, is not among them", want)
	}
}
