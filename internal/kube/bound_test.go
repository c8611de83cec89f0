package kube

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"k8s.io/client-go/rest"
)

var errOver = errors.New("it is over")

func TestWithin(t *testing.T) {
	broken := errors.New("broken")
	cases := map[string]struct {
		reason string
		before bool // the context ends before do does
		hangs  bool
		err    error
		want   error
	}{
		"Done":       {reason: "what do returns", want: nil},
		"Failed":     {reason: "what do returns", err: broken, want: broken},
		"Ended":      {reason: "the end is what matters, whatever do says of it", before: true, err: broken, want: errOver},
		"EndedFine":  {reason: "Helm swallows errors: it may only seem to have come through", before: true, want: errOver},
		"DoesNotEnd": {reason: "nobody waits for what does not look at the context", before: true, hangs: true, want: errOver},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			forever := make(chan struct{})
			t.Cleanup(func() { close(forever) })
			began := time.Now()
			got, err := Within(ctx, 50*time.Millisecond, func() (int, error) {
				if tc.before {
					cancel(errOver)
				}
				if tc.hangs {
					<-forever
				}
				return 7, tc.err
			})
			if !errors.Is(err, tc.want) || (tc.want == nil && got != 7) || (tc.before && got != 0) {
				t.Errorf("%s: want error %v, got %d and %v", tc.reason, tc.want, got, err)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("%s: it took %s", tc.reason, took)
			}
		})
	}
}

// stalling answers nothing at path /hang, and half of its answer at /half.
func stalling(t *testing.T) (client *Client, asked <-chan struct{}) {
	t.Helper()
	come, over := make(chan struct{}, 10), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/half" {
			_, _ = io.WriteString(w, "half of ")
			w.(http.Flusher).Flush()
		}
		come <- struct{}{}
		select {
		case <-over:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(func() {
		close(over)
		server.CloseClientConnections()
		server.Close()
	})
	c, err := connect(&rest.Config{Host: server.URL}, Config{})
	if err != nil {
		t.Fatal(err)
	}
	return c, come
}

func TestGetterEndsWithItsContext(t *testing.T) {
	for _, path := range []string{"/hang", "/half"} {
		t.Run(path, func(t *testing.T) {
			c, asked := stalling(t)
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			getter, err := c.Getter(ctx, "default")
			if err != nil {
				t.Fatal(err)
			}
			config, err := getter.ToRESTConfig()
			if err != nil {
				t.Fatal(err)
			}
			client, err := rest.HTTPClientFor(config)
			if err != nil {
				t.Fatal(err)
			}
			go func() {
				<-asked
				cancel(errOver)
			}()
			request := func() error {
				// As libraries ask that know no context.
				r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, c.Host()+path, http.NoBody)
				if err != nil {
					return err
				}
				answer, err := client.Do(r)
				if err != nil {
					return err
				}
				defer func() { _ = answer.Body.Close() }()
				_, err = io.ReadAll(answer.Body)
				return err
			}
			ask := func() error {
				answer := make(chan error, 1)
				go func() { answer <- request() }()
				select {
				case err := <-answer:
					return err
				case <-time.After(10 * time.Second):
					t.Fatal("the request did not end with the context of its getter")
					return nil
				}
			}
			// The cause is not always what net/http says: that it ends is what counts.
			if err := ask(); err == nil {
				t.Error("want the request to end with the context of its getter, got an answer")
			}
			if err := ask(); !errors.Is(err, context.Canceled) && !errors.Is(err, errOver) {
				t.Errorf("want nothing to be asked any more, got %v", err)
			}
		})
	}
}
