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
	return EveryFrom(ctx, c, c.Now(), period, fn)
}

// EveryFrom is Every with whole periods from a start that is not now. If the
// first of them is over already, fn is called at once.
func EveryFrom(ctx context.Context, c Clock, start, period time.Duration, fn func(ctx context.Context) error) error {
	if period <= 0 {
		return &PastError{later(start, period), start}
	}
	for skipped := time.Duration(0); start+skipped <= math.MaxInt64-period; skipped = whole(max(0, c.Now()-start-1), period) {
		due := start + skipped + period
		if err := sleepUntilDue(ctx, c, due); err != nil {
			return err
		}
		// This call stands for all the times up to now.
		start = due + whole(c.Now()-due, period)
		if err := fn(ctx); err != nil {
			return err
		}
	}
	var never turn.Event
	return never.Wait(ctx, nil, "sleep")
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
