package kube

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// Within runs do, and returns what it returns, but not long after the context ends: then
// it waits for grace at most, and returns the cause of the end, also if do came through.
// It is for libraries whose calls know no context.
func Within[T any](ctx context.Context, grace time.Duration, do func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	done := make(chan answer, 1)
	go func() {
		value, err := do()
		done <- answer{value, err}
	}()
	var out answer
	select {
	case out = <-done:
	case <-ctx.Done():
		select {
		case out = <-done:
		case <-time.After(grace):
		}
	}
	if err := context.Cause(ctx); err != nil {
		var none T
		return none, err //nolint:wrapcheck // the caller knows what was to be done
	}
	return out.value, out.err
}

// bound ends requests, and the reading of what they answer, when its context does.
type bound struct {
	ctx  context.Context //nolint:containedctx // it stands in for the context that Helm does not pass on
	next http.RoundTripper
}

// RoundTrip makes a request end with the context of both.
func (b *bound) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(r.Context())
	stop := context.AfterFunc(b.ctx, func() { cancel(context.Cause(b.ctx)) }) //nolint:contextcheck // both contexts count
	end := sync.OnceFunc(func() {
		stop()
		cancel(nil)
	})
	response, err := b.next.RoundTrip(r.WithContext(ctx))
	if err != nil {
		end()
		return nil, fmt.Errorf("cannot ask the API server: %w", err)
	}
	response.Body = &boundBody{response.Body, end}
	return response, nil
}

type boundBody struct {
	io.ReadCloser

	end func()
}

func (b *boundBody) Close() error {
	defer b.end()
	return b.ReadCloser.Close() //nolint:wrapcheck // it stands for what it wraps
}
