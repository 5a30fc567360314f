package channel

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/gomas/gomas/turn"
)

// TimeoutError reports that a request had no reply within its time-out. The
// peer may have executed it all the same. It is a [context.DeadlineExceeded].
type TimeoutError struct {
	Addr  string // of the peer
	After time.Duration
}

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("channel: no reply from %s within %v", e.Addr, e.After)
}

// Timeout tells that this is a time-out, as errors of package net do.
func (e *TimeoutError) Timeout() bool { return true }

// Is reports whether target is [context.DeadlineExceeded].
func (e *TimeoutError) Is(target error) bool { return target == context.DeadlineExceeded }

type timeoutKey struct{}

type timeoutContext struct {
	context.Context
	after time.Duration
}

// Turn implements [turn.Holder].
func (c *timeoutContext) Turn() turn.Turn { return turn.From(c.Context) }

func (c *timeoutContext) Value(key any) any {
	if key == (timeoutKey{}) {
		return c
	}
	return c.Context.Value(key)
}

// Timeout returns a context with which each request times out after d, in
// place of [Options.Timeout]; 0 is no time-out. The time runs from the start of
// each request, not from now, so one such context serves any number of them.
// It costs a request a fraction of what [context.WithTimeout] does. Where a
// client has to connect first, that has as much time again. A peer that is
// gomas is told, and may stop working on the request.
func Timeout(ctx context.Context, d time.Duration) context.Context {
	return &timeoutContext{ctx, d}
}

// limit is the time that a request has.
type limit struct {
	after time.Duration // 0: not bounded
	end   time.Duration // since the connection was made
}

// limit returns the time that a request with ctx has, from now.
func (c *Conn) limit(ctx context.Context) limit {
	after := TimeoutOf(ctx, &c.options)
	if after <= 0 {
		return limit{}
	}
	now := c.age()
	if after > math.MaxInt64-now {
		return limit{}
	}
	return limit{after, now + after}
}

// age returns the time since the connection was made.
func (c *Conn) age() time.Duration { return c.clock.Now() - c.began }

// late returns the error for a request with ctx whose time is over, nil if it
// is not. A peer that knows how long the caller waits may be the first to
// notice, and must not have the caller see a failure where others see an end.
func (c *Conn) late(ctx context.Context, l limit) error {
	if l.end != 0 && c.age() >= l.end {
		return &TimeoutError{c.origin, l.after}
	}
	if end, ok := ctx.Deadline(); ok && !c.clock.Date().Before(end) {
		return cmp.Or(turn.Err(ctx), context.DeadlineExceeded)
	}
	return nil
}

// TimeoutOf returns the time-out of a request with ctx: that of [Timeout], or
// else of the options, or 0 if it has none.
func TimeoutOf(ctx context.Context, opts *Options) time.Duration {
	if t, ok := ctx.(*timeoutContext); ok {
		return t.after
	}
	if t, ok := ctx.Value(timeoutKey{}).(*timeoutContext); ok {
		return t.after
	}
	if opts == nil {
		return 0
	}
	return opts.Timeout
}

// errLate wakes one whose time is over.
var errLate = errors.New("channel: no reply in time")

// watch sees to it that who waits with a limit does not wait for longer. One
// timer serves all: it is set to the earliest end there is, so requests with
// the same time-out, which end in the order in which they begin, hardly ever
// set it.
//
// c.mu is held.
func (c *Conn) watch(end time.Duration) {
	if end == 0 || c.alarmAt != 0 && c.alarmAt <= end {
		return
	}
	c.alarmAt = end
	if c.alarm != nil {
		c.alarm.Stop()
	}
	// Not in the past, so there is no error.
	c.alarm, _ = c.clock.In(max(1, end-c.age()), c.sweep)
}

// sweep ends the waits whose time is over.
func (c *Conn) sweep() {
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return
	}
	calls, next := c.calls.expire(c.age())
	for _, p := range calls {
		if p.state.Or(expired)&handed != 0 && !c.unqueue(p.id) {
			c.sayCancel(p.id)
		}
	}
	c.alarmAt = 0
	c.watch(next)
	c.mu.Unlock()
	for _, p := range calls {
		p.wait.Wake(errLate)
	}
}

// left returns how many milliseconds a request may tell its peer that it waits,
// 0 if it is not bounded or the peer would not understand.
func (c *Conn) left(ctx context.Context, l limit) uint64 {
	if c.Kin() != Gomas {
		return 0
	}
	left := l.after
	if end, ok := ctx.Deadline(); ok {
		if until := max(1, end.Sub(c.clock.Date())); left == 0 || until < left {
			left = until
		}
	}
	if left == 0 {
		return 0
	}
	// Rounded up: that the caller gives up first does no harm.
	return uint64((left-1)/time.Millisecond) + 1
}
