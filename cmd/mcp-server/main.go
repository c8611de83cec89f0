// Command mcp-server shows Clusters and the gateways of a cluster to agents, over
// the Model Context Protocol.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/gatehouse-platform/gatehouse/internal/version"
)

// Exit codes.
const (
	exitFine   = 0
	exitInput  = 1 // wrong options
	exitFailed = 2 // could not run
)

type cli struct {
	serverFlags

	HTTP    httpCmd          `cmd:"" default:"withargs" help:"Serve over Streamable HTTP. This is what happens without a command." name:"http"`
	Stdio   stdioCmd         `cmd:"" help:"Serve one client over standard input and output."`
	Version kong.VersionFlag `env:"-" help:"Print the version."`
}

// streams are what the server reads and writes. Standard output belongs to the protocol
// of stdio, so everything for people goes to Err.
type streams struct {
	In       io.ReadCloser
	Out, Err io.WriteCloser
}

// errInput says that the options are wrong.
var errInput = errors.New("wrong options")

func main() {
	ctx, abort, stop := signals()
	code := run(ctx, os.Args[1:], process{streams{os.Stdin, os.Stdout, os.Stderr}, abort})
	stop()
	os.Exit(code)
}

// process is what the surroundings give to a command.
type process struct {
	streams

	// abort is closed by a second signal: end at once.
	abort <-chan struct{}
}

// signals returns a context that ends with the first signal to end, and a channel that is
// closed with the second.
func signals() (ctx context.Context, abort <-chan struct{}, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	second := make(chan struct{})
	received := make(chan os.Signal, 2)
	signal.Notify(received, syscall.SIGTERM, os.Interrupt)
	go func() {
		<-received
		cancel()
		<-received
		close(second)
	}()
	return ctx, second, func() {
		signal.Stop(received)
		cancel()
	}
}

func run(ctx context.Context, args []string, p process) int {
	code, exited := exitFine, false
	var flags cli
	k, err := kong.New(&flags,
		kong.Name("mcp-server"),
		kong.Description("Shows Clusters and the gateways of a cluster to agents, over the Model Context Protocol. "+
			"Every flag can be given as an environment variable too: --token-file is GATEHOUSE_MCP_TOKEN_FILE."),
		kong.DefaultEnvars("GATEHOUSE_MCP"),
		kong.Writers(p.Out, p.Err),
		kong.Exit(func(c int) { code, exited = c, true }),
		defaults(),
		kong.ExplicitGroups([]kong.Group{
			{Key: "reach", Title: "How it is reached:"}, {Key: "auth", Title: "Who is let in:"}, {Key: "limits", Title: "How much of it, and how long:"},
		}),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		return failed(p, err)
	}
	parsed, err := k.Parse(args)
	if exited {
		return code
	}
	if err != nil {
		return failed(p, fmt.Errorf("%w (mcp-server --help lists the flags)", err))
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	err = parsed.Run(p, flags.serverFlags)
	switch {
	case err == nil:
		return exitFine
	case errors.Is(err, errInput):
		_, _ = fmt.Fprintln(p.Err, "mcp-server:", err)
		return exitInput
	default:
		return failed(p, err)
	}
}

func failed(p process, err error) int {
	_, _ = fmt.Fprintln(p.Err, "mcp-server:", err)
	return exitFailed
}

// logger writes to standard error, also with stdio.
func (f *serverFlags) logger(w io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.LogLevel)); err != nil {
		return nil, fmt.Errorf("%w: --log-level: %w", errInput, err)
	}
	o := &slog.HandlerOptions{Level: level}
	if f.LogFormat == "text" {
		return slog.New(slog.NewTextHandler(w, o)), nil
	}
	return slog.New(slog.NewJSONHandler(w, o)), nil
}

func defaults() kong.Vars {
	vars := httpDefaults()
	vars["version"] = version.Version
	return vars
}
