// Command xrdgen writes what is generated: from the Go types of the API the XRD, the
// Compositions and metadata of the Crossplane packages, and the reference; for the
// chart, which can read only its own files, a copy of the table of controllers.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gatehouse-platform/gatehouse/internal/version"
	"github.com/gatehouse-platform/gatehouse/tools/internal/apidoc"
	"github.com/gatehouse-platform/gatehouse/tools/internal/manifest"
	"github.com/gatehouse-platform/gatehouse/tools/internal/schema"
)

func main() {
	root := flag.String("root", "..", "the root of the repository")
	o := manifest.Options{}
	flag.StringVar(&o.Version, "version", "v"+version.Version, "the version of the packages")
	flag.StringVar(&o.Providers, "providers", manifest.CommunityProviders, "where cloud providers come from; "+manifest.UpboundProviders+" for who has those")
	flag.Parse()
	if err := run(*root, o); err != nil {
		fmt.Fprintln(os.Stderr, "xrdgen:", err)
		os.Exit(2)
	}
}

func run(root string, o manifest.Options) error {
	var err error
	if o.Schema, err = schema.Load(root); err != nil {
		return err
	}
	files, err := manifest.Files(o)
	if err != nil {
		return err
	}
	files = append(files, manifest.File{Path: apidoc.Path, Content: apidoc.Markdown(manifest.Schema(o.Schema))})
	controllers, err := os.ReadFile(filepath.Join(root, "catalog", "controllers.yaml"))
	if err != nil {
		return fmt.Errorf("cannot read the table of controllers: %w", err)
	}
	files = append(files, manifest.File{Path: "charts/mcp-server/files/controllers.yaml", Content: controllers})
	for _, f := range files {
		path := filepath.Join(root, f.Path)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return fmt.Errorf("cannot make the folder of %q: %w", path, err)
		}
		if err := os.WriteFile(path, f.Content, 0o644); err != nil {
			return fmt.Errorf("cannot write %q: %w", path, err)
		}
	}
	return nil
}
