package edge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/modelcontextprotocol/go-sdk/auth"
)

const (
	// issuerTimeout is how long one request to the issuer may take, and askAgainAfter how
	// long one that did not answer is left alone.
	issuerTimeout = 5 * time.Second
	askAgainAfter = 5 * time.Second
)

// issuer accepts the access tokens of an authorization server that are signed JWTs.
type issuer struct {
	o      OAuth
	config oidc.Config
	log    *slog.Logger
	// ctx carries the client by which keys are fetched.
	ctx context.Context //nolint:containedctx // go-oidc takes its HTTP client by a context

	mu       sync.Mutex
	verifier *oidc.IDTokenVerifier
	askAgain time.Time
}

func newIssuer(o *Options) *issuer {
	i := &issuer{
		o:   o.OAuth,
		log: o.Log,
		ctx: oidc.ClientContext(context.Background(), &http.Client{Timeout: issuerTimeout}),
		config: oidc.Config{
			ClientID: o.audience(),
			// Signatures that only the issuer can make: with those of a shared secret (HS256)
			// its public key would be taken for the secret.
			SupportedSigningAlgs: []string{
				oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA,
			},
			Now: func() time.Time { return time.Now().Add(-clockSkew) },
		},
	}
	if i.o.JWKSURL != "" {
		i.verifier = oidc.NewVerifier(i.o.Issuer, oidc.NewRemoteKeySet(i.ctx, i.o.JWKSURL), &i.config)
	}
	return i
}

// discovered asks the issuer for its keys when the first token comes, so that the server
// starts, and accepts what others sign, while the issuer is down.
func (i *issuer) discovered() (*oidc.IDTokenVerifier, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.verifier != nil {
		return i.verifier, nil
	}
	if time.Now().Before(i.askAgain) {
		return nil, errUnavailable
	}
	provider, err := oidc.NewProvider(i.ctx, i.o.Issuer)
	if err != nil {
		i.askAgain = time.Now().Add(askAgainAfter)
		i.log.Error("cannot ask the issuer for its keys; its tokens are not accepted until it answers", "issuer", i.o.Issuer, "error", err)
		return nil, errUnavailable
	}
	i.verifier = provider.Verifier(&i.config)
	i.log.Info("the issuer has told its keys", "issuer", i.o.Issuer)
	return i.verifier, nil
}

func (i *issuer) verify(ctx context.Context, token string, _ *http.Request) (*auth.TokenInfo, error) {
	// What is no JWT is not worth asking the issuer.
	if strings.Count(token, ".") != 2 {
		return nil, auth.ErrInvalidToken
	}
	verifier, err := i.discovered()
	if err != nil {
		return nil, err
	}
	verified, err := verifier.Verify(ctx, token)
	if err != nil {
		return nil, i.reason(err)
	}
	var claims struct {
		Scope scopes `json:"scope"`
		SCP   scopes `json:"scp"`
	}
	if err := verified.Claims(&claims); err != nil || verified.Subject == "" {
		return nil, auth.ErrInvalidToken
	}
	return &auth.TokenInfo{
		UserID:     "oauth:" + verified.Issuer + "|" + verified.Subject,
		Scopes:     append(claims.Scope, claims.SCP...),
		Expiration: verified.Expiry,
	}, nil
}

func (i *issuer) reason(err error) error {
	expired := new(oidc.TokenExpiredError)
	switch {
	case errors.As(err, &expired):
		return errExpired
	// go-oidc has no type for it: oidc/jwks.go, RemoteKeySet.verify.
	case strings.Contains(err.Error(), "fetching keys "):
		i.log.Error("cannot fetch the issuer's keys", "issuer", i.o.Issuer)
		return errUnavailable
	default:
		return auth.ErrInvalidToken
	}
}

// scopes are one string with spaces (https://www.rfc-editor.org/rfc/rfc9068#section-2.2.3)
// or, with some issuers, a list.
type scopes []string

// UnmarshalJSON implements [json.Unmarshaler].
func (s *scopes) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*s = strings.Fields(one)
		return nil
	}
	var list []string
	if err := json.Unmarshal(raw, &list); err != nil {
		return fmt.Errorf("cannot read scopes: %w", err)
	}
	*s = list
	return nil
}
