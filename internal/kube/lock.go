package kube

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	coordinationv1 "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// lockTimes are how long a holder that died without a word keeps others waiting, how long
// a living one may be cut off from the API server, and how often it says that it lives.
type lockTimes struct{ lease, renew, retry time.Duration }

// giveBackTime is how long giving the Lease back may take.
const giveBackTime = 2 * time.Second

// ErrLockLost says that the lock could not be renewed in time: another one may have it.
var ErrLockLost = errors.New("the lock is lost: the API server did not answer in time")

// LockOptions of Lock.
type LockOptions struct {
	// Namespace and Name of the Lease.
	Namespace, Name string
	// Holder is who we are, for others that wait.
	Holder string
	// Waits is told who holds the lock when that is somebody else. May be nil.
	Waits func(holder string)
}

// Lock waits until nobody else holds a Lease, and runs do while we hold it. The context
// of do ends, with the cause ErrLockLost, when the Lease cannot be renewed. It returns
// what do returns.
func (c *Client) Lock(ctx context.Context, o LockOptions, do func(context.Context) error) error {
	return c.lock(ctx, o, lockTimes{lease: 15 * time.Second, renew: 12 * time.Second, retry: time.Second}, do)
}

func (c *Client) lock(ctx context.Context, o LockOptions, times lockTimes, do func(context.Context) error) error {
	config := rest.CopyConfig(c.config)
	config.Timeout = c.timeout
	leases, err := coordinationv1.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("cannot take lock %q: %w", o.Name, err)
	}
	lease := &resourcelock.LeaseLock{
		LeaseMeta:  metav1.ObjectMeta{Namespace: o.Namespace, Name: o.Name},
		Client:     leases,
		LockConfig: resourcelock.ResourceLockConfig{Identity: o.Holder},
	}
	// Electing tries for ever. What will not get better is said at once.
	if _, _, err := lease.Get(ctx); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("cannot take lock %q: %w", o.Name, c.plain(err))
	}
	// The Lease is kept until do has returned, also when the context ends before.
	electing, stop := context.WithCancelCause(klog.NewContext(context.WithoutCancel(ctx), klog.Logger{}))
	defer stop(nil)
	waiting := context.AfterFunc(ctx, func() { stop(context.Cause(ctx)) })
	held, over := make(chan context.Context, 1), make(chan struct{})
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: &impatient{lease, stop}, Name: o.Name, ReleaseOnCancel: true,
		LeaseDuration: times.lease, RenewDeadline: times.renew, RetryPeriod: times.retry,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(holding context.Context) { held <- holding },
			OnStoppedLeading: func() {},
			OnNewLeader: func(holder string) {
				if holder != "" && holder != o.Holder && o.Waits != nil {
					o.Waits(holder)
				}
			},
		},
	})
	if err != nil {
		return fmt.Errorf("cannot take lock %q: %w", o.Name, err)
	}
	go func() {
		defer close(over)
		elector.Run(electing)
	}()
	select {
	case holding := <-held:
		waiting()
		err := whileHeld(ctx, holding, do)
		stop(nil)
		giveBack(over)
		return err
	case <-over:
		return fmt.Errorf("cannot take lock %q: %w", o.Name, cmp.Or(context.Cause(electing), ErrLockLost))
	}
}

// whileHeld runs do until it returns; its context ends when holding does.
func whileHeld(ctx, holding context.Context, do func(context.Context) error) error {
	work, end := context.WithCancelCause(ctx)
	defer end(nil)
	defer context.AfterFunc(holding, func() { end(ErrLockLost) })()
	err := do(work)
	if holding.Err() != nil && !errors.Is(err, ErrLockLost) {
		err = errors.Join(ErrLockLost, err)
	}
	return err
}

// giveBack waits for the Lease to be given back. An API server that does not answer keeps
// nobody waiting: the Lease runs out by itself.
func giveBack(over <-chan struct{}) {
	select {
	case <-over:
	case <-time.After(giveBackTime):
	}
}

// impatient stops the election when the API server forbids it, which trying again does
// not change.
type impatient struct {
	*resourcelock.LeaseLock

	stop context.CancelCauseFunc
}

func (l *impatient) Create(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	return l.check(l.LeaseLock.Create(ctx, record))
}

func (l *impatient) Update(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	return l.check(l.LeaseLock.Update(ctx, record))
}

func (l *impatient) check(err error) error {
	if apierrors.IsForbidden(err) {
		l.stop(err)
	}
	return err
}
