package edge

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Path is where the MCP server answers.
const Path = "/mcp"

// Options say how the MCP server is reached, by whom, and how much of it one
// caller gets. [Defaults] returns those that suit most.
type Options struct {
	// Listen is HOST:PORT of the server. Beyond loopback it needs a way to
	// authenticate, or AllowUnauthenticated.
	Listen string
	// MetricsListen is HOST:PORT of /metrics; empty for none. Beyond loopback it needs
	// MetricsTokenFile, or AllowUnauthenticatedMetrics.
	MetricsListen               string
	MetricsTokenFile            string
	AllowUnauthenticatedMetrics bool

	// TokenFile holds the accepted bearer tokens, one a line. It is read again when it
	// changes.
	TokenFile string
	// OAuth accepts access tokens of an authorization server; unset without an Issuer.
	OAuth OAuth
	// Kubernetes accepts tokens that a cluster knows; nil for none.
	Kubernetes Reviewer
	// AllowUnauthenticated serves beyond loopback without any of the above.
	AllowUnauthenticated bool

	// ExternalURL is how clients reach the server, without the path: https://host[:port].
	ExternalURL string
	// AllowedOrigins may call from a browser beside the server's own: scheme://host[:port].
	AllowedOrigins []string
	// AllowedHosts are the names the server answers to beside that of ExternalURL; when
	// neither is set, any, but on loopback only the names of loopback.
	AllowedHosts []string

	// RateLimit is how many requests a second one caller may send over time, and
	// RateBurst how many at once.
	RateLimit float64
	RateBurst int
	// MaxStreams bounds the requests under way, of all and of one caller.
	MaxStreams          int
	MaxStreamsPerCaller int
	// MaxBodyBytes bounds the body of a request.
	MaxBodyBytes int64

	// Keepalive is how often a comment is sent on every open event stream.
	Keepalive time.Duration
	// DrainDelay is how long the server goes on as before once it says that it is not
	// ready, so that no gateway sends it new requests when it begins to refuse them.
	DrainDelay time.Duration
	// Grace is how long open streams may take to end after that.
	Grace time.Duration
	// Abort ends the server at once when it is closed; nil for never.
	Abort <-chan struct{}

	// Version is told by the metrics.
	Version string
	// Log takes what the operator should know. It never gets a token.
	Log *slog.Logger
}

// OAuth makes the server a resource server of OAuth 2.1.
type OAuth struct {
	// Issuer is the URL of the authorization server, as tokens carry it in "iss".
	Issuer string
	// Audience has to be in the "aud" of tokens; the URL of the server when empty.
	Audience string
	// JWKSURL is where the issuer's keys are; empty to ask the issuer.
	JWKSURL string
	// Scopes that tokens must have, all of them.
	Scopes []string
}

// Defaults returns the options of a server on loopback, without authentication.
func Defaults() Options {
	return Options{
		Listen:              "127.0.0.1:3456",
		MetricsListen:       "127.0.0.1:9464",
		RateLimit:           20,
		RateBurst:           40,
		MaxStreams:          20_000,
		MaxStreamsPerCaller: 1000,
		MaxBodyBytes:        1 << 20,
		Keepalive:           15 * time.Second,
		DrainDelay:          5 * time.Second,
		Grace:               25 * time.Second,
		Log:                 slog.New(slog.DiscardHandler),
	}
}

// Validate returns everything that is wrong with the options at once, each problem with
// the flag that sets the option.
func (o *Options) Validate() error {
	return errors.Join(o.checkListeners(), o.checkNames(), o.checkOAuth(), o.checkLimits())
}

func (o *Options) authenticates() bool {
	return o.TokenFile != "" || o.OAuth.Issuer != "" || o.Kubernetes != nil
}

func (o *Options) checkListeners() error {
	var errs []error
	if err := checkAddress(o.Listen); err != nil {
		errs = append(errs, fmt.Errorf("--listen: %w", err))
	} else if !onLoopback(o.Listen) && !o.authenticates() && !o.AllowUnauthenticated {
		errs = append(errs, fmt.Errorf("--listen: %q is reachable from other machines: give --token-file, --oauth-issuer, --kubernetes-auth or --allow-unauthenticated", o.Listen))
	}
	if o.AllowUnauthenticated && o.authenticates() {
		errs = append(errs, errors.New("--allow-unauthenticated: contradicts --token-file, --oauth-issuer and --kubernetes-auth: give one or the other"))
	}
	if o.MetricsListen == "" {
		return errors.Join(errs...)
	}
	if err := checkAddress(o.MetricsListen); err != nil {
		errs = append(errs, fmt.Errorf("--metrics-listen: %w", err))
	} else if !onLoopback(o.MetricsListen) && o.MetricsTokenFile == "" && !o.AllowUnauthenticatedMetrics {
		errs = append(errs, fmt.Errorf("--metrics-listen: %q is reachable from other machines: give --metrics-token-file or --allow-unauthenticated-metrics", o.MetricsListen))
	}
	return errors.Join(errs...)
}

func (o *Options) checkNames() error {
	var errs []error
	if o.ExternalURL != "" {
		if err := checkOrigin(o.ExternalURL); err != nil {
			errs = append(errs, fmt.Errorf("--external-url: %w", err))
		}
	}
	for _, origin := range o.AllowedOrigins {
		if err := checkOrigin(origin); err != nil {
			errs = append(errs, fmt.Errorf("--allowed-origins: %w", err))
		}
	}
	for _, host := range o.AllowedHosts {
		if u, err := url.Parse("//" + host); err != nil || u.Host != host || host == "" {
			errs = append(errs, fmt.Errorf("--allowed-hosts: %q is not HOST or HOST:PORT", host))
		}
	}
	return errors.Join(errs...)
}

func (o *Options) checkOAuth() error {
	if o.OAuth.Issuer == "" {
		if o.OAuth.Audience != "" || o.OAuth.JWKSURL != "" || len(o.OAuth.Scopes) > 0 {
			return errors.New("--oauth-issuer: is missing, so --oauth-audience, --oauth-jwks-url and --oauth-scopes have no effect")
		}
		return nil
	}
	var errs []error
	if err := checkSecure(o.OAuth.Issuer); err != nil {
		errs = append(errs, fmt.Errorf("--oauth-issuer: %w", err))
	}
	if o.OAuth.JWKSURL != "" {
		if err := checkSecure(o.OAuth.JWKSURL); err != nil {
			errs = append(errs, fmt.Errorf("--oauth-jwks-url: %w", err))
		}
	}
	if o.ExternalURL == "" {
		errs = append(errs, errors.New("--external-url: is needed with --oauth-issuer: clients learn from it where to get a token for what"))
	}
	return errors.Join(errs...)
}

func (o *Options) checkLimits() error {
	var errs []error
	positive := func(flag string, fine bool) {
		if !fine {
			errs = append(errs, fmt.Errorf("--%s: must be more than 0", flag))
		}
	}
	positive("rate-limit", o.RateLimit > 0 && !math.IsInf(o.RateLimit, 0))
	positive("rate-burst", o.RateBurst > 0)
	positive("max-streams", o.MaxStreams > 0)
	positive("max-streams-per-caller", o.MaxStreamsPerCaller > 0)
	positive("max-body-bytes", o.MaxBodyBytes > 0)
	positive("keepalive", o.Keepalive > 0)
	positive("grace", o.Grace > 0)
	if o.DrainDelay < 0 {
		errs = append(errs, errors.New("--drain-delay: must not be negative"))
	}
	return errors.Join(errs...)
}

// audience is what the "aud" of tokens must hold: by default the resource itself
// (https://www.rfc-editor.org/rfc/rfc8707).
func (o *Options) audience() string {
	if o.OAuth.Audience != "" {
		return o.OAuth.Audience
	}
	return o.resource()
}

func (o *Options) resource() string { return strings.TrimSuffix(o.ExternalURL, "/") + Path }

func checkAddress(address string) error {
	if _, port, err := net.SplitHostPort(address); err != nil || port == "" {
		return fmt.Errorf("%q is not HOST:PORT", address)
	}
	return nil
}

// onLoopback tells whether only this machine reaches an address. A name other than
// localhost is not looked up: it may mean something else a moment later.
func onLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

func checkOrigin(s string) error {
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		return fmt.Errorf("%q is not https://HOST or https://HOST:PORT", s)
	}
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return fmt.Errorf("%q has more than scheme, host and port", s)
	}
	return nil
}

// checkSecure wants https where keys come from, except from this machine.
func checkSecure(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return fmt.Errorf("%q is not a URL", s)
	}
	if u.Scheme == "http" && !onLoopback(u.Host) {
		return fmt.Errorf("%q must be https: whoever answers for it decides who is let in", s)
	}
	return nil
}
