package clock

import (
	"fmt"
	"math"
	"time"
)

// A Clock is a source of time. Its methods may be called by any goroutine.
//
// [Real] and [External] are clocks. The functions of this package work with
// any other, too.
type Clock interface {
	// Now returns the time since the clock's start, which is arbitrary. It
	// never goes back.
	Now() time.Duration

	// Date returns the present date in UTC.
	Date() time.Time

	// TimeOf returns what Now is at a date. Dates beyond the range of a
	// duration, 292 years, are the first or the last time there is.
	TimeOf(date time.Time) time.Duration

	// At has fn called once, when Now has reached t, and never by At itself.
	// fn must not block. A t that is not after Now is a *PastError, the only
	// error, and fn is not called then.
	//
	// Clocks that do not follow real time call what is due in the order of
	// its times, and in the order of the calls of At and In where these are
	// equal.
	At(t time.Duration, fn func()) (Timer, error)

	// In is At with the time d from now.
	In(d time.Duration, fn func()) (Timer, error)
}

// A Timer is one call of a function to come.
type Timer interface {
	// Stop makes sure that the function will not be called. It reports whether
	// this call did that: false means that the function has been called
	// already, perhaps just now on another goroutine, or that the timer was
	// stopped before.
	Stop() bool
}

// AtDate has fn called once, when c has reached a date; see [Clock]. The date
// is turned into a time at once, so a timer on real time does not follow when
// the computer's date is corrected.
func AtDate(c Clock, date time.Time, fn func()) (Timer, error) {
	timer, err := c.At(c.TimeOf(date), fn)
	if err != nil {
		return nil, dateError(date, err)
	}
	return timer, nil
}

// PastError reports a time that should be in the future and is not.
type PastError struct {
	Time time.Duration // what was asked for
	Now  time.Duration // what the clock said
}

func (e *PastError) Error() string {
	return fmt.Sprintf("clock: %v is not in the future: it is %v", e.Time, e.Now)
}

// dateError says which date it was that became a time.
func dateError(date time.Time, err error) error {
	return fmt.Errorf("clock: date %s: %w", date.UTC().Format(time.RFC3339Nano), err)
}

// later returns t+d, which ends where durations end.
func later(t, d time.Duration) time.Duration {
	sum := t + d
	switch {
	case d > 0 && sum < t:
		return math.MaxInt64
	case d < 0 && sum > t:
		return math.MinInt64
	}
	return sum
}
