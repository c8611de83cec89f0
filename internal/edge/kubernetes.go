package edge

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/modelcontextprotocol/go-sdk/auth"
)

const (
	// How long an answer of the cluster is believed: who loses access keeps it so long.
	allowedFor = time.Minute
	refusedFor = 10 * time.Second
	// reviewTimeout is how long the cluster may take to answer.
	reviewTimeout = 10 * time.Second
)

// Reviewer asks a cluster whose a token is (TokenReview) and whether its owner may use
// the server (SubjectAccessReview of verb "post" on the URL "/mcp"). It returns an empty
// user for a token that the cluster does not know, and an error only when there was no
// answer.
type Reviewer interface {
	Review(ctx context.Context, token string) (user string, allowed bool, err error)
}

// ReviewerFunc makes a function a [Reviewer].
type ReviewerFunc func(ctx context.Context, token string) (user string, allowed bool, err error)

// Review implements [Reviewer].
func (f ReviewerFunc) Review(ctx context.Context, token string) (user string, allowed bool, err error) {
	return f(ctx, token)
}

// reviewed remembers for a while what a cluster said.
type reviewed struct {
	reviewer Reviewer
	scopes   []string
	log      *slog.Logger
	answers  *lru.Cache[[sha256.Size]byte, answer]
}

type answer struct {
	user    string
	allowed bool
	until   time.Time
}

func newReviewed(o *Options) (*reviewed, error) {
	answers, err := lru.New[[sha256.Size]byte, answer](remembered)
	if err != nil {
		return nil, fmt.Errorf("cannot remember %d tokens: %w", remembered, err)
	}
	return &reviewed{reviewer: o.Kubernetes, scopes: o.OAuth.Scopes, log: o.Log, answers: answers}, nil
}

func (k *reviewed) verify(ctx context.Context, token string, _ *http.Request) (*auth.TokenInfo, error) {
	hash := sha256.Sum256([]byte(token))
	a, found := k.answers.Get(hash)
	if !found || !time.Now().Before(a.until) {
		var err error
		if a, err = k.ask(ctx, token); err != nil {
			return nil, err
		}
		k.answers.Add(hash, a)
	}
	switch {
	case a.user == "":
		return nil, auth.ErrInvalidToken
	case !a.allowed:
		return nil, errForbidden
	default:
		return &auth.TokenInfo{UserID: "kubernetes:" + a.user, Scopes: k.scopes}, nil
	}
}

func (k *reviewed) ask(ctx context.Context, token string) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, reviewTimeout)
	defer cancel()
	user, allowed, err := k.reviewer.Review(ctx, token)
	if err != nil {
		// An API server may repeat what it was sent.
		k.log.Error("cannot ask the cluster about a token", "error", strings.ReplaceAll(err.Error(), token, "[token]"))
		return answer{}, errUnavailable
	}
	a := answer{user: user, allowed: allowed && user != "", until: time.Now().Add(refusedFor)}
	if a.allowed {
		a.until = time.Now().Add(allowedFor)
	}
	return a, nil
}
