package edge

import (
	"context"
	"net"
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Serve is Run on a listener of the test, without metrics.
func Serve(ctx context.Context, lis net.Listener, server *mcp.Server, o Options) error {
	f, err := newFront(ctx, server, o)
	if err != nil {
		return err
	}
	return f.serve(ctx, lis)
}

// NewHandler is what Run serves.
func NewHandler(ctx context.Context, server *mcp.Server, o Options) (http.Handler, error) {
	return newFront(ctx, server, o)
}
