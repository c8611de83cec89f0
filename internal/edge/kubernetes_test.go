package edge_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gatehouse-platform/gatehouse/internal/edge"
)

func TestKubernetes(t *testing.T) {
	var asked atomic.Int64
	s := start(t, func(o *edge.Options) {
		o.Kubernetes = edge.ReviewerFunc(func(_ context.Context, token string) (string, bool, error) {
			asked.Add(1)
			switch token {
			case "of-a-reader":
				return "system:serviceaccount:team-a:agent", true, nil
			case "of-a-stranger":
				return "system:serviceaccount:team-b:agent", false, nil
			case "of-a-broken-cluster":
				return "", false, fmt.Errorf("cannot create TokenReview: %w", errors.New("token of-a-broken-cluster: refused"))
			case "allowed-but-unknown":
				return "", true, nil
			default:
				return "", false, nil
			}
		})
	})
	cases := map[string]struct {
		reason, token string
		want          int
		message       string
		asks          int64
	}{
		"Allowed":     {"Who may post to /mcp is let in, and asked about once", "of-a-reader", 200, "", 1},
		"Forbidden":   {"The token is good, its owner may not", "of-a-stranger", 403, "may not use this server", 1},
		"Unknown":     {"The cluster does not know the token", "made-up", 401, "invalid token", 1},
		"NoUser":      {"Nobody can not be allowed", "allowed-but-unknown", 401, "invalid token", 1},
		"Unreachable": {"No answer is not remembered, and not the caller's fault", "of-a-broken-cluster", 503, "the authority does not answer", 3},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			asked.Store(0)
			for range 3 {
				code, body, _ := s.with(t, tc.token)
				if code != tc.want || !strings.Contains(body, tc.message) {
					t.Errorf("%s: want %d %q, got %d %q", tc.reason, tc.want, tc.message, code, body)
				}
			}
			if got := asked.Load(); got != tc.asks {
				t.Errorf("want the cluster to be asked %d times, got %d", tc.asks, got)
			}
			if strings.Contains(s.log.String(), tc.token) {
				t.Errorf("the log holds the token:\n%s", s.log.String())
			}
		})
	}
}

// Guessing does not become work of the API server; who was let in lately is, whatever
// others at the same address do.
func TestKubernetesIsNotFlooded(t *testing.T) {
	var asked atomic.Int64
	s := start(t, func(o *edge.Options) {
		o.Kubernetes = edge.ReviewerFunc(func(_ context.Context, token string) (string, bool, error) {
			asked.Add(1)
			return map[bool]string{true: "agent"}[token == "good"], token == "good", nil
		})
	})
	if code, _, _ := s.with(t, "good"); code != http.StatusOK {
		t.Fatalf("want 200, got %d", code)
	}
	limited := 0
	for i := range 200 {
		if code, _, _ := s.with(t, fmt.Sprintf("guess-%d", i)); code == http.StatusTooManyRequests {
			limited++
		}
	}
	if limited < 100 || asked.Load() > 100 {
		t.Errorf("want guesses to be limited, got %d of 200, with %d reviews", limited, asked.Load())
	}
	if code, _, _ := s.with(t, "good"); code != http.StatusOK {
		t.Errorf("want who is known to be let in, got %d", code)
	}
}
