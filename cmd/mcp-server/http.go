package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/gatehouse-platform/gatehouse/internal/edge"
	"github.com/gatehouse-platform/gatehouse/internal/kube"
	"github.com/gatehouse-platform/gatehouse/internal/version"
)

type httpCmd struct {
	Listen                      string   `default:"${listen}" group:"reach" help:"HOST:PORT of the server. Beyond loopback, callers have to authenticate." placeholder:"HOST:PORT"`
	ExternalURL                 string   `group:"reach" help:"How clients reach the server, without path." placeholder:"https://HOST"`
	AllowedOrigins              []string `group:"reach" help:"Pages that may call the server beside its own." placeholder:"https://HOST"`
	AllowedHosts                []string `group:"reach" help:"Names the server answers to, beside that of --external-url." placeholder:"HOST"`
	MetricsListen               string   `default:"${metrics_listen}" group:"reach" help:"HOST:PORT of /metrics; empty for none." placeholder:"HOST:PORT"`
	MetricsTokenFile            string   `group:"reach" help:"File with the bearer tokens that may read /metrics, one a line." placeholder:"FILE"`
	AllowUnauthenticatedMetrics bool     `group:"reach" help:"Let everybody read /metrics who reaches it."`

	TokenFile            string   `group:"auth" help:"File with the accepted bearer tokens, one a line; read again when it changes." placeholder:"FILE"`
	OAuthIssuer          string   `group:"auth" help:"Accept access tokens of this issuer." name:"oauth-issuer" placeholder:"URL"`
	OAuthAudience        string   `group:"auth" help:"What the tokens must be for; --external-url and /mcp when empty." name:"oauth-audience"`
	OAuthJWKSURL         string   `group:"auth" help:"Where the issuer's keys are; asked of the issuer when empty." name:"oauth-jwks-url" placeholder:"URL"`
	OAuthScopes          []string `group:"auth" help:"Scopes that tokens must have." name:"oauth-scopes"`
	KubernetesAuth       bool     `group:"auth" help:"Accept tokens of the cluster whose owner may post to /mcp."`
	KubernetesAudience   string   `group:"auth" help:"What those tokens must be for; the API server when empty."`
	AllowUnauthenticated bool     `group:"auth" help:"Serve everybody who reaches the server."`

	RateLimit           float64       `default:"${rate_limit}" group:"limits" help:"Requests a second of one caller."`
	RateBurst           int           `default:"${rate_burst}" group:"limits" help:"Requests of one caller at once."`
	MaxStreams          int           `default:"${max_streams}" group:"limits" help:"Requests under way."`
	MaxStreamsPerCaller int           `default:"${max_streams_per_caller}" group:"limits" help:"Requests of one caller under way."`
	MaxBodyBytes        int64         `default:"${max_body_bytes}" group:"limits" help:"How large a request may be."`
	Keepalive           time.Duration `default:"${keepalive}" group:"limits" help:"How often a comment is sent on open streams."`
	DrainDelay          time.Duration `default:"${drain_delay}" group:"limits" help:"How long to serve on when told to end, until no gateway sends requests."`
	Grace               time.Duration `default:"${grace}" group:"limits" help:"How long open streams may take to end after that."`
}

// httpDefaults takes the defaults from where they stand.
func httpDefaults() kong.Vars {
	d := edge.Defaults()
	return kong.Vars{
		"listen":                 d.Listen,
		"metrics_listen":         d.MetricsListen,
		"rate_limit":             strconv.FormatFloat(d.RateLimit, 'g', -1, 64),
		"rate_burst":             strconv.Itoa(d.RateBurst),
		"max_streams":            strconv.Itoa(d.MaxStreams),
		"max_streams_per_caller": strconv.Itoa(d.MaxStreamsPerCaller),
		"max_body_bytes":         strconv.FormatInt(d.MaxBodyBytes, 10),
		"keepalive":              d.Keepalive.String(),
		"drain_delay":            d.DrainDelay.String(),
		"grace":                  d.Grace.String(),
	}
}

// Run serves until the context ends.
func (c *httpCmd) Run(ctx context.Context, p process, f serverFlags) error {
	log, err := f.logger(p.Err)
	if err != nil {
		return err
	}
	live, err := f.connect()
	if err != nil {
		return err
	}
	o := c.options()
	o.Abort, o.Log = p.abort, log
	if c.KubernetesAuth {
		o.Kubernetes = c.reviewer(live)
	}
	problems := append(flagErrors(o.Validate()), c.problems(live != nil)...)
	if len(problems) > 0 {
		return fmt.Errorf("%w:\n  %s", errInput, strings.Join(problems, "\n  "))
	}
	server, err := f.server(live, log)
	if err != nil {
		return err
	}
	go edge.TrimMemory(ctx)
	return edge.Run(ctx, server, o)
}

// problems are those of the options that only this command has.
func (c *httpCmd) problems(cluster bool) []string {
	var problems []string
	if c.KubernetesAuth && !cluster {
		problems = append(problems, "--kubernetes-auth: needs a cluster: start the server inside one, or give --kubeconfig")
	}
	if !c.KubernetesAuth && c.KubernetesAudience != "" {
		problems = append(problems, "--kubernetes-audience: has no effect without --kubernetes-auth")
	}
	return problems
}

// flagErrors are the lines of a joined error.
func flagErrors(err error) []string {
	if err == nil {
		return nil
	}
	return strings.Split(err.Error(), "\n")
}

func (c *httpCmd) options() edge.Options {
	return edge.Options{
		Listen:                      c.Listen,
		MetricsListen:               c.MetricsListen,
		MetricsTokenFile:            c.MetricsTokenFile,
		AllowUnauthenticatedMetrics: c.AllowUnauthenticatedMetrics,
		TokenFile:                   c.TokenFile,
		OAuth:                       edge.OAuth{Issuer: c.OAuthIssuer, Audience: c.OAuthAudience, JWKSURL: c.OAuthJWKSURL, Scopes: c.OAuthScopes},
		AllowUnauthenticated:        c.AllowUnauthenticated,
		ExternalURL:                 c.ExternalURL,
		AllowedOrigins:              c.AllowedOrigins,
		AllowedHosts:                c.AllowedHosts,
		RateLimit:                   c.RateLimit,
		RateBurst:                   c.RateBurst,
		MaxStreams:                  c.MaxStreams,
		MaxStreamsPerCaller:         c.MaxStreamsPerCaller,
		MaxBodyBytes:                c.MaxBodyBytes,
		Keepalive:                   c.Keepalive,
		DrainDelay:                  c.DrainDelay,
		Grace:                       c.Grace,
		Version:                     version.Version,
	}
}

// reviewer asks the cluster as kube-rbac-proxy does: whose is the token, and may they
// send this verb to this path.
func (c *httpCmd) reviewer(live *kube.Client) edge.ReviewerFunc {
	var audiences []string
	if c.KubernetesAudience != "" {
		audiences = []string{c.KubernetesAudience}
	}
	return func(ctx context.Context, token string) (user string, allowed bool, err error) {
		return live.Review(ctx, kube.ReviewRequest{Token: token, Path: edge.Path, Verb: "post", Audiences: audiences})
	}
}
