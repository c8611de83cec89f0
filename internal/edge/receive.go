package edge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime/debug"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const (
	methodCallTool = "tools/call"
	methodListen   = "subscriptions/listen"
)

// propagating is the revision for which the SDK ends handlers with the request.
const propagating = "2026-07-28"

// ErrStopped is why the context of a handler ends when the server has waited long enough
// for it.
var ErrStopped = errors.New("the server has stopped")

// Draining returns a channel that is closed when the server begins to go away. A handler
// that waits for something has to answer then, with what it knows. It never closes for a
// context that is not that of a handler of this server.
func Draining(ctx context.Context) <-chan struct{} {
	if x := exchangeOf(ctx); x != nil {
		return x.front.draining
	}
	return nil
}

// receive stands in front of every handler of the MCP server.
func (f *front) receive(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (res mcp.Result, err error) {
		x := exchangeOf(ctx)
		if x == nil {
			return next(ctx, method, req)
		}
		tool := slim(req)
		// The SDK runs handlers on goroutines of its own, so that net/http does not see a
		// panic, and one tool would end the server.
		defer func() {
			if p := recover(); p != nil {
				f.log.Error("panic", "method", f.metrics.method(method), "value", p, "stack", string(debug.Stack()))
				res, err = nil, &jsonrpc.Error{Code: jsonrpc.CodeInternalError, Message: "internal error"}
			}
			f.metrics.handled(call{method, tool, res, err, x.ctx.Err() != nil})
		}()
		if !strings.HasPrefix(method, "notifications/") {
			x.open()
		}
		ctx, stop := x.bind(ctx, method)
		defer stop()
		return next(ctx, method, req)
	}
}

// bind makes the context of a handler end with the HTTP request. The SDK does so itself
// only for revision 2026-07-28 (StreamableHTTPOptions.PropagateRequestCancellation): the
// revisions before it can resume a stream, which a server without sessions cannot.
func (x *exchange) bind(ctx context.Context, method string) (bound context.Context, unbind func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	x.working(method, cancel)
	if x.revision == propagating {
		return ctx, func() { cancel(nil) }
	}
	release := context.AfterFunc(x.ctx, func() { cancel(context.Cause(x.ctx)) })
	return ctx, func() {
		release()
		cancel(nil)
	}
}

// slim returns the name of the tool that is called, and makes the metadata of the call as
// small as it is: the SDK's decoder gives every map room for many more entries, and a
// call that waits for hours holds on to it.
func slim(req mcp.Request) (tool string) {
	p, fine := req.GetParams().(*mcp.CallToolParamsRaw)
	if !fine || p == nil {
		return ""
	}
	if p.Meta != nil {
		small := make(mcp.Meta, len(p.Meta))
		maps.Copy(small, p.Meta)
		for key, value := range small {
			if inner, is := value.(map[string]any); is {
				few := make(map[string]any, len(inner))
				maps.Copy(few, inner)
				small[key] = few
			}
		}
		p.Meta = small
	}
	return p.Name
}

// toolNames asks the server for its tools, which are the only names that metrics carry.
func toolNames(ctx context.Context, server *mcp.Server) (map[string]bool, error) {
	here, there := mcp.NewInMemoryTransports()
	ss, err := server.Connect(ctx, there, nil)
	if err != nil {
		return nil, fmt.Errorf("cannot connect to the MCP server: %w", err)
	}
	defer func() { _ = ss.Close() }()
	client := mcp.NewClient(&mcp.Implementation{Name: "edge"}, &mcp.ClientOptions{Logger: slog.New(slog.DiscardHandler)})
	cs, err := client.Connect(ctx, here, nil)
	if err != nil {
		return nil, fmt.Errorf("cannot connect to the MCP server: %w", err)
	}
	defer func() { _ = cs.Close() }()
	names := map[string]bool{}
	if cs.InitializeResult().Capabilities.Tools == nil {
		return names, nil
	}
	for tool, err := range cs.Tools(ctx, nil) {
		if err != nil {
			return nil, fmt.Errorf("cannot list the tools of the MCP server: %w", err)
		}
		names[tool.Name] = true
	}
	return names, nil
}
