package clock

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/gomas/gomas/turn"
)

// Every calls fn once in each period of c, in the calling task and with ctx,
// until ctx ends or fn returns an error, which it returns. The first call is
// one period from now, and all are at whole periods from now, so that they do
// not drift; fn may wait.
//
// There are no bursts. Times that pass while fn runs are skipped, and it is
// called again at the next whole period. Where the clock steps over several
// times at once, fn is called once, at the time that the clock steps to. fn
// learns from [Clock.Now] how much it has missed.
//
// A period that is not positive is a [*PastError].
func Every(ctx context.Context, c Clock, period time.Duration, fn func(ctx context.Context) error) error {
	last := c.Now()
	if period <= 0 {
		return &PastError{later(last, period), last}
	}
	for {
		skipped := whole(max(0, c.Now()-last-1), period)
		if last+skipped > math.MaxInt64-period {
			var never turn.Event
			return never.Wait(ctx, nil, "sleep")
		}
		due := last + skipped + period
		if err := sleepUntilDue(ctx, c, due); err != nil {
			return err
		}
		// This call stands for all the times up to now.
		last = due + whole(c.Now()-due, period)
		if err := fn(ctx); err != nil {
			return err
		}
	}
}

// sleepUntilDue is SleepUntil, but t may just have passed.
func sleepUntilDue(ctx context.Context, c Clock, t time.Duration) error {
	err := SleepUntil(ctx, c, t)
	if _, past := errors.AsType[*PastError](err); past {
		return Sleep(ctx, c, 0)
	}
	return err
}

// whole returns the whole periods in d.
func whole(d, period time.Duration) time.Duration { return d / period * period }
