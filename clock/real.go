package clock

import "time"

// began is the start of all real clocks.
var began = time.Now()

// Real is real time: what has passed since the start of the process, and the
// computer's date. All values of it are the same clock.
//
// Its time is monotonic and does not follow corrections of the date. Functions
// of timers are called each on a goroutine of its own, so those that are due at
// almost the same time may overtake each other. A timer costs what one of
// package time does. Inside a testing/synctest bubble it is the bubble's time.
type Real struct{}

// Now implements [Clock].
func (Real) Now() time.Duration { return time.Since(began) }

// Date implements [Clock].
func (Real) Date() time.Time { return time.Now().UTC() }

// TimeOf implements [Clock], with the date as the computer has it now.
func (c Real) TimeOf(date time.Time) time.Duration {
	left := date.Sub(c.Date())
	return later(c.Now(), left) // read after the date, so never too early
}

// At implements [Clock].
func (c Real) At(t time.Duration, fn func()) (Timer, error) {
	now := c.Now()
	if t <= now {
		return nil, &PastError{t, now}
	}
	return time.AfterFunc(t-now, fn), nil
}

// In implements [Clock].
func (c Real) In(d time.Duration, fn func()) (Timer, error) {
	if d <= 0 {
		now := c.Now()
		return nil, &PastError{later(now, d), now}
	}
	return time.AfterFunc(d, fn), nil
}
