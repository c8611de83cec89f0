package plane

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"github.com/gatehouse-platform/gatehouse/test/e2e/charts"
)

// outside stands in for the world beyond this machine, as far as components
// fetch charts from it. It is a plain chart repository, and an HTTP proxy that
// answers for every host with the same charts: so a Release may name the
// address that users have, and nothing leaves the machine.
type outside struct {
	repository string // URL of the plain chart repository
	proxy      string // URL of the proxy
	authority  string // file with the authority that signs for all hosts
}

// openOutside serves the charts that pack writes until the plane is closed. What
// was asked for and how it was answered is in the log "outside".
func (p *Plane) openOutside(ctx context.Context, pack func(ctx context.Context, dir string) error) error {
	dir := filepath.Join(p.dir, "charts")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fmt.Errorf("cannot make the chart folder: %w", err)
	}
	if pack != nil {
		if err := pack(ctx, dir); err != nil {
			return err
		}
	}
	file, err := os.OpenFile(p.LogFile("outside"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("cannot open the log of the chart repository: %w", err)
	}
	p.onClose(file.Close)
	logger := log.New(file, "", log.LstdFlags|log.Lmicroseconds)
	repository, err := charts.Repository(dir)
	if err != nil {
		return err
	}
	handler := logged(repository, logger)
	plain, err := p.serve(&http.Server{Handler: handler, ErrorLog: logger})
	if err != nil {
		return err
	}
	intercepted, tunnels := newQueue(), &http.Server{Handler: handler, ErrorLog: logger}
	p.onClose(tunnels.Close)
	go func() { _ = tunnels.Serve(intercepted) }()
	proxy, err := p.serve(&http.Server{Handler: p.proxyHandler(handler, intercepted), ErrorLog: logger})
	if err != nil {
		return err
	}
	authority := filepath.Join(p.dir, "outside-ca.crt")
	if err := os.WriteFile(authority, p.pki.pem, 0o600); err != nil {
		return fmt.Errorf("cannot write %q: %w", authority, err)
	}
	p.outside = &outside{repository: plain, proxy: proxy, authority: authority}
	return nil
}

// ChartRepository is the URL of the plain chart repository.
func (p *Plane) ChartRepository() string { return p.outside.repository }

// OutsideEnvironment are variables that lead a program's requests for charts to the
// stand-in for the outside, under the addresses that users have.
func (p *Plane) OutsideEnvironment() []string { return p.outside.environment() }

// environment leads a Go program's requests to the stand-in for the outside.
// Loopback addresses never go through a proxy.
func (o *outside) environment() []string {
	return []string{"HTTP_PROXY=" + o.proxy, "HTTPS_PROXY=" + o.proxy, "SSL_CERT_FILE=" + o.authority, "SSL_CERT_DIR=/nonexistent"}
}

// serve runs the server on a free loopback port until the plane is closed.
func (p *Plane) serve(server *http.Server) (url string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("cannot listen for %q: %w", "charts", err)
	}
	p.onClose(server.Close)
	go func() { _ = server.Serve(l) }()
	return "http://" + l.Addr().String(), nil
}

// proxyHandler answers plain requests itself and hands tunnels, whatever host
// they are for, to the queue.
func (p *Plane) proxyHandler(plain http.Handler, tunnels *queue) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			plain.ServeHTTP(w, r)
			return
		}
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			http.Error(w, "cannot read the host "+r.Host, http.StatusBadRequest)
			return
		}
		certificate, err := p.certificateFor(host)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		if _, err := io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
			_ = conn.Close()
			return
		}
		tunnels.add(tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}))
	})
}

func (p *Plane) certificateFor(host string) (tls.Certificate, error) {
	issued, err := p.pki.issue(identity{name: host, hosts: []string{host}})
	if err != nil {
		return tls.Certificate{}, err
	}
	return issued.tlsCertificate()
}

// logged writes a line for every answered request.
func logged(next http.Handler, logger *log.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(seen, r)
		logger.Printf("%s %s%s %d", r.Method, r.Host, r.URL.RequestURI(), seen.status)
	})
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter

	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// queue is a listener for connections that were accepted elsewhere.
type queue struct {
	conns chan net.Conn
	over  chan struct{}
}

func newQueue() *queue {
	return &queue{conns: make(chan net.Conn), over: make(chan struct{})}
}

func (q *queue) add(conn net.Conn) {
	select {
	case q.conns <- conn:
	case <-q.over:
		_ = conn.Close()
	}
}

// Accept returns the next connection that was added.
func (q *queue) Accept() (net.Conn, error) {
	select {
	case conn := <-q.conns:
		return conn, nil
	case <-q.over:
		return nil, net.ErrClosed
	}
}

// Close ends Accept. The server that was given the queue calls it, once.
func (q *queue) Close() error {
	close(q.over)
	return nil
}

// Addr has no meaning for connections from a tunnel.
func (q *queue) Addr() net.Addr { return &net.TCPAddr{} }

var _ net.Listener = &queue{}
