package rpc

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/turn"
)

// timeLimit is the deadline that a caller has set for its call. A timer runs
// only if something waits for it. A nil *timeLimit is none.
type timeLimit struct {
	clock clock.Clock
	at    time.Duration // on that clock
	mu    sync.Mutex
	timer clock.Timer
	off   bool
}

// after returns the limit that ends after d on c.
func after(d time.Duration, c clock.Clock) *timeLimit { return &timeLimit{clock: c, at: c.Now() + d} }

// end returns the deadline, unless there is none or stop has been called.
func (l *timeLimit) end() (at time.Duration, ok bool) {
	if l == nil {
		return 0, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.at, !l.off
}

func (l *timeLimit) over() bool {
	_, ok := l.end()
	return ok && l.isOver()
}

// isOver is over, also after stop.
func (l *timeLimit) isOver() bool { return l != nil && l.clock.Now() >= l.at }

// start sees to it that c ends in time.
func (l *timeLimit) start(c *call) {
	if l == nil {
		return
	}
	end := func() { c.Come(context.DeadlineExceeded, nil) }
	l.mu.Lock()
	var past error
	if l.timer == nil && !l.off {
		l.timer, past = l.clock.At(l.at, end)
	}
	l.mu.Unlock()
	if past != nil {
		end()
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
	if turn.IsFree(c.turn) {
		c.Preset(&afterReturn)
	}
}

// Deadline implements [context.Context]. It is a date on the wall, so only a
// limit on real time is one.
func (c *call) Deadline() (date time.Time, ok bool) {
	at, ok := c.limit.end()
	if !ok {
		return time.Time{}, false
	}
	if _, ok = c.limit.clock.(clock.Real); !ok {
		return time.Time{}, false
	}
	return time.Now().Add(at - c.limit.clock.Now()), true
}

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
