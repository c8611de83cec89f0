package kube

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
)

// leases keeps one Lease as the API server does: a change needs the version it is of.
type leases struct {
	mu      sync.Mutex
	lease   *coordinationv1.Lease
	version int
	// refuse answers writes, when it is set.
	refuse error
}

func (l *leases) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	resource := schema.GroupResource{Group: "coordination.k8s.io", Resource: "leases"}
	var status apierrors.APIStatus
	switch {
	case r.Method == http.MethodGet && l.lease == nil:
		fail(w, apierrors.NewNotFound(resource, "lock"))
	case r.Method == http.MethodGet:
		reply(w, l.lease)
	case errors.As(l.refuse, &status):
		fail(w, status)
	default:
		l.write(w, r, resource)
	}
}

func (l *leases) write(w http.ResponseWriter, r *http.Request, resource schema.GroupResource) {
	next := &coordinationv1.Lease{}
	if err := json.NewDecoder(r.Body).Decode(next); err != nil {
		fail(w, apierrors.NewBadRequest(err.Error()))
		return
	}
	if l.lease != nil && next.ResourceVersion != l.lease.ResourceVersion {
		fail(w, apierrors.NewConflict(resource, "lock", errors.New("it has changed")))
		return
	}
	l.version++
	next.ResourceVersion = strconv.Itoa(l.version)
	l.lease = next
	reply(w, next)
}

func (l *leases) set(refuse error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refuse = refuse
}

func (l *leases) client(t *testing.T) *Client {
	t.Helper()
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	c, err := connect(&rest.Config{Host: server.URL, ContentConfig: rest.ContentConfig{ContentType: "application/json"}}, Config{QPS: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// quick times; a Lease counts in whole seconds.
var quick = lockTimes{lease: time.Second, renew: 700 * time.Millisecond, retry: 50 * time.Millisecond}

func TestLockIsOneAtATime(t *testing.T) {
	c := (&leases{}).client(t)
	var mu sync.Mutex
	inside, most, done := 0, 0, 0
	held := make(chan string, 100)
	var all sync.WaitGroup
	for _, name := range []string{"a", "b", "c"} {
		all.Go(func() {
			o := LockOptions{Namespace: "default", Name: "lock", Holder: name, Waits: func(holder string) { held <- holder }}
			err := c.lock(t.Context(), o, quick, func(context.Context) error {
				mu.Lock()
				inside++
				most = max(most, inside)
				mu.Unlock()
				time.Sleep(quick.lease * 3 / 2) // longer than a lease that nobody renews
				mu.Lock()
				inside--
				done++
				mu.Unlock()
				return nil
			})
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	all.Wait()
	if most != 1 || done != 3 {
		t.Errorf("%d held the lock at once, %d in all; want 1 and 3", most, done)
	}
	if len(held) == 0 {
		t.Error("nobody was told who held it")
	}
}

func TestLockOfTheDead(t *testing.T) {
	l := &leases{}
	c := l.client(t)
	gone := errors.New("as if it had been killed")
	err := c.lock(t.Context(), LockOptions{Namespace: "default", Name: "lock", Holder: "dead"}, quick, func(context.Context) error {
		l.set(apierrors.NewServiceUnavailable("down")) // so that it cannot give it back
		return gone
	})
	if !errors.Is(err, gone) {
		t.Fatalf("want what was returned, got %v", err)
	}
	l.set(nil)
	began := time.Now()
	if err := c.lock(t.Context(), LockOptions{Namespace: "default", Name: "lock", Holder: "heir"}, quick, func(context.Context) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if waited := time.Since(began); waited < quick.lease {
		t.Errorf("the lock was taken from one that might have lived, after %s", waited)
	}
}

func TestLockLost(t *testing.T) {
	l := &leases{}
	err := l.client(t).lock(t.Context(), LockOptions{Namespace: "default", Name: "lock", Holder: "a"}, quick, func(ctx context.Context) error {
		l.set(apierrors.NewServiceUnavailable("down"))
		<-ctx.Done()
		return ctx.Err()
	})
	if !errors.Is(err, ErrLockLost) {
		t.Errorf("want the loss to be told, got %v", err)
	}
}

func TestLockRefused(t *testing.T) {
	l := &leases{refuse: apierrors.NewForbidden(schema.GroupResource{Resource: "leases"}, "lock", errors.New("no rights"))}
	err := l.client(t).lock(t.Context(), LockOptions{Namespace: "default", Name: "lock", Holder: "a"}, quick, func(context.Context) error {
		t.Error("it was done without the lock")
		return nil
	})
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), `cannot take lock "lock"`) {
		t.Errorf("want the refusal at once, got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.client(t).lock(ctx, LockOptions{Namespace: "default", Name: "lock", Holder: "a"}, quick, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("want the cancellation, got %v", err)
	}
}
