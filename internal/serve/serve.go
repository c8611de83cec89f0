// Package serve runs the function as a server: mutual TLS as Crossplane gives
// it, health, metrics, and an end that finishes what was begun.
package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"sync/atomic"
	"time"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
	grpcprometheus "github.com/grpc-ecosystem/go-grpc-middleware/providers/prometheus"
	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/recovery"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// Options say how the function is served.
type Options struct {
	// Address of the gRPC server, HOST:PORT.
	Address string
	// TLSCertsDir holds tls.crt, tls.key and ca.crt, by which clients are checked.
	TLSCertsDir string
	// Insecure serves without TLS, for development.
	Insecure bool
	// MetricsAddress serves /metrics, /healthz and /readyz; empty for none.
	MetricsAddress string
	// MaxMessageBytes is how large a request may be.
	MaxMessageBytes int
	// Grace is how long calls may take to end once the server is told to.
	Grace time.Duration
	// Log takes what the operator should know. It never gets what Clusters hold.
	Log *slog.Logger
}

// Run serves until the context ends, then finishes the calls that are under way.
func Run(ctx context.Context, fn fnv1.FunctionRunnerServiceServer, o Options) error {
	creds, err := transport(o)
	if err != nil {
		return err
	}
	lis, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.Address)
	if err != nil {
		return fmt.Errorf("cannot listen on %q: %w", o.Address, err)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	srv, healthServer := newServer(fn, creds, registry, o)

	var ready atomic.Bool
	stopMetrics, err := serveMetrics(ctx, registry, &ready, o)
	if err != nil {
		return errors.Join(err, lis.Close())
	}
	defer stopMetrics()

	served := make(chan error, 1)
	go func() { served <- srv.Serve(lis) }()
	ready.Store(true)
	o.Log.Info("serving", "address", lis.Addr().String(), "insecure", o.Insecure, "metrics", o.MetricsAddress)

	select {
	case err := <-served:
		return fmt.Errorf("cannot serve on %q: %w", o.Address, err)
	case <-ctx.Done():
	}
	ready.Store(false)
	healthServer.Shutdown()
	stop(srv, o)
	return nil
}

func newServer(fn fnv1.FunctionRunnerServiceServer, creds credentials.TransportCredentials, registry *prometheus.Registry, o Options) (*grpc.Server, *health.Server) {
	metrics := grpcprometheus.NewServerMetrics(grpcprometheus.WithServerHandlingTimeHistogram())
	registry.MustRegister(metrics)
	// A panic is a mistake of ours. Crossplane gets an error, and changes nothing.
	recovered := recovery.WithRecoveryHandler(func(p any) error {
		o.Log.Error("panic", "value", p, "stack", string(debug.Stack()))
		return status.Error(codes.Internal, "cannot compose: internal error")
	})
	srv := grpc.NewServer(
		grpc.Creds(creds),
		grpc.MaxRecvMsgSize(o.MaxMessageBytes),
		grpc.ChainUnaryInterceptor(metrics.UnaryServerInterceptor(), recovery.UnaryServerInterceptor(recovered)),
	)
	fnv1.RegisterFunctionRunnerServiceServer(srv, fn)
	healthServer := health.NewServer()
	healthServer.SetServingStatus(fnv1.FunctionRunnerService_ServiceDesc.ServiceName, healthv1.HealthCheckResponse_SERVING)
	healthv1.RegisterHealthServer(srv, healthServer)
	metrics.InitializeMetrics(srv)
	return srv, healthServer
}

// stop lets calls end by themselves, but not for ever.
func stop(srv *grpc.Server, o Options) {
	o.Log.Info("stopping", "grace", o.Grace)
	done := make(chan struct{})
	go func() {
		srv.GracefulStop()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(o.Grace):
		// Closes the connections, and with them the contexts of the calls. It may wait
		// for the calls itself, which end with the process at the latest.
		go srv.Stop()
	}
}

func serveMetrics(ctx context.Context, registry *prometheus.Registry, ready *atomic.Bool, o Options) (stop func(), err error) {
	if o.MetricsAddress == "" {
		return func() {}, nil
	}
	lis, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.MetricsAddress)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %q: %w", o.MetricsAddress, err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !ready.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		if err := srv.Serve(lis); err != nil && !errors.Is(err, http.ErrServerClosed) {
			o.Log.Error("cannot serve metrics", "address", o.MetricsAddress, "error", err)
		}
	}()
	return func() { _ = srv.Close() }, nil
}
