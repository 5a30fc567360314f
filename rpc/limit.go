package rpc

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/gomas/gomas/turn"
)

// timeLimit is the deadline that a caller has set for its call. A timer runs
// only if something waits for it. A nil *timeLimit is none.
type timeLimit struct {
	at    time.Time
	mu    sync.Mutex
	timer *time.Timer
	off   bool
}

// end returns the deadline, unless there is none or stop has been called.
func (l *timeLimit) end() (at time.Time, ok bool) {
	if l == nil {
		return time.Time{}, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.at, !l.off
}

func (l *timeLimit) over() bool {
	at, ok := l.end()
	return ok && !time.Now().Before(at)
}

// start sees to it that c ends in time.
func (l *timeLimit) start(c *call) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer == nil && !l.off {
		l.timer = time.AfterFunc(time.Until(l.at), func() { c.Come(context.DeadlineExceeded, nil) })
	}
}

// stop makes it none.
func (l *timeLimit) stop() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.off = true
	if l.timer != nil {
		l.timer.Stop()
	}
}

var errReturned = errors.New("rpc: the handler that this context was made for has returned; context.WithoutCancel makes one that outlives it")

// afterReturn is the end of contexts whose handlers have returned.
var afterReturn = func() (e turn.End) {
	e.Come(context.Canceled, errReturned)
	return
}()

// returned is called when the handler has returned. Without a turn, that ends
// the context, as Go programmers expect. With one, code of the same turn may
// have kept it, to say whose turn its later waits give up: nothing ends it any
// more, and there is nothing to be freed.
func (c *call) returned() {
	c.hasReturned.Store(true)
	c.limit.stop()
	if _, free := c.turn.(turn.Free); free {
		c.Preset(&afterReturn)
	}
}

// Deadline implements [context.Context].
func (c *call) Deadline() (at time.Time, ok bool) { return c.limit.end() }

// Done implements [context.Context].
func (c *call) Done() <-chan struct{} {
	c.limit.start(c)
	return c.End.Done()
}

// Err implements [context.Context].
func (c *call) Err() error {
	if c.limit.over() {
		c.Come(context.DeadlineExceeded, nil)
	}
	return c.End.Err()
}

// Attach implements [turn.Ender].
func (c *call) Attach(w turn.Wait) bool {
	c.limit.start(c)
	return c.End.Attach(w)
}

// AfterFunc has fn called after the end, for package context.
func (c *call) AfterFunc(fn func()) (stop func() bool) {
	c.limit.start(c)
	return c.End.AfterFunc(fn)
}
