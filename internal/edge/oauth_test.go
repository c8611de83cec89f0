package edge_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-platform/gatehouse/internal/edge"
)

const external = "https://mcp.example.com"

// authority is an authorization server that signs whatever a test wants.
type authority struct {
	*httptest.Server

	key  *ecdsa.PrivateKey
	rsa  *rsa.PrivateKey
	down atomic.Bool
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{key: key, rsa: other}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"issuer": a.URL, "jwks_uri": a.URL + "/keys"})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
			{Key: key.Public(), KeyID: "ec", Use: "sig"}, {Key: other.Public(), KeyID: "rsa", Use: "sig"},
		}})
	})
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.down.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(a.Close)
	return a
}

// claims are those of a token that is accepted, with some replaced; nil leaves one out.
func (a *authority) claims(changes map[string]any) map[string]any {
	c := map[string]any{
		"iss": a.URL, "aud": []string{external + edge.Path}, "sub": "alice", "scope": "mcp:read other",
		"exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix(),
	}
	maps.Copy(c, changes)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return c
}

func sign(t testing.TB, alg jose.SignatureAlgorithm, key any, kid string, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", kid))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(raw)
	if err != nil {
		t.Fatal(err)
	}
	compact, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return compact
}

func (a *authority) token(t testing.TB, changes map[string]any) string {
	t.Helper()
	return sign(t, jose.ES256, a.key, "ec", a.claims(changes))
}

// unsigned is a token of the algorithm "none".
func (a *authority) unsigned(t testing.TB) string {
	t.Helper()
	raw, err := json.Marshal(a.claims(nil))
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none"}`)) + "." + encode(raw) + "."
}

// publicPEM is what a verifier that can be confused takes for the secret of HS256.
func publicPEM(t testing.TB, key crypto.PublicKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func (a *authority) options(o *edge.Options) {
	o.ExternalURL = external
	o.OAuth = edge.OAuth{Issuer: a.URL, Scopes: []string{"mcp:read"}}
}

func TestOAuth(t *testing.T) {
	a, stranger := newAuthority(t), newAuthority(t)
	s := start(t, a.options)
	ago := func(d time.Duration) int64 { return time.Now().Add(-d).Unix() }
	cases := map[string]struct {
		reason  string
		token   string
		want    int
		message string
	}{
		"Fine":            {"ES256, right issuer, audience and scope", a.token(t, nil), 200, ""},
		"RSA":             {"Every asymmetric algorithm will do", sign(t, jose.RS256, a.rsa, "rsa", a.claims(nil)), 200, ""},
		"ScopeList":       {"Some issuers give scopes as a list", a.token(t, map[string]any{"scope": nil, "scp": []string{"mcp:read"}}), 200, ""},
		"JustExpired":     {"Clocks may differ by a minute", a.token(t, map[string]any{"exp": ago(20 * time.Second)}), 200, ""},
		"Expired":         {"But not by two", a.token(t, map[string]any{"exp": ago(2 * time.Minute)}), 401, "invalid token: expired"},
		"NoExpiry":        {"A token that never expires is not accepted", a.token(t, map[string]any{"exp": nil}), 401, "expired"},
		"NotYet":          {"Nor one of tomorrow", a.token(t, map[string]any{"nbf": ago(-24 * time.Hour)}), 401, "invalid token"},
		"WrongAudience":   {"A token for somebody else must not work here", a.token(t, map[string]any{"aud": "https://other.example.com"}), 401, "invalid token"},
		"AudienceIsHost":  {"The audience is the whole URL", a.token(t, map[string]any{"aud": external}), 401, "invalid token"},
		"NoAudience":      {"Nor does one for nobody", a.token(t, map[string]any{"aud": nil}), 401, "invalid token"},
		"WrongIssuer":     {"The issuer is part of what is signed", a.token(t, map[string]any{"iss": stranger.URL}), 401, "invalid token"},
		"StrangersKey":    {"Signed by somebody else", sign(t, jose.ES256, stranger.key, "ec", a.claims(nil)), 401, "invalid token"},
		"NoSubject":       {"Limits are kept for a subject", a.token(t, map[string]any{"sub": nil}), 401, "invalid token"},
		"AlgorithmNone":   {"Nothing is signed", a.unsigned(t), 401, "invalid token"},
		"PublicKeySecret": {"The public key is no secret", sign(t, jose.HS256, publicPEM(t, a.rsa.Public()), "rsa", a.claims(nil)), 401, "invalid token"},
		"MissingScope":    {"Known, but may not", a.token(t, map[string]any{"scope": "other"}), 403, "insufficient scope"},
		"NoJWT":           {"Not a JWT at all", "abc", 401, "invalid token"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			before := s.called.Load()
			r := newRequest(s.Listen, newest, "echo", map[string]any{})
			r.Host = "mcp.example.com"
			r.Header.Set("Authorization", "Bearer "+tc.token)
			rsp, body := do(t, r)
			if rsp.StatusCode != tc.want || !strings.Contains(body, tc.message) {
				t.Errorf("%s: want %d %q, got %d %q", tc.reason, tc.want, tc.message, rsp.StatusCode, body)
			}
			challenge := `Bearer resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp", scope="mcp:read"`
			if got := rsp.Header.Get("WWW-Authenticate"); tc.want != 200 && got != challenge {
				t.Errorf("want the challenge %s, got %s", challenge, got)
			}
			if called := s.called.Load() != before; called != (tc.want == 200) {
				t.Errorf("called: %v", called)
			}
			if strings.Contains(s.log.String(), tc.token) && len(tc.token) > 10 {
				t.Error("the log holds the token")
			}
		})
	}
}

// The server starts while the issuer is down, says so, and accepts tokens once it is up.
func TestOAuthIssuerIsDown(t *testing.T) {
	a := newAuthority(t)
	a.down.Store(true)
	s := start(t, a.options)
	bearer := a.token(t, nil)
	call := func() (int, http.Header) {
		r := newRequest(s.Listen, newest, "echo", map[string]any{})
		r.Host = "mcp.example.com"
		r.Header.Set("Authorization", "Bearer "+bearer)
		rsp, _ := do(t, r)
		return rsp.StatusCode, rsp.Header
	}
	code, header := call()
	if code != http.StatusServiceUnavailable || header.Get("Retry-After") == "" {
		t.Errorf("want 503 with Retry-After, not a refusal of the token, got %d %v", code, header)
	}
	if log := s.log.String(); !strings.Contains(log, "cannot ask the issuer for its keys") || strings.Contains(log, bearer) {
		t.Errorf("want the log to name the issuer, and no token:\n%s", log)
	}
	a.down.Store(false)
	s.eventually(t, "tokens are accepted", func() bool { code, _ := call(); return code == http.StatusOK })
}

// With the URL of the keys given, nothing is discovered; while they cannot be had, tokens
// are not refused for good.
func TestOAuthKeys(t *testing.T) {
	a := newAuthority(t)
	a.down.Store(true)
	s := start(t, func(o *edge.Options) {
		a.options(o)
		o.OAuth.JWKSURL = a.URL + "/keys"
		o.OAuth.Audience = "gatehouse"
		o.AllowedHosts = []string{"127.0.0.1"}
	})
	bearer := a.token(t, map[string]any{"aud": "gatehouse"})
	if code, _, _ := s.with(t, bearer); code != http.StatusServiceUnavailable {
		t.Errorf("want 503 while the keys cannot be had, got %d", code)
	}
	a.down.Store(false)
	if code, body, _ := s.with(t, bearer); code != http.StatusOK {
		t.Errorf("want the token to be accepted, got %d %s", code, body)
	}
	if code, _, _ := s.with(t, a.token(t, nil)); code != http.StatusUnauthorized {
		t.Errorf("want the default audience to be refused when another is given, got %d", code)
	}
}

// Where to get a token is told to everybody (RFC 9728).
func TestProtectedResourceMetadata(t *testing.T) {
	a := newAuthority(t)
	s := start(t, a.options)
	want := map[string]any{
		"resource": "https://mcp.example.com/mcp", "authorization_servers": []any{a.URL}, "scopes_supported": []any{"mcp:read"},
		"bearer_methods_supported": []any{"header"}, "resource_name": "Gatehouse MCP server",
	}
	for _, path := range []string{"/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"} {
		r, _ := http.NewRequest(http.MethodGet, "http://"+s.Listen+path, nil)
		r.Host = "mcp.example.com"
		_, body := do(t, r)
		got := map[string]any{}
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", path, diff)
		}
		r.Host = "evil.example.com"
		if rsp, _ := do(t, r); rsp.StatusCode != http.StatusMisdirectedRequest {
			t.Errorf("want another host to be refused, got %d", rsp.StatusCode)
		}
	}
	without := start(t, nil)
	if got := without.get("/.well-known/oauth-protected-resource"); got != http.StatusNotFound {
		t.Errorf("want nothing without OAuth, got %d", got)
	}
}

// Any of the methods accepts: a token of the file needs no scopes.
func TestMethodsTogether(t *testing.T) {
	a := newAuthority(t)
	s := start(t, func(o *edge.Options) {
		a.options(o)
		o.TokenFile = writeTokens(t, token)
	})
	for name, bearer := range map[string]string{"File": token, "OAuth": a.token(t, nil)} {
		r := newRequest(s.Listen, newest, "echo", map[string]any{})
		r.Header.Set("Authorization", "Bearer "+bearer)
		if rsp, body := do(t, r); rsp.StatusCode != http.StatusOK {
			t.Errorf("%s: want the token to be accepted, got %d %s", name, rsp.StatusCode, body)
		}
	}
}
