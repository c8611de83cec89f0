package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gatehouse-platform/gatehouse/internal/diagnose"
	"github.com/gatehouse-platform/gatehouse/internal/kube"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
	"github.com/gatehouse-platform/gatehouse/internal/version"
)

// lookFlags say what is looked at: a cluster, or files.
type lookFlags struct {
	Files             []string `help:"Files or folders with objects instead of a cluster; - for standard input. May be repeated." name:"file" placeholder:"FILE" sep:"none" short:"f"`
	Kubeconfig        string   `help:"Kubeconfig of the cluster; by default as kubectl takes it." placeholder:"FILE"`
	Context           string   `help:"Context of the kubeconfig." placeholder:"NAME"`
	KubernetesVersion string   `help:"Version of Kubernetes that files are meant for, such as 1.36." placeholder:"VERSION"`
}

// seen is what was looked at.
type seen struct {
	snapshot *topology.Snapshot
	// kubernetes is the version of the API server; empty where it is not known.
	kubernetes string
}

// findings are those of all checks, in one namespace or, with none, everywhere.
func (s seen) findings(namespace string) ([]diagnose.Finding, error) {
	return diagnose.Diagnose(s.snapshot, diagnose.Options{Now: metav1.Now(), Kubernetes: s.kubernetes, Namespace: namespace})
}

func (f lookFlags) connect() (*kube.Client, error) {
	return kube.Connect(kube.Config{Kubeconfig: f.Kubeconfig, Context: f.Context, UserAgent: "gatehouse/" + version.Version})
}

// look takes a snapshot of the files, or of the cluster if there are none.
func (f lookFlags) look(ctx context.Context, s streams) (seen, error) {
	if len(f.Files) > 0 {
		return f.ofFiles(s)
	}
	client, err := f.connect()
	if err != nil {
		return seen{}, err
	}
	return ofCluster(ctx, client)
}

func ofCluster(ctx context.Context, client *kube.Client) (seen, error) {
	snapshot, err := topology.Load(ctx, client.Reader(), topology.Options{Deep: true, Certificates: true})
	if err != nil {
		return seen{}, err
	}
	// Without the version the checks that need it are silent.
	running, _ := client.Version(ctx)
	return seen{snapshot, running}, nil
}

func (f lookFlags) ofFiles(s streams) (seen, error) {
	var files []topology.File
	for _, name := range f.Files {
		found, err := manifests(s, name)
		if err != nil {
			return seen{}, err
		}
		files = append(files, found...)
	}
	snapshot, err := topology.FromFiles(files)
	if err != nil {
		return seen{}, err
	}
	return seen{snapshot, f.KubernetesVersion}, nil
}

// manifests are the files of a name: the file itself, those of a folder and the folders in
// it, or standard input.
func manifests(s streams, name string) ([]topology.File, error) {
	if name == "-" {
		raw, err := io.ReadAll(s.In)
		if err != nil {
			return nil, fmt.Errorf("cannot read standard input: %w", err)
		}
		return []topology.File{{Name: "standard input", Data: raw}}, nil
	}
	var out []topology.File
	err := filepath.WalkDir(name, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		wanted := path == name || slices.Contains([]string{".yaml", ".yml", ".json"}, strings.ToLower(filepath.Ext(path)))
		if entry.IsDir() || !wanted {
			return nil
		}
		raw, err := os.ReadFile(path) //nolint:gosec // the folder is the user's own, and is only read
		out = append(out, topology.File{Name: path, Data: raw})
		return err //nolint:wrapcheck // it is wrapped below
	})
	if err != nil {
		return nil, fmt.Errorf("cannot read %q: %w", name, err)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("cannot find YAML files in folder %q", name)
	}
	return out, nil
}
