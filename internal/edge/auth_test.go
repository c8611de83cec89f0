package edge_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatehouse-platform/gatehouse/internal/edge"
)

const token = "correct-horse-battery-staple"

func writeTokens(t testing.TB, tokens ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(file, []byte(strings.Join(tokens, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// with calls a tool with a token, and returns the status, the body and the header.
func (s *running) with(t testing.TB, bearer string) (int, string, http.Header) {
	t.Helper()
	r := newRequest(s.Listen, newest, "echo", map[string]any{})
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	rsp, body := do(t, r)
	return rsp.StatusCode, body, rsp.Header
}

func TestTokenFile(t *testing.T) {
	s := start(t, func(o *edge.Options) { o.TokenFile = writeTokens(t, "", token, "  another-token  ") })
	cases := map[string]struct {
		reason        string
		authorization string
		want          int
		message       string
	}{
		"None":       {"Nobody is let in without a token", "", 401, "no bearer token"},
		"Right":      {"One of the tokens is enough", "Bearer " + token, 200, ""},
		"Second":     {"Two tokens are accepted while one replaces the other", "bearer another-token", 200, ""},
		"Wrong":      {"The token has to be one of the file", "Bearer wrong", 401, "invalid token"},
		"Prefix":     {"A part of a token is not the token", "Bearer " + token[:5], 401, "invalid token"},
		"Longer":     {"Nor is more than the token", "Bearer " + token + "x", 401, "invalid token"},
		"Basic":      {"Other schemes are not known", "Basic " + token, 401, "no bearer token"},
		"EmptyToken": {"An empty line of the file is no token", "Bearer ", 401, "no bearer token"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			r := newRequest(s.Listen, newest, "echo", map[string]any{})
			if tc.authorization != "" {
				r.Header.Set("Authorization", tc.authorization)
			}
			before := s.called.Load()
			rsp, body := do(t, r)
			if rsp.StatusCode != tc.want || !strings.Contains(body, tc.message) {
				t.Errorf("%s: want %d %q, got %d %q", tc.reason, tc.want, tc.message, rsp.StatusCode, body)
			}
			if tc.want != 401 {
				return
			}
			if got := rsp.Header.Get("WWW-Authenticate"); got != "Bearer" {
				t.Errorf("want a challenge, got %q", got)
			}
			if s.called.Load() != before {
				t.Error("the tool was called")
			}
		})
	}
	if log := s.log.String(); strings.Contains(log, token) || strings.Contains(log, "another-token") {
		t.Errorf("the log holds a token:\n%s", log)
	}
}

// A Secret's volume swaps a symbolic link: old tokens stop, new ones begin to work, and
// while the file is missing or empty nobody is let in.
func TestTokenFileChanges(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "tokens")
	mount := func(version, content string) {
		t.Helper()
		data := filepath.Join(dir, version)
		if err := os.MkdirAll(data, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(data, "tokens"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		next := filepath.Join(dir, "..data_tmp")
		if err := os.Symlink(version, next); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(next, filepath.Join(dir, "..data")); err != nil {
			t.Fatal(err)
		}
	}
	mount("..1", "first-token\n")
	if err := os.Symlink(filepath.Join("..data", "tokens"), file); err != nil {
		t.Fatal(err)
	}
	s := start(t, func(o *edge.Options) { o.TokenFile = file })
	status := func(token string) int { code, _, _ := s.with(t, token); return code }
	if got := status("first-token"); got != 200 {
		t.Fatalf("want the first token to be accepted, got %d", got)
	}
	mount("..2", "second-token\n")
	s.eventually(t, "the second token is accepted", func() bool { return status("second-token") == 200 })
	if got := status("first-token"); got == 200 {
		t.Error("want the first token to be refused")
	}
	mount("..3", "\n")
	s.eventually(t, "nobody is let in", func() bool { return status("second-token") != 200 })
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("third-token"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.eventually(t, "the third token is accepted", func() bool { return status("third-token") == 200 })
	log := s.log.String()
	if got := strings.Count(log, "nobody is let in"); got != 1 {
		t.Errorf("want the log to say once that nobody is let in, got %d times", got)
	}
	if strings.Contains(log, "-token\"") || strings.Contains(log, "second-token") {
		t.Errorf("the log holds a token:\n%s", log)
	}
}

func TestTokenFileMissing(t *testing.T) {
	cases := map[string]struct{ file, want string }{
		"Missing": {filepath.Join(t.TempDir(), "nope"), "cannot read the tokens"},
		"Empty":   {writeTokens(t, "", "  "), "it is empty"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			o := edge.Defaults()
			o.Listen, o.MetricsListen, o.TokenFile = "127.0.0.1:0", "", tc.file
			s := &tools{}
			if err := edge.Run(t.Context(), s.server(), o); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("want %q, got %v", tc.want, err)
			}
		})
	}
}

// Who is wrong again and again is told to wait; who is right never has to.
func TestFailuresAreLimited(t *testing.T) {
	s := start(t, func(o *edge.Options) { o.TokenFile = writeTokens(t, token) })
	for range 100 {
		code, body, header := s.with(t, "wrong")
		if code == http.StatusUnauthorized {
			continue
		}
		if code != http.StatusTooManyRequests || header.Get("Retry-After") == "" || !strings.Contains(body, "too many failed attempts") {
			t.Errorf("want 429 with Retry-After, got %d %s", code, body)
		}
		if code, _, _ := s.with(t, token); code != http.StatusOK {
			t.Errorf("want the right token to be accepted from the same address, got %d", code)
		}
		return
	}
	t.Error("nobody was told to wait")
}
