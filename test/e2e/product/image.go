package product

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/gatehouse-platform/gatehouse/internal/version"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

// PushServer builds the image of the MCP server as a release does, for this machine, and
// gives it to the node of a plane under the name that the chart has as its default.
func PushServer(ctx context.Context, p *plane.Plane) error {
	root, err := Root()
	if err != nil {
		return err
	}
	out := filepath.Join(p.Dir(), "images")
	cmd := exec.CommandContext(ctx, "go", "run", "./xpkg", "-out", out, "-arch", runtime.GOARCH, "image", "mcp-server")
	cmd.Dir = filepath.Join(root, "tools")
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot build the images: %w\n%s", err, text)
	}
	return p.PushLayout(ctx, filepath.Join(out, "image", "mcp-server"), "ghcr.io/gatehouse-platform/mcp-server:"+version.Version)
}
