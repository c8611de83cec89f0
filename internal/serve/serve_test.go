package serve_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/gatehouse-platform/gatehouse/internal/serve"
)

// fake answers with a tag, panics, or takes its time.
type fake struct {
	fnv1.UnimplementedFunctionRunnerServiceServer

	entered, leave chan struct{}
}

func (f *fake) RunFunction(_ context.Context, req *fnv1.RunFunctionRequest) (*fnv1.RunFunctionResponse, error) {
	switch req.GetMeta().GetTag() {
	case "panic":
		panic("on purpose")
	case "slow":
		close(f.entered)
		<-f.leave
	}
	return &fnv1.RunFunctionResponse{Meta: &fnv1.ResponseMeta{Tag: req.GetMeta().GetTag()}}, nil
}

func freeAddress(t *testing.T) string {
	t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lis.Close() }()
	return lis.Addr().String()
}

// start runs a server until the test ends, or until stop is called.
func start(t *testing.T, fn *fake, o serve.Options) (options serve.Options, stop func() error) {
	t.Helper()
	o.Address, o.MetricsAddress = freeAddress(t), freeAddress(t)
	o.MaxMessageBytes, o.Log = 1<<20, slog.New(slog.DiscardHandler)
	if o.Grace == 0 {
		o.Grace = 5 * time.Second
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- serve.Run(ctx, fn, o) }()
	stopped := false
	stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		return <-done
	}
	t.Cleanup(func() { _ = stop() })
	waitReady(t, o)
	return o, stop
}

func waitReady(t *testing.T, o serve.Options) {
	t.Helper()
	for range 200 {
		if code(o, "/readyz") == http.StatusOK {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the server does not get ready")
}

func get(o serve.Options, path string) (*http.Response, error) {
	return http.Get("http://" + o.MetricsAddress + path)
}

func code(o serve.Options, path string) int {
	rsp, err := get(o, path)
	if err != nil {
		return 0
	}
	_ = rsp.Body.Close()
	return rsp.StatusCode
}

func dial(t *testing.T, o serve.Options, creds credentials.TransportCredentials) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(o.Address, grpc.WithTransportCredentials(creds))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func call(conn *grpc.ClientConn, tag string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	rsp, err := fnv1.NewFunctionRunnerServiceClient(conn).RunFunction(ctx, &fnv1.RunFunctionRequest{Meta: &fnv1.RequestMeta{Tag: tag}})
	if err != nil {
		return err
	}
	if rsp.GetMeta().GetTag() != tag {
		return fmt.Errorf("want tag %q, got %q", tag, rsp.GetMeta().GetTag())
	}
	return nil
}

func TestInsecure(t *testing.T) {
	o, stop := start(t, &fake{}, serve.Options{Insecure: true})
	conn := dial(t, o, insecure.NewCredentials())
	if err := call(conn, "a"); err != nil {
		t.Fatal(err)
	}
	if err := call(conn, "panic"); status.Code(err) != codes.Internal || strings.Contains(err.Error(), "on purpose") {
		t.Errorf("want a panic to be an internal error that tells nothing, got %v", err)
	}
	if err := call(conn, "b"); err != nil {
		t.Errorf("want the server to go on after a panic, got %v", err)
	}
	h, err := healthv1.NewHealthClient(conn).Check(context.Background(), &healthv1.HealthCheckRequest{Service: fnv1.FunctionRunnerService_ServiceDesc.ServiceName})
	if err != nil || h.GetStatus() != healthv1.HealthCheckResponse_SERVING {
		t.Errorf("want the health service to say SERVING, got %v, %v", h, err)
	}
	checkMetrics(t, o)
	if err := stop(); err != nil {
		t.Errorf("want a clean end, got %v", err)
	}
}

func checkMetrics(t *testing.T, o serve.Options) {
	t.Helper()
	rsp, err := get(o, "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rsp.Body.Close() }()
	body, err := io.ReadAll(rsp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`grpc_server_handled_total{grpc_code="OK",grpc_method="RunFunction"`,
		`grpc_server_handled_total{grpc_code="Internal",grpc_method="RunFunction"`,
		"process_resident_memory_bytes",
	} {
		if !strings.Contains(string(body), want) {
			t.Errorf("the metrics have no %s", want)
		}
	}
}

// A call that is under way is finished; new ones are refused.
func TestGracefulStop(t *testing.T) {
	fn := &fake{entered: make(chan struct{}), leave: make(chan struct{})}
	o, stop := start(t, fn, serve.Options{Insecure: true})
	conn := dial(t, o, insecure.NewCredentials())
	slow := make(chan error, 1)
	go func() { slow <- call(conn, "slow") }()
	<-fn.entered
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	for code(o, "/readyz") == http.StatusOK {
		time.Sleep(5 * time.Millisecond)
	}
	if code(o, "/healthz") == http.StatusServiceUnavailable {
		t.Error("the server is not dead while it drains")
	}
	close(fn.leave)
	if err := <-slow; err != nil {
		t.Errorf("want the call under way to be finished, got %v", err)
	}
	if err := <-stopped; err != nil {
		t.Errorf("want a clean end, got %v", err)
	}
}

// A call that never ends does not keep the server from ending.
func TestGraceIsBounded(t *testing.T) {
	fn := &fake{entered: make(chan struct{}), leave: make(chan struct{})}
	defer close(fn.leave)
	o, stop := start(t, fn, serve.Options{Insecure: true, Grace: 50 * time.Millisecond})
	conn := dial(t, o, insecure.NewCredentials())
	go func() { _ = call(conn, "slow") }()
	<-fn.entered
	ended := make(chan error, 1)
	go func() { ended <- stop() }()
	select {
	case <-time.After(10 * time.Second):
		t.Fatal("the server waits for ever")
	case err := <-ended:
		if err != nil {
			t.Errorf("want a clean end, got %v", err)
		}
	}
}

func TestMutualTLS(t *testing.T) {
	ca := newCA(t)
	dir := t.TempDir()
	ca.issue(t, dir, "server")
	o, _ := start(t, &fake{}, serve.Options{TLSCertsDir: dir})

	client := ca.issue(t, t.TempDir(), "client")
	if err := call(dial(t, o, credentials.NewTLS(&tls.Config{RootCAs: ca.pool, Certificates: []tls.Certificate{client}, MinVersion: tls.VersionTLS13})), "a"); err != nil {
		t.Errorf("want a client of the same CA to be served, got %v", err)
	}
	stranger := newCA(t).issue(t, t.TempDir(), "client")
	cases := map[string]credentials.TransportCredentials{
		"NoTLS":         insecure.NewCredentials(),
		"NoCertificate": credentials.NewTLS(&tls.Config{RootCAs: ca.pool, MinVersion: tls.VersionTLS13}),
		"OtherCA":       credentials.NewTLS(&tls.Config{RootCAs: ca.pool, Certificates: []tls.Certificate{stranger}, MinVersion: tls.VersionTLS13}),
	}
	for name, creds := range cases {
		t.Run(name, func(t *testing.T) {
			if err := call(dial(t, o, creds), "a"); status.Code(err) != codes.Unavailable {
				t.Errorf("want to be refused, got %v", err)
			}
		})
	}
}

func TestRunRefuses(t *testing.T) {
	empty, broken := t.TempDir(), t.TempDir()
	newCA(t).issue(t, broken, "server")
	if err := os.WriteFile(filepath.Join(broken, "ca.crt"), []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		reason string
		o      serve.Options
		want   string
	}{
		"NoCertificates":    {"Nobody serves without TLS by accident", serve.Options{Address: "127.0.0.1:0"}, "--tls-server-certs-dir"},
		"EmptyFolder":       {"The folder is named", serve.Options{Address: "127.0.0.1:0", TLSCertsDir: empty}, empty},
		"BrokenCA":          {"A CA without certificate would let nobody in", serve.Options{Address: "127.0.0.1:0", TLSCertsDir: broken}, "holds no certificate"},
		"NoSuchAddress":     {"The address is named", serve.Options{Address: "256.0.0.1:1", Insecure: true}, `"256.0.0.1:1"`},
		"NoSuchMetricsHost": {"The address is named", serve.Options{Address: "127.0.0.1:0", MetricsAddress: "256.0.0.1:2", Insecure: true}, `"256.0.0.1:2"`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			tc.o.Log = slog.New(slog.DiscardHandler)
			err := serve.Run(context.Background(), &fake{}, tc.o)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%s: want an error with %q, got %v", tc.reason, tc.want, err)
			}
		})
	}
}

type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
	pool *x509.CertPool
}

func newCA(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ca"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err2 := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	cert, err3 := x509.ParseCertificate(der)
	if err := errors.Join(err, err2, err3); err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return &authority{cert, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pool}
}

// issue writes a certificate the way Crossplane mounts it.
func (ca *authority) issue(t *testing.T, dir, name string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err2 := x509.CreateCertificate(rand.Reader, template, ca.cert, &key.PublicKey, ca.key)
	raw, err3 := x509.MarshalECPrivateKey(key)
	if err := errors.Join(err, err2, err3); err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{"tls.crt": {Type: "CERTIFICATE", Bytes: der}, "tls.key": {Type: "EC PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(filepath.Join(dir, file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "ca.crt"), ca.pem, 0o600); err != nil {
		t.Fatal(err)
	}
	cert, err := tls.LoadX509KeyPair(filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"))
	if err != nil {
		t.Fatal(err)
	}
	return cert
}
