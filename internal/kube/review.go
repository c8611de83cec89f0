package kube

import (
	"context"
	"errors"
	"fmt"
	"slices"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
)

// ReviewRequest asks who a token is and whether they may call a path.
type ReviewRequest struct {
	// Token is never told in errors.
	Token string
	// Path and Verb of a non-resource request, such as /mcp and post.
	Path, Verb string
	// Audiences of which the token needs one; none for those of the API server.
	Audiences []string
}

// Review asks the API server who a token is (TokenReview) and whether they may call a
// path (SubjectAccessReview). A token that is not good is not allowed, without an
// error; the user is then empty.
func (c *Client) Review(ctx context.Context, r ReviewRequest) (user string, allowed bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	who, err := c.authenticate(ctx, r)
	if err != nil || who == nil {
		return "", false, err
	}
	access := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User:                  who.Username,
		Groups:                who.Groups,
		UID:                   who.UID,
		Extra:                 map[string]authorizationv1.ExtraValue{},
		NonResourceAttributes: &authorizationv1.NonResourceAttributes{Path: r.Path, Verb: r.Verb},
	}}
	for key, values := range who.Extra {
		access.Spec.Extra[key] = authorizationv1.ExtraValue(values)
	}
	if err := c.client.Create(ctx, access); err != nil {
		return "", false, fmt.Errorf("cannot ask what %q may do: %w", who.Username, c.plain(err))
	}
	// An authorizer that fails may still say yes: then another one has decided.
	if why := access.Status.EvaluationError; why != "" && !access.Status.Allowed {
		return who.Username, false, fmt.Errorf("cannot ask what %q may do: %w", who.Username, errors.New(why))
	}
	return who.Username, access.Status.Allowed, nil
}

// authenticate returns who a token is; nil if it is not good.
func (c *Client) authenticate(ctx context.Context, r ReviewRequest) (*authenticationv1.UserInfo, error) {
	review := &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: r.Token, Audiences: r.Audiences}}
	if err := c.client.Create(ctx, review); err != nil {
		return nil, fmt.Errorf("cannot ask whose the token is: %w", c.plain(err))
	}
	if !review.Status.Authenticated {
		return nil, nil //nolint:nilnil // a token that is not good is nobody's, and no error
	}
	// An authenticator that knows no audiences answers with none: then the token is one
	// for the API server.
	// https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-review-v1/
	if len(r.Audiences) > 0 && !slices.ContainsFunc(review.Status.Audiences, func(a string) bool { return slices.Contains(r.Audiences, a) }) {
		return nil, nil //nolint:nilnil // it is meant for somebody else
	}
	return &review.Status.User, nil
}
