package edge

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/modelcontextprotocol/go-sdk/auth"
	"golang.org/x/time/rate"
)

const (
	// clockSkew is by how much the clocks of an issuer and of this machine may differ.
	clockSkew = time.Minute
	// A source may be wrong failBurst times at once and failRate times a second after that.
	failRate  = 1
	failBurst = 20
	// remembered is how many tokens that were accepted lately are known by their hash.
	remembered = 4096
)

// What a method says of a token that it does not accept. None of them tells the token.
var (
	errExpired     = errors.New("token expired")
	errForbidden   = errors.New("the token is valid, but its owner may not use this server")
	errUnavailable = errors.New("cannot verify the token now: the authority does not answer")
	errTooOften    = errors.New("too many failed attempts")
)

// method is one way to tell whose a token is: an [auth.TokenVerifier] with a price.
type method struct {
	verify auth.TokenVerifier
	// asks is true when verifying costs others something.
	asks bool
}

// verifier accepts a token that any method accepts.
type verifier struct {
	methods  []method
	metrics  *metrics
	failures *lru.Cache[string, *rate.Limiter]
	accepted *lru.Cache[[sha256.Size]byte, struct{}]
}

func newVerifier(o *Options, m *metrics) (*verifier, error) {
	v := &verifier{metrics: m}
	var err error
	if v.failures, err = lru.New[string, *rate.Limiter](maxCallers); err != nil {
		return nil, fmt.Errorf("cannot remember %d addresses: %w", maxCallers, err)
	}
	if v.accepted, err = lru.New[[sha256.Size]byte, struct{}](remembered); err != nil {
		return nil, fmt.Errorf("cannot remember %d tokens: %w", remembered, err)
	}
	if o.TokenFile != "" {
		file, err := openTokenFile(o.TokenFile, o.Log)
		if err != nil {
			return nil, err
		}
		v.methods = append(v.methods, method{verify: file.verifier(o.OAuth.Scopes)})
	}
	if o.OAuth.Issuer != "" {
		v.methods = append(v.methods, method{verify: newIssuer(o).verify, asks: true})
	}
	if o.Kubernetes != nil {
		k, err := newReviewed(o)
		if err != nil {
			return nil, err
		}
		v.methods = append(v.methods, method{verify: k.verify, asks: true})
	}
	return v, nil
}

// verify is the [auth.TokenVerifier] for the SDK's middleware.
func (v *verifier) verify(ctx context.Context, token string, r *http.Request) (*auth.TokenInfo, error) {
	hash := sha256.Sum256([]byte(token))
	// Behind a gateway everybody has its address. So who was wrong too often keeps others
	// from being looked up for a moment, but nobody who is known from being served.
	address := source(r)
	limited := v.exhausted(address) && !v.accepted.Contains(hash)
	errs := make([]error, 0, len(v.methods))
	for _, m := range v.methods {
		if m.asks && limited {
			errs = append(errs, errTooOften)
			continue
		}
		info, err := m.verify(ctx, token, r)
		if err == nil {
			v.accepted.Add(hash, struct{}{})
			return info, nil
		}
		errs = append(errs, err)
	}
	v.accepted.Remove(hash)
	return nil, v.refusal(ctx, errors.Join(errs...), address)
}

// refusal turns what the methods said into one answer; the SDK's middleware has no status
// for some of them, so the exchange replaces it.
func (v *verifier) refusal(ctx context.Context, err error, address string) error {
	answer := func(reason string, known error, with refusal) error {
		v.metrics.authFailed(reason)
		if x := exchangeOf(ctx); x != nil {
			x.refusal = &with
		}
		return known
	}
	switch {
	case errors.Is(err, errForbidden):
		return answer("forbidden", errForbidden, refusal{status: http.StatusForbidden})
	case errors.Is(err, errUnavailable):
		return answer("unavailable", errUnavailable, refusal{status: http.StatusServiceUnavailable, retryAfter: 5})
	case errors.Is(err, errTooOften), take(v.failures, address, rate.NewLimiter(failRate, failBurst)) > 0:
		return answer("limited", errTooOften, refusal{status: http.StatusTooManyRequests, retryAfter: 1})
	case errors.Is(err, errExpired):
		v.metrics.authFailed("expired")
		return fmt.Errorf("%w: expired", auth.ErrInvalidToken)
	default:
		v.metrics.authFailed("invalid")
		return auth.ErrInvalidToken
	}
}

// exhausted tells whether an address has no more tries, without using one up.
func (v *verifier) exhausted(address string) bool {
	limiter, found := v.failures.Get(address)
	return found && limiter.Tokens() < 1
}
