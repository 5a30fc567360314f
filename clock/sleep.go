package clock

import (
	"context"
	"errors"
	"time"

	"github.com/gomas/gomas/turn"
)

// Sleep pauses until d has passed on c, under the turn that ctx names. It
// returns early with the error of ctx if that ends.
//
// A sleep of zero takes no time, but gives the turn to the tasks that are
// waiting for it; see [turn.Yield]. A negative d is a [*PastError].
func Sleep(ctx context.Context, c Clock, d time.Duration) error {
	if d == 0 {
		return turn.Yield(ctx)
	}
	return sleep(ctx, forWaits(c).In, d)
}

// SleepUntil pauses until c has reached t, as [Sleep] does. If that is now, it
// is a sleep of zero; if it is over, a [*PastError].
func SleepUntil(ctx context.Context, c Clock, t time.Duration) error {
	return sleep(ctx, forWaits(c).At, t)
}

// SleepUntilDate pauses until c has reached a date, as [SleepUntil] does. The
// date is turned into a time at once, as by [AtDate].
func SleepUntilDate(ctx context.Context, c Clock, date time.Time) error {
	err := SleepUntil(ctx, c, c.TimeOf(date))
	if _, past := errors.AsType[*PastError](err); past {
		return dateError(date, err)
	}
	return err
}

// sleep waits for a timer that start sets to t.
func sleep(ctx context.Context, start func(time.Duration, func()) (Timer, error), t time.Duration) error {
	if err := turn.Err(ctx); err != nil {
		return err
	}
	wait, err := turn.Begin(ctx, nil)
	if err != nil {
		return err
	}
	timer, err := start(t, func() { wait.Wake(nil) })
	if err == nil {
		defer timer.Stop()
		return wait.Block(ctx, "sleep")
	}
	wait.Drop()
	if past, ok := errors.AsType[*PastError](err); ok && past.Time == past.Now {
		return turn.Yield(ctx)
	}
	return err
}
