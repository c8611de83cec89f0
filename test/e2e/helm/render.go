package helm

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/release/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

// Rendering is what an installation of the chart would apply and say.
type Rendering struct {
	Objects []*unstructured.Unstructured
	Notes   string
}

// Render renders the chart mcp-server of a repository without a cluster, as `helm
// template` does, for a release named ReleaseName.
func Render(ctx context.Context, root, namespace string, values map[string]any) (*Rendering, error) {
	chart, err := loader.LoadDir(filepath.Join(root, "charts", "mcp-server"))
	if err != nil {
		return nil, err
	}
	config := action.NewConfiguration()
	config.SetLogger(slog.DiscardHandler)
	install := action.NewInstall(config)
	install.DryRunStrategy = action.DryRunClient
	install.ReleaseName, install.Namespace = ReleaseName, namespace
	// Helm knows no version here but its oldest one.
	if install.KubeVersion, err = common.ParseKubeVersion(plane.KubernetesVersion); err != nil {
		return nil, err
	}
	released, err := install.RunWithContext(ctx, chart, values)
	if err != nil {
		return nil, err
	}
	made, ok := released.(*v1.Release)
	if !ok {
		return nil, fmt.Errorf("cannot read a release of type %T", released)
	}
	objects, err := plane.ParseObjects([]byte(made.Manifest))
	if err != nil {
		return nil, err
	}
	return &Rendering{Objects: objects, Notes: made.Info.Notes}, nil
}
