package mcpserver_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/gatehouse-platform/gatehouse/internal/mcpserver"
)

// logged is a log that tests read while it is written.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// calls are the lines about calls: tool and outcome.
func (l *logged) calls(t *testing.T) (out []string) {
	t.Helper()
	for line := range strings.Lines(l.String()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatal(err)
		}
		if fields["msg"] != "tool called" {
			continue
		}
		if _, ok := fields["duration"].(float64); !ok {
			t.Errorf("want how long it took in %s", line)
		}
		out = append(out, fields["tool"].(string)+" "+fields["outcome"].(string))
	}
	return out
}

func TestEveryCallIsLogged(t *testing.T) {
	var l logged
	f, told := newFake(t, liveCluster), newProgress()
	o := mcpserver.Options{AllowWrites: true, Cluster: f, Log: slog.New(slog.NewJSONHandler(&l, nil))}
	co := told.options()
	co.ElicitationHandler = func(context.Context, *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
		return &mcp.ElicitResult{Action: "decline"}, nil
	}
	session := client(t, o, co)
	const secret = "hunter2"
	callTool(t, session, "validate_cluster", arguments{"cluster": aCluster(`{nodeSize: ` + secret + `}`)})
	callTool(t, session, "validate_cluster", arguments{"cluster": "a: [" + secret})
	callTool(t, session, "validate_cluster", arguments{secret: 1})
	if _, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: secret}); err == nil {
		t.Error("want an error for a tool that is not there")
	}
	callTool(t, session, "set_app", kedaOn())
	ctx, leave := context.WithCancel(t.Context())
	done := inBackground(ctx, session, secret, waitForRoute(secret))
	<-told.came
	leave()
	<-done
	want := []string{
		"validate_cluster answered", // that it is wrong is an answer
		"validate_cluster refused",
		"validate_cluster refused",
		"(unknown) failed",
		"set_app asked",
		"set_app answered",
		"wait_ready left",
	}
	eventually(t, "the last call is logged", func() bool { return len(l.calls(t)) == len(want) })
	if diff := cmp.Diff(want, l.calls(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n := strings.Count(l.String(), "\n"); n != len(want) {
		t.Errorf("want one line for each call and no others, got %d:\n%s", n, l.String())
	}
	if strings.Contains(l.String(), secret) {
		t.Errorf("want nothing of what was asked in the log:\n%s", l.String())
	}
}
