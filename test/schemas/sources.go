package schemas

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"

	"golang.org/x/mod/modfile"
)

var (
	//go:embed components.mod
	componentsMod []byte

	//go:embed components.sum
	componentsSum []byte

	//go:embed newer.mod
	newerMod []byte

	//go:embed newer.sum
	newerSum []byte

	mainModule = regexp.MustCompile(`(?m)^module github\.com/gatehouse-platform/gatehouse$`)
)

// pins is a list of modules with their versions and checksums.
type pins struct {
	name    string // of the file, in messages
	mod     []byte
	sum     []byte
	folders map[string][]string // with CRDs, inside each module
}

// components are the versions that the product's catalog pins.
func components() pins {
	return pins{name: "components", mod: componentsMod, sum: componentsSum, folders: map[string][]string{
		"github.com/argoproj/argo-cd/v3":                          {"manifests/crds"},
		"github.com/cert-manager/cert-manager":                    {"deploy/crds"},
		"github.com/crossplane-contrib/provider-helm":             {"package/crds"},
		"github.com/crossplane-contrib/provider-kubernetes":       {"package/crds"},
		"github.com/crossplane/crossplane/v2":                     {"cluster/crds"},
		"github.com/envoyproxy/gateway":                           {"charts/gateway-helm/crds", "charts/gateway-helm/crds/generated"},
		"github.com/external-secrets/external-secrets":            {"config/crds/bases"},
		"github.com/kedacore/keda/v2":                             {"config/crd/bases"},
		"github.com/kgateway-dev/kgateway/v2":                     {"install/helm/kgateway-crds/templates"},
		"github.com/kubernetes-sigs/aws-load-balancer-controller": {"config/crd/gateway"},
		"github.com/prometheus-operator/prometheus-operator":      {"example/prometheus-operator-crd"},
		"github.com/stacklok/toolhive":                            {"deploy/charts/operator-crds/files/crds"},
	}}
}

// newer are versions that people run before the catalog does.
func newer() pins {
	return pins{name: "newer", mod: newerMod, sum: newerSum, folders: map[string][]string{
		// The folders of v1.7.0 moved into a chart of their own.
		"github.com/envoyproxy/gateway": {"charts/gateway-helm/charts/crds/crds", "charts/gateway-helm/charts/crds/crds/generated"},
	}}
}

// A download is one line of `go mod download -json`.
type download struct {
	Path  string `json:"Path"`
	Dir   string `json:"Dir"`
	Error string `json:"Error"`
}

// crdFolders downloads the pinned modules, unless the module cache has them, and returns the folders with their CRDs.
func (p pins) crdFolders(ctx context.Context) ([]string, error) {
	file, err := modfile.Parse(p.name+".mod", p.mod, nil)
	if err != nil {
		return nil, fmt.Errorf("cannot parse %q: %w", p.name+".mod", err)
	}

	// The go command takes checksums only from the go.sum beside a go.mod, and it writes missing ones there.
	tmp, err := os.MkdirTemp("", "gatehouse-schemas-")
	if err != nil {
		return nil, fmt.Errorf("cannot create a temporary folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	sum := filepath.Join(tmp, "go.sum")
	for path, content := range map[string][]byte{filepath.Join(tmp, "go.mod"): p.mod, sum: p.sum} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return nil, fmt.Errorf("cannot write %q: %w", path, err)
		}
	}

	// Every module is named with its version: without one, the go command would resolve the file as one build list.
	args := []string{"mod", "download", "-json"}
	for _, r := range file.Require {
		args = append(args, r.Mod.String())
	}
	downloads, err := runDownload(ctx, tmp, args)
	if err != nil {
		return nil, err
	}

	written, err := os.ReadFile(sum)
	if err != nil {
		return nil, fmt.Errorf("cannot read %q: %w", sum, err)
	}
	if !bytes.Equal(written, p.sum) {
		return nil, fmt.Errorf("cannot trust the modules of %q: put exactly these lines into %s.sum:\n%s", p.name+".mod", p.name, written)
	}

	var folders []string
	for _, d := range downloads {
		subs := p.folders[d.Path]
		if len(subs) == 0 {
			return nil, fmt.Errorf("cannot find CRDs in module %q: name its folders beside the other modules of %q", d.Path, p.name+".mod")
		}
		for _, sub := range subs {
			folders = append(folders, filepath.Join(d.Dir, filepath.FromSlash(sub)))
		}
	}
	return folders, nil
}

// runDownload runs the go command in a folder of its own.
func runDownload(ctx context.Context, dir string, args []string) ([]download, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	// A workspace or -mod=vendor of the caller must not reach this throw-away module.
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	runErr := cmd.Run()

	// A refused module is reported in its own entry, and only then is the exit code not zero.
	var downloads []download
	for dec := json.NewDecoder(&stdout); ; {
		var d download
		err := dec.Decode(&d)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read the output of %q: %w", cmd.String(), err)
		}
		if d.Error != "" {
			return nil, fmt.Errorf("cannot download module %q: %s", d.Path, d.Error)
		}
		downloads = append(downloads, d)
	}
	if runErr != nil {
		return nil, fmt.Errorf("cannot run %q: %w: %s", cmd.String(), runErr, bytes.TrimSpace(stderr.Bytes()))
	}
	return downloads, nil
}

// SharedFolder is the folder `shared` beside the repository. It holds the CRDs of the provider kinds, which no Go module
// carries, and the reference renderings. The error says why it cannot be read.
func SharedFolder() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("cannot find the repository: %w", err)
	}
	for {
		content, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && mainModule.Match(content) {
			break
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("cannot find the repository: no parent folder holds Gatehouse's go.mod")
		}
		dir = parent
	}
	shared := filepath.Join(filepath.Dir(dir), "shared")
	if _, err := os.Stat(filepath.Join(shared, "crds")); err != nil {
		return "", fmt.Errorf("cannot read the providers' CRDs: %w", err)
	}
	return shared, nil
}
