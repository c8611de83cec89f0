package plane

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// turnInterval is the time between two tries to take a turn at building.
const turnInterval = 100 * time.Millisecond

// take waits until nobody else builds into the cache, in this program or another one:
// one compiler keeps all cores busy. It gives up when ctx ends, as the one that builds may
// go on for minutes.
func (b *builder) take(ctx context.Context) (done func(), err error) {
	for !b.turn.TryLock() {
		if err := nextTry(ctx); err != nil {
			return nil, err
		}
	}
	file, err := b.lock(ctx)
	if err != nil {
		b.turn.Unlock()
		return nil, err
	}
	return func() {
		_ = file.Close()
		b.turn.Unlock()
	}, nil
}

// lock keeps other programs that share the cache from building too, until the file is
// closed.
func (b *builder) lock(ctx context.Context) (file *os.File, err error) {
	if err := os.MkdirAll(b.cache, 0o755); err != nil {
		return nil, fmt.Errorf("cannot make the cache folder %q: %w", b.cache, err)
	}
	name := filepath.Join(b.cache, ".lock")
	if file, err = os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o644); err != nil {
		return nil, fmt.Errorf("cannot open %q: %w", name, err)
	}
	waited := b.progress.step("waiting for another program that builds")
	for {
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			if err = nextTry(ctx); err == nil {
				continue
			}
		}
		break
	}
	waited(err)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot lock %q: %w", name, err), file.Close())
	}
	return file, nil
}

// nextTry waits for the next try, or returns why there is none.
func nextTry(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(turnInterval):
		return nil
	}
}
