package edge

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
)

const (
	metadataPath = "/.well-known/oauth-protected-resource"
	// bodyTimeout is how long a client may take to send the body of a request.
	bodyTimeout = 30 * time.Second
)

// front is the HTTP side of one MCP server.
type front struct {
	o         Options
	log       *slog.Logger
	metrics   *metrics
	keepalive *keepalive
	verifier  *verifier
	limits    *limits
	senders   senders
	guard     *guard

	// ready is false before serving and as soon as the server is told to end; refusing is
	// true once new work is not taken any more.
	ready, refusing atomic.Bool
	inFlight        atomic.Int64
	// draining closes when open streams should end.
	draining chan struct{}

	// identify asks who sent a request, metadata tells where to get a token (nil when
	// nobody gives any), mcp is the SDK.
	identify, metadata, mcp http.Handler
}

func newFront(ctx context.Context, server *mcp.Server, o Options) (*front, error) {
	tools, err := toolNames(ctx, server)
	if err != nil {
		return nil, err
	}
	f := &front{
		o: o, log: o.Log,
		metrics:   newMetrics(o.Version, tools),
		keepalive: newKeepalive(o.Keepalive),
		guard:     newGuard(&o),
		draining:  make(chan struct{}),
		senders:   senders{make(chan func())},
	}
	if f.limits, err = newLimits(&o); err != nil {
		return nil, err
	}
	if f.verifier, err = newVerifier(&o, f.metrics); err != nil {
		return nil, err
	}
	f.metrics.watch(f)
	server.AddReceivingMiddleware(f.receive)
	server.AddSendingMiddleware(f.send)
	f.identify = f.authentication()
	f.metadata = f.metadataHandler()
	f.mcp = mcp.NewStreamableHTTPHandler(
		func(*http.Request) *mcp.Server { return server },
		&mcp.StreamableHTTPOptions{
			// Revision 2026-07-28 knows no sessions, and without them replicas can come and go.
			Stateless:           true,
			MaxRequestBodyBytes: o.MaxBodyBytes,
			Logger:              o.Log,
			// Ends the handler when the client leaves; bind does it for older revisions.
			PropagateRequestCancellation: true,
			// The guard checks the Host, and knows the names that the operator allows.
			DisableLocalhostProtection: true,
		},
	)
	return f, nil
}

// ServeHTTP implements [http.Handler]. Everything that is asked about a request is asked
// before the SDK gets it, and by functions that have returned by then: their frames would
// double the stack that an idle stream keeps (from 8 to 16 KiB).
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// The deadline of the response before this one on the same connection still stands.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
	if r.URL.Path == Path {
		f.serveMCP(w, r)
		return
	}
	f.serveOther(w, r)
}

func (f *front) serveOther(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/healthz":
		f.serveHealth(w, r, true)
	case "/readyz":
		f.serveHealth(w, r, f.ready.Load())
	case metadataPath, metadataPath + Path:
		f.serveMetadata(w, r)
	default:
		http.NotFound(w, r)
	}
}

// serveHealth answers probes, which know neither tokens nor names.
func (f *front) serveHealth(w http.ResponseWriter, r *http.Request, fine bool) {
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
	case !fine:
		http.Error(w, "draining", http.StatusServiceUnavailable)
	default:
		_, _ = io.WriteString(w, "ok\n")
	}
}

// serveMetadata tells where clients get a token. It is public, also to scripts of any
// origin. https://www.rfc-editor.org/rfc/rfc9728#section-3
func (f *front) serveMetadata(w http.ResponseWriter, r *http.Request) {
	switch {
	case f.metadata == nil:
		http.NotFound(w, r)
	case !f.guard.knowsHost(r):
		f.refuse(w, "host", http.StatusMisdirectedRequest, f.guard.hostMessage(r))
	default:
		f.metadata.ServeHTTP(w, r)
	}
}

func (f *front) metadataHandler() http.Handler {
	if f.o.OAuth.Issuer == "" {
		return nil
	}
	return auth.ProtectedResourceMetadataHandler(&oauthex.ProtectedResourceMetadata{
		Resource:               f.o.resource(),
		AuthorizationServers:   []string{f.o.OAuth.Issuer},
		ScopesSupported:        f.o.OAuth.Scopes,
		BearerMethodsSupported: []string{"header"},
		ResourceName:           "Gatehouse MCP server",
	})
}

func (f *front) serveMCP(w http.ResponseWriter, r *http.Request) {
	f.inFlight.Add(1)
	x := f.admit(w, r)
	defer x.end(r)
	if x.request != nil {
		f.mcp.ServeHTTP(x, x.request)
	}
}

// admit asks everything there is to ask, and answers a request that is not let in.
func (f *front) admit(w http.ResponseWriter, r *http.Request) *exchange {
	preflight, origin := f.guard.cors(w, r)
	x := newExchange(f, w, r)
	switch {
	case !f.guard.knowsHost(r):
		f.refuse(x, "host", http.StatusMisdirectedRequest, f.guard.hostMessage(r))
	case !origin:
		f.refuse(x, "origin", http.StatusForbidden, fmt.Sprintf("origin %q is not allowed: see --allowed-origins", r.Header.Get("Origin")))
	case preflight:
		x.WriteHeader(http.StatusNoContent)
	case f.refusing.Load():
		x.Header().Set("Retry-After", "1")
		x.Header().Set("Connection", "close")
		f.refuse(x, "draining", http.StatusServiceUnavailable, "the server is going away: send the request again")
	default:
		r.Body = &body{ReadCloser: r.Body, x: x}
		f.identify.ServeHTTP(x, r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x)))
	}
	return x
}

// authentication ends in limit for whoever is let in: with a token, if there is anybody
// who can accept one.
func (f *front) authentication() http.Handler {
	limit := http.HandlerFunc(f.limit)
	if !f.o.authenticates() {
		return limit
	}
	o := &auth.RequireBearerTokenOptions{
		Scopes:    f.o.OAuth.Scopes,
		ClockSkew: clockSkew,
		// Tokens of a file do not expire; for others the verifiers look themselves.
		AllowMissingExpiration: true,
	}
	if f.o.OAuth.Issuer != "" {
		o.ResourceMetadataURL = f.o.externalURL() + metadataPath + Path
	}
	required := auth.RequireBearerToken(f.verifier.verify, o)(limit)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" {
			f.metrics.authFailed("missing")
		}
		required.ServeHTTP(w, r)
	})
}

// limit holds each caller to its share, and leaves the request of those who are let in
// with the exchange.
func (f *front) limit(w http.ResponseWriter, r *http.Request) {
	x := exchangeOf(r.Context())
	caller := callerOf(r)
	if wait := f.limits.wait(caller); wait > 0 {
		f.metrics.rateLimited.Inc()
		w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
		f.refuse(w, "rate", http.StatusTooManyRequests, fmt.Sprintf("too many requests: at most %g a second", f.o.RateLimit))
		return
	}
	if r.ContentLength > f.o.MaxBodyBytes {
		w.Header().Set("Connection", "close")
		f.refuse(w, "body", http.StatusRequestEntityTooLarge, fmt.Sprintf("request body exceeds %d bytes", f.o.MaxBodyBytes))
		return
	}
	if refused := f.limits.enter(caller); refused != nil {
		w.Header().Set("Retry-After", "1")
		f.refuse(w, refused.reason, refused.status, refused.message)
		return
	}
	x.caller, x.request = caller, r
	_ = x.rc.SetReadDeadline(time.Now().Add(bodyTimeout))
}

func (f *front) refuse(w http.ResponseWriter, reason string, status int, message string) {
	f.metrics.refused.WithLabelValues(reason).Inc()
	http.Error(w, message, status)
}

func (o *Options) externalURL() string { return o.resource()[:len(o.resource())-len(Path)] }

func knownRevision(header string) string {
	switch {
	case header == "":
		return "none"
	case slices.Contains(mcp.SupportedProtocolVersions(), header):
		return header
	default:
		return "other"
	}
}
