package edge

import (
	"context"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// idleSender is how long a sender waits for more to do.
const idleSender = time.Second

// senders send notifications in place of the handlers. Sending needs a deep stack, which
// the goroutine of a handler that reports progress would keep for hours: 8 KiB for each
// stream, of about 50.
type senders struct {
	jobs chan func()
}

// do runs a function on another goroutine and waits for it.
func (s *senders) do(f func()) {
	done := make(chan struct{})
	job := func() {
		defer close(done)
		f()
	}
	select {
	case s.jobs <- job:
	default:
		go s.work(job)
	}
	<-done
}

func (s *senders) work(job func()) {
	job()
	idle := time.NewTimer(idleSender)
	defer idle.Stop()
	for {
		select {
		case job := <-s.jobs:
			job()
			idle.Reset(idleSender)
		case <-idle.C:
			return
		}
	}
}

// send stands in front of everything that handlers send while they work.
func (f *front) send(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (res mcp.Result, err error) {
		if exchangeOf(ctx) == nil {
			return next(ctx, method, req)
		}
		f.senders.do(func() { res, err = next(ctx, method, req) })
		return res, err
	}
}
