// Package modules finds files of this repository and of the Go modules that its
// end-to-end tests pin.
package modules

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Module is a Go module in the module cache.
type Module struct {
	// Version that the component pins.
	Version string
	// Dir holds its files.
	Dir string
}

// Dir returns the folder with the files of a Go module; see Find.
func Dir(ctx context.Context, component, module string) (string, error) {
	found, err := Find(ctx, component, module)
	return found.Dir, err
}

// Find returns a Go module at the version that the component folder
// test/e2e/components/<component> pins. It downloads the module, checked against the
// component's go.sum, when the module cache does not have it.
func Find(ctx context.Context, component, module string) (Module, error) {
	components, err := Components()
	if err != nil {
		return Module{}, err
	}
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", module)
	cmd.Dir = filepath.Join(components, component)
	out, err := cmd.Output()
	var found struct {
		Module

		Error string `json:"Error"`
	}
	if len(out) > 0 {
		err = errors.Join(err, json.Unmarshal(out, &found)) //nolint:musttag // the names are those that go prints
	}
	if err != nil {
		return Module{}, fmt.Errorf("cannot find module %q of component %q: %w %s", module, component, err, found.Error)
	}
	return found.Module, nil
}

// Components returns the folder with one module per third-party component.
func Components() (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	return filepath.Join(root, "test", "e2e", "components"), nil
}

// Root returns the folder of the repository. It looks upwards from the working
// directory, which for a test is the folder of its package.
func Root() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("cannot find the repository: %w", err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		info, err := os.Stat(filepath.Join(dir, "test", "e2e", "components"))
		if err == nil && info.IsDir() {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("cannot find the repository: no folder above %q has test/e2e/components", start)
		}
	}
}
