package clock

import (
	"context"
	"time"

	"github.com/gomas/gomas/turn"
)

// WithTimeout returns a context that ends with [context.DeadlineExceeded] when
// d has passed on c, at once if d is not positive, or when parent ends. It
// keeps the turn that parent names and needs no goroutine.
//
// Calling cancel ends it before, with [context.Canceled], and frees the timer;
// do so as soon as it is no longer needed.
//
// Its Deadline is a date on the wall, so it has one only if c is [Real] or if
// parent has one. Contexts that package context derives from it end at the
// same moment with the cause DeadlineExceeded; their Err may say Canceled, if
// c is not Real.
func WithTimeout(parent context.Context, c Clock, d time.Duration) (ctx context.Context, cancel context.CancelFunc) {
	if _, ok := c.(Real); ok {
		return context.WithTimeout(parent, d)
	}
	return withDeadline(parent, forWaits(c).In, d)
}

// WithDeadline is [WithTimeout] with an end at a time of c, at once if that is
// not in the future.
func WithDeadline(parent context.Context, c Clock, t time.Duration) (ctx context.Context, cancel context.CancelFunc) {
	if _, ok := c.(Real); ok {
		return context.WithTimeout(parent, later(t, -c.Now()))
	}
	return withDeadline(parent, forWaits(c).At, t)
}

func withDeadline(parent context.Context, start func(time.Duration, func()) (Timer, error), t time.Duration) (context.Context, context.CancelFunc) {
	inner, end := context.WithCancelCause(parent)
	timer, err := start(t, func() { end(context.DeadlineExceeded) })
	if err != nil { // it is past
		end(context.DeadlineExceeded)
		return &deadlineContext{inner}, func() {}
	}
	return &deadlineContext{inner}, func() {
		timer.Stop()
		end(nil)
	}
}

// deadlineContext is a context that is cancelled with the cause
// DeadlineExceeded and says so. Contexts derived from it see the one inside,
// which is what spares them a goroutine each.
type deadlineContext struct{ context.Context }

// Turn implements [turn.Holder].
func (c *deadlineContext) Turn() turn.Turn { return turn.From(c.Context) }

func (c *deadlineContext) Err() error {
	err := c.Context.Err()
	if err != nil && context.Cause(c.Context) == context.DeadlineExceeded {
		return context.DeadlineExceeded
	}
	return err
}
