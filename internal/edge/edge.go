// Package edge is what stands between a socket and an MCP server: Streamable HTTP
// with event streams that stay open, authentication, limits, health, metrics, and
// an end that tells open streams.
package edge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 64 << 10
	// lastWords is how long handlers have to answer once they are stopped.
	lastWords = time.Second
)

// Run serves an MCP server until the context ends, then drains: it is not ready, then
// takes nothing new and tells open streams to end ([Draining]), then closes what is left.
// It returns an error only when it could not serve. The server is changed (it gets a
// middleware), so it can be handed to Run once.
func Run(ctx context.Context, server *mcp.Server, o Options) error {
	if err := o.Validate(); err != nil {
		return err
	}
	f, err := newFront(ctx, server, o)
	if err != nil {
		return err
	}
	lis, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.Listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %q: %w", o.Listen, err)
	}
	stopMetrics, err := f.serveMetrics(ctx)
	if err != nil {
		return errors.Join(err, lis.Close())
	}
	defer stopMetrics()
	return f.serve(ctx, lis)
}

func (f *front) serve(ctx context.Context, lis net.Listener) error {
	// Requests live on while the server drains.
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	go f.keepalive.run(work)

	srv := f.newServer()
	srv.BaseContext = func(net.Listener) context.Context { return work }
	served := make(chan error, 1)
	go func() { served <- srv.Serve(lis) }()
	f.ready.Store(true)
	f.warn()
	f.log.Info("serving", "address", lis.Addr().String(), "path", Path, "authentication", f.o.authenticates(), "metrics", f.o.MetricsListen)

	select {
	case err := <-served:
		return fmt.Errorf("cannot serve on %q: %w", f.o.Listen, err)
	case <-ctx.Done():
	}
	f.end()
	if err := srv.Close(); err != nil {
		f.log.Debug("cannot close the listener", "error", err)
	}
	f.log.Info("stopped")
	return nil
}

func (f *front) newServer() *http.Server {
	return &http.Server{
		Handler:           f,
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		// No WriteTimeout: it is a clock for the whole response, and a stream lasts as long
		// as somebody listens. Each write has a deadline of its own (exchange.write), and so
		// has the body of a request (serveMCP).
		ErrorLog: slog.NewLogLogger(f.log.Handler(), slog.LevelDebug),
	}
}

func (f *front) warn() {
	if f.o.AllowUnauthenticated && !onLoopback(f.o.Listen) {
		f.log.Warn("anybody who reaches the server may use it", "address", f.o.Listen)
	}
}

// end takes the server out of service step by step.
func (f *front) end() {
	f.ready.Store(false)
	f.log.Info("not ready any more", "drainDelay", f.o.DrainDelay)
	if !f.pause(f.o.DrainDelay, false) {
		return
	}
	f.refusing.Store(true)
	close(f.draining)
	f.keepalive.stop((*exchange).isListening)
	f.log.Info("draining", "openStreams", f.keepalive.streams(), "grace", f.o.Grace)
	if !f.pause(f.o.Grace, true) {
		return
	}
	if f.inFlight.Load() == 0 {
		return
	}
	f.log.Warn("ending what is still open", "openStreams", f.keepalive.streams())
	f.keepalive.stop(func(*exchange) bool { return true })
	f.pause(lastWords, true)
}

// pause waits, with idle no longer than requests are under way. It returns false when
// the server has to end at once.
func (f *front) pause(d time.Duration, idle bool) bool {
	over := time.NewTimer(d)
	defer over.Stop()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-f.o.Abort:
			f.log.Warn("ending at once", "openStreams", f.keepalive.streams())
			return false
		case <-over.C:
			return true
		case <-look.C:
			if idle && f.inFlight.Load() == 0 {
				return true
			}
		}
	}
}

func (f *front) serveMetrics(ctx context.Context) (stop func(), err error) {
	if f.o.MetricsListen == "" {
		return func() {}, nil
	}
	h := promhttp.HandlerFor(f.metrics.registry, promhttp.HandlerOpts{})
	if f.o.MetricsTokenFile != "" {
		file, err := openTokenFile(f.o.MetricsTokenFile, f.log)
		if err != nil {
			return nil, err
		}
		h = auth.RequireBearerToken(file.verifier(nil), &auth.RequireBearerTokenOptions{AllowMissingExpiration: true})(h)
	}
	lis, err := (&net.ListenConfig{}).Listen(ctx, "tcp", f.o.MetricsListen)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %q: %w", f.o.MetricsListen, err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", h)
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: readHeaderTimeout, WriteTimeout: time.Minute, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes}
	go func() {
		if err := srv.Serve(lis); err != nil && !errors.Is(err, http.ErrServerClosed) {
			f.log.Error("cannot serve metrics", "address", f.o.MetricsListen, "error", err)
		}
	}()
	return func() { _ = srv.Close() }, nil
}
