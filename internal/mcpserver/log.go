package mcpserver

import (
	"context"
	"log/slog"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// warnings passes on what the SDK warns of. What it tells besides is three lines for
// every request, because without sessions each is a connection of its own.
type warnings struct{ slog.Handler }

// Enabled implements [slog.Handler].
func (w warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && w.Handler.Enabled(ctx, level)
}

// WithAttrs implements [slog.Handler].
func (w warnings) WithAttrs(attrs []slog.Attr) slog.Handler {
	return warnings{w.Handler.WithAttrs(attrs)}
}

// WithGroup implements [slog.Handler].
func (w warnings) WithGroup(name string) slog.Handler { return warnings{w.Handler.WithGroup(name)} }

const methodCallTool = "tools/call"

// logCalls writes one line for each call of a tool: which, how it ended, how long
// it took. What was asked and answered is the caller's and stands in no log.
func logCalls(log *slog.Logger, names map[string]bool) mcp.Middleware {
	return func(next mcp.MethodHandler) mcp.MethodHandler {
		return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
			if method != methodCallTool {
				return next(ctx, method, req)
			}
			// Only names that exist: anything else would be text of the caller's choice.
			name := "(unknown)"
			if params, ok := req.GetParams().(*mcp.CallToolParamsRaw); ok && names[params.Name] {
				name = params.Name
			}
			start := time.Now()
			result, err := next(ctx, method, req)
			log.LogAttrs(context.WithoutCancel(ctx), slog.LevelInfo, "tool called",
				slog.String("tool", name),
				slog.String("outcome", outcome(ctx, result, err)),
				slog.Duration("duration", time.Since(start)))
			return result, err
		}
	}
}

// outcome of a call: answered, asked (the caller has to answer a question first),
// refused (the result says why not), left (by the caller), or failed (no result).
func outcome(ctx context.Context, result mcp.Result, err error) string {
	called, _ := result.(*mcp.CallToolResult)
	switch {
	case ctx.Err() != nil:
		return "left"
	case err != nil || called == nil:
		return "failed"
	case called.IsError:
		return "refused"
	case called.InputRequests != nil:
		return "asked"
	default:
		return "answered"
	}
}
