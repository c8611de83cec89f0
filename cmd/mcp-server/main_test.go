package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/gatehouse-platform/gatehouse/internal/version"
)

// output is a standard stream that a test reads.
type output struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all.Write(p)
}

func (*output) Close() error { return nil }

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all.String()
}

// alone makes the process find no cluster.
func alone(t *testing.T) {
	t.Helper()
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	t.Setenv("HOME", t.TempDir())
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
}

func TestExitCodes(t *testing.T) {
	alone(t)
	file := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(file, []byte("a-token"), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		reason string
		args   []string
		env    map[string]string
		code   int
		out    string
		// errs all stand on standard error.
		errs []string
	}{
		"Version":     {"For scripts", []string{"--version"}, nil, exitFine, version.Version, nil},
		"Help":        {"Without a command it is that of the program", []string{"--help"}, nil, exitFine, "stdio", nil},
		"HelpHTTP":    {"Every flag has its variable", []string{"http", "--help"}, nil, exitFine, "$GATEHOUSE_MCP_OAUTH_JWKS_URL", nil},
		"UnknownFlag": {"As with gatehouse", []string{"--nope"}, nil, exitFailed, "", []string{"unknown flag --nope"}},
		"AllProblems": {
			"Everything that is wrong is told at once, with its flag",
			[]string{"--listen", "0.0.0.0:1", "--metrics-listen=:2", "--rate-limit=0", "--kubernetes-auth", "--allow-unauthenticated", "--oauth-scopes=a"},
			nil, exitInput, "",
			[]string{"--metrics-listen:", "--rate-limit:", "--kubernetes-auth:", "--oauth-issuer:"},
		},
		"Open":        {"Nobody opens a server by accident", []string{"--listen", ":1"}, nil, exitInput, "", []string{"--allow-unauthenticated"}},
		"Environment": {"A variable is as good as a flag", nil, map[string]string{"GATEHOUSE_MCP_LISTEN": "x"}, exitInput, "", []string{`--listen: "x" is not HOST:PORT`}},
		"Audience":    {"Without effect is a mistake", []string{"--kubernetes-audience=x"}, nil, exitInput, "", []string{"--kubernetes-audience: has no effect"}},
		"NoTokenFile": {"What cannot run says why", []string{"--token-file", file + "x"}, nil, exitFailed, "", []string{"cannot read the tokens"}},
		"Kubeconfig":  {"A file that is named has to be there", []string{"--kubeconfig", file + "x"}, nil, exitInput, "", []string{"--kubeconfig:"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			for key, value := range tc.env {
				t.Setenv(key, value)
			}
			var out, errs output
			code := run(t.Context(), tc.args, process{streams: streams{io.NopCloser(strings.NewReader("")), &out, &errs}})
			if code != tc.code {
				t.Errorf("%s: want %d, got %d: %s", tc.reason, tc.code, code, errs.String())
			}
			if !strings.Contains(strings.Join(strings.Fields(out.String()), " "), tc.out) {
				t.Errorf("%s: want %q, got %s", tc.reason, tc.out, out.String())
			}
			for _, want := range tc.errs {
				if !strings.Contains(errs.String(), want) {
					t.Errorf("%s: want %q, got %s", tc.reason, want, errs.String())
				}
			}
		})
	}
}

// Without a command it serves over HTTP, until its context ends.
func TestHTTP(t *testing.T) {
	alone(t)
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := lis.Addr().String()
	if err := lis.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var out, errs output
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"--listen", address, "--metrics-listen=", "--drain-delay=0s"}, process{streams: streams{nil, &out, &errs}})
	}()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if rsp, err := http.Get("http://" + address + "/readyz"); err == nil {
			_ = rsp.Body.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server does not get ready: %s", errs.String())
		}
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "test"}, nil)
	session, err := client.Connect(ctx, &mcp.StreamableClientTransport{Endpoint: "http://" + address + "/mcp"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	checkTools(t, session)
	cancel()
	if code := <-ended; code != exitFine {
		t.Errorf("want a clean end, got %d: %s", code, errs.String())
	}
	if out.String() != "" {
		t.Errorf("want nothing on standard output, got %s", out.String())
	}
}

// checkTools calls a tool that needs no cluster, and one that does.
func checkTools(t *testing.T, session *mcp.ClientSession) {
	t.Helper()
	result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "list_apps", Arguments: map[string]any{}})
	if err != nil || result.IsError {
		t.Errorf("want the apps, got %v %v", result, err)
	}
	result, err = session.CallTool(t.Context(), &mcp.CallToolParams{Name: "list_gateways", Arguments: map[string]any{}})
	if err != nil || !result.IsError || !strings.Contains(result.Content[0].(*mcp.TextContent).Text, "without one") {
		t.Errorf("want the tool to say that there is no cluster, got %v %v", result, err)
	}
}

// Over stdio, standard output holds messages and nothing else, whatever is logged.
func TestStdio(t *testing.T) {
	alone(t)
	in, toServer := io.Pipe()
	fromServer, out := io.Pipe()
	var errs output
	ended := make(chan int, 1)
	go func() {
		ended <- run(context.Background(), []string{"stdio", "--log-level=debug"}, process{streams: streams{in, out, &errs}})
	}()
	client := mcp.NewClient(&mcp.Implementation{Name: "test"}, nil)
	lines := &output{}
	session, err := client.Connect(t.Context(), &mcp.IOTransport{Reader: io.NopCloser(io.TeeReader(fromServer, lines)), Writer: toServer}, nil)
	if err != nil {
		t.Fatal(err)
	}
	checkTools(t, session)
	if err := toServer.Close(); err != nil {
		t.Error(err)
	}
	if code := <-ended; code != exitFine {
		t.Errorf("want a clean end, got %d: %s", code, errs.String())
	}
	if !strings.Contains(errs.String(), "no cluster is configured") {
		t.Errorf("want the log on standard error, got %s", errs.String())
	}
	for scanner := bufio.NewScanner(strings.NewReader(lines.String())); scanner.Scan(); {
		if !strings.HasPrefix(scanner.Text(), `{"jsonrpc":"2.0"`) {
			t.Errorf("standard output holds %.100q", scanner.Text())
		}
	}
}
