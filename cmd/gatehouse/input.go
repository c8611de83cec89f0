package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/internal/compose"
	"github.com/gatehouse-platform/gatehouse/internal/render"
)

func newRenderer() (*render.Renderer, error) {
	c, err := catalog.Load()
	if err != nil {
		return nil, err
	}
	return render.New(compose.NewPlanner(c)), nil
}

// readAll reads files, folders (their YAML files) and "-" (standard input).
func readAll(s streams, names []string) ([]render.Document, error) {
	var out []render.Document
	for _, name := range names {
		documents, err := readOne(s, name)
		if err != nil {
			return nil, err
		}
		out = append(out, documents...)
	}
	return out, nil
}

func readOne(s streams, name string) ([]render.Document, error) {
	if name == "-" {
		return render.Read("standard input", s.In)
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("cannot read %q: %w", name, err)
	}
	if info.IsDir() {
		return readFolder(s, name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("cannot read %q: %w", name, err)
	}
	defer func() { _ = f.Close() }()
	return render.Read(name, io.Reader(f))
}

func readFolder(s streams, name string) ([]render.Document, error) {
	var files []string
	for _, pattern := range []string{"*.yaml", "*.yml", "*.json"} {
		found, err := filepath.Glob(filepath.Join(name, pattern))
		if err != nil {
			return nil, fmt.Errorf("cannot read folder %q: %w", name, err)
		}
		files = append(files, found...)
	}
	slices.Sort(files)
	if len(files) == 0 {
		return nil, fmt.Errorf("cannot find YAML files in folder %q: %w", name, render.ErrInput)
	}
	return readAll(s, files)
}
