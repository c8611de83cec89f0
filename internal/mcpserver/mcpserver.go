// Package mcpserver is the MCP server: the tools and resources by which an agent
// looks at Clusters and at the gateways of a cluster. What carries it (HTTP,
// stdio), who may call it and how often is decided elsewhere.
package mcpserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/internal/compose"
	"github.com/gatehouse-platform/gatehouse/internal/render"
)

// Name is how the server calls itself.
const Name = "gatehouse"

// Options say what a server offers.
type Options struct {
	// AllowWrites adds the tools that change a cluster. Without it they do not exist.
	AllowWrites bool
	// Version of this build, for clients.
	Version string
	// Cluster is what the tools look at. Nil: no cluster is configured, and the
	// tools that need one say so.
	Cluster Cluster
	// Log gets one line for each call. Nil: none.
	Log *slog.Logger
	// Draining returns a channel that is closed once the server is about to end, for
	// the context of a call. Nil: calls are never told.
	Draining func(context.Context) <-chan struct{}
}

const instructions = `Gatehouse composes Kubernetes clusters and the front door of each: gateways, routes, scaling.
One YAML object, a Cluster (devopstoolkit.ai/v2), says what is wanted.

Where to begin:
- Writing or changing a Cluster: read the resource gatehouse://reference/cluster-api, then call validate_cluster, render_cluster and, for a change, diff_clusters. These need no cluster.
- What can be installed, and what a Cluster has on: list_apps.
- Something does not work: diagnose says what is wrong, where, and what mends it; explain_route follows one request to a route, and says where it stops.
- How traffic comes in: get_exposure for one Service; list_gateways and list_routes for all.
- Moving from Ingress to the Gateway API: plan_migration.
- After a change was applied: wait_ready. It answers when the object is ready, and reports progress until then.
What limits a stream on each gateway controller: gatehouse://reference/controllers.`

const writeInstructions = `
- Switching an app on or off: set_app. Its first call only shows what would happen.`

// cacheFor is how long clients may keep lists and resources: they only change
// with another build of the server.
const cacheFor = 10 * time.Minute

// New returns a server with all its tools and resources. It serves any number of
// clients at once.
func New(o Options) (*mcp.Server, error) {
	b, err := newBackend(o)
	if err != nil {
		return nil, err
	}
	text := instructions
	if o.AllowWrites {
		text += writeInstructions
	}
	server := mcp.NewServer(
		&mcp.Implementation{Name: Name, Title: "Gatehouse", Version: o.Version},
		&mcp.ServerOptions{
			Instructions: text,
			Logger:       slog.New(warnings{b.log.Handler()}),
			// Lists never change while the server runs, and nothing is logged to clients.
			Capabilities:      &mcp.ServerCapabilities{Tools: &mcp.ToolCapabilities{}, Resources: &mcp.ResourceCapabilities{}},
			CompletionHandler: complete(b.catalog),
			SetCacheable: func(_ context.Context, _ mcp.Request, c *mcp.Cacheable) {
				c.TTLMs, c.CacheScope = int(cacheFor/time.Millisecond), "private"
			},
		},
	)
	names := map[string]bool{}
	for _, t := range All() {
		if t.ReadOnly || o.AllowWrites {
			t.install(server, b)
			names[t.Name] = true
		}
	}
	if err := addResources(server, b.catalog); err != nil {
		return nil, err
	}
	server.AddReceivingMiddleware(logCalls(b.log, names))
	return server, nil
}

// backend is what tools work with.
type backend struct {
	catalog  *catalog.Catalog
	planner  *compose.Planner
	renderer *render.Renderer
	live     Cluster
	log      *slog.Logger
	draining func(context.Context) <-chan struct{}
	// slots are taken by calls that render: a Cluster of a few kilobytes can be
	// composed of megabytes, so only a few are rendered at a time.
	slots chan struct{}
}

const renderingAtOnce = 4

func newBackend(o Options) (*backend, error) {
	all, err := catalog.Load()
	if err != nil {
		return nil, err
	}
	planner := compose.NewPlanner(all)
	b := &backend{
		catalog:  all,
		planner:  planner,
		renderer: render.New(planner),
		live:     o.Cluster,
		log:      o.Log,
		draining: o.Draining,
		slots:    make(chan struct{}, renderingAtOnce),
	}
	if b.log == nil {
		b.log = slog.New(slog.DiscardHandler)
	}
	if b.draining == nil {
		b.draining = func(context.Context) <-chan struct{} { return nil }
	}
	return b, nil
}

// errNoCluster tells an agent what it cannot do here, and what still works.
var errNoCluster = errors.New("cannot look at a cluster: this server was started without one. " +
	"Start it inside a cluster, or with --kubeconfig. " +
	"list_apps, render_cluster, validate_cluster, diff_clusters and plan_migration work without a cluster, on YAML")

// cluster returns the cluster that tools look at.
func (b *backend) cluster() (Cluster, error) { //nolint:ireturn // whoever starts the server decides what a cluster is
	if b.live == nil {
		return nil, errNoCluster
	}
	return b.live, nil
}

// slot waits until another rendering may begin. The caller gives it back.
func (b *backend) slot(ctx context.Context) (release func(), err error) {
	select {
	case b.slots <- struct{}{}:
		return func() { <-b.slots }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("cannot wait for other renderings to end: %w", context.Cause(ctx))
	}
}
