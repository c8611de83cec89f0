// Package agent is an MCP client as agents use it: the official SDK over Streamable
// HTTP, with a bearer token.
package agent

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Options say where the server is and who calls.
type Options struct {
	// URL of the server without its path, as callers know it.
	URL string
	// Address, HOST:PORT, is what the host of the URL resolves to; as DNS says when empty.
	Address string
	// Roots verify the server's certificate; those of the system when nil.
	Roots *x509.CertPool
	// Token is sent with every request.
	Token string
	// Progress gets what the server tells meanwhile, for the progress token that was
	// given with the call. It must be drained.
	Progress func(token any, message string)
}

// Client returns the HTTP client that an agent with these options uses.
func (o Options) Client() *http.Client {
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12}, MaxIdleConnsPerHost: 100}
	if o.Address != "" {
		transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, o.Address)
		}
	}
	return &http.Client{Transport: bearer{o.Token, transport}}
}

type bearer struct {
	token string
	next  http.RoundTripper
}

// RoundTrip implements [http.RoundTripper].
func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.token)
	return b.next.RoundTrip(r)
}

// Connect begins a session. It does not retry: what is cut has to be seen.
func Connect(ctx context.Context, o Options) (*mcp.ClientSession, error) {
	client := mcp.NewClient(&mcp.Implementation{Name: "e2e", Version: "1"}, &mcp.ClientOptions{
		ProgressNotificationHandler: func(_ context.Context, req *mcp.ProgressNotificationClientRequest) {
			if o.Progress != nil {
				o.Progress(req.Params.ProgressToken, req.Params.Message)
			}
		},
	})
	session, err := client.Connect(ctx, &mcp.StreamableClientTransport{Endpoint: o.URL + "/mcp", HTTPClient: o.Client(), MaxRetries: -1}, nil)
	if err != nil {
		return nil, fmt.Errorf("cannot connect to %q: %w", o.URL, err)
	}
	return session, nil
}

// Call calls a tool and returns its structured output; a tool's error is an error.
func Call(ctx context.Context, session *mcp.ClientSession, params *mcp.CallToolParams) (map[string]any, error) {
	result, err := session.CallTool(ctx, params)
	if err != nil {
		return nil, err
	}
	if result.IsError {
		text, _ := result.Content[0].(*mcp.TextContent)
		return nil, errors.New(text.Text)
	}
	out, _ := result.StructuredContent.(map[string]any)
	return out, nil
}
