package clock

import (
	"bytes"
	"errors"
	"runtime"
	"sync"
	"time"
)

// ErrNestedSet is returned if [External.Set] is called by a function that it is
// calling itself.
var ErrNestedSet = errors.New("clock: Set of the same clock is calling this function")

// External is a clock that somebody sets, such as a simulator. In between, time
// stands still. The zero value is a clock at time 0 and the date of a zero
// [time.Time].
type External struct {
	zero time.Time // date at time 0

	setting sync.Mutex // held throughout Set

	mu     sync.Mutex // guards what follows, never held while a function is called
	now    time.Duration
	timers queue
	setter string // goroutine that is calling functions
}

// NewExternal returns a clock whose time is initial. start, in any zone, is the
// date at time 0, so that the date is always start + time, in UTC; aiomas
// counts in the same way.
func NewExternal(start time.Time, initial time.Duration) *External {
	return &External{zero: start.UTC(), now: initial}
}

// Now implements [Clock].
func (c *External) Now() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Date implements [Clock].
func (c *External) Date() time.Time { return c.zero.Add(c.Now()) }

// TimeOf implements [Clock].
func (c *External) TimeOf(date time.Time) time.Duration { return date.Sub(c.zero) }

// At implements [Clock]. Stopping takes a time that grows with the logarithm of
// the number of timers, as starting does.
func (c *External) At(t time.Duration, fn func()) (Timer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at(t, fn)
}

// In implements [Clock].
func (c *External) In(d time.Duration, fn func()) (Timer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at(later(c.now, d), fn)
}

// at is called with mu held.
func (c *External) at(t time.Duration, fn func()) (Timer, error) {
	if t <= c.now {
		return nil, &PastError{t, c.now}
	}
	e := &externalTimer{clock: c}
	e.at, e.fn = t, fn
	c.timers.add(&e.entry)
	return e, nil
}

// Set moves the clock to a time, which must be after Now, or else is a
// [*PastError]. It calls the functions of all timers that are due, one after
// another on the calling goroutine, in the order of their times and then of
// their making, and returns when all have returned. Tasks that slept are
// queued for their turns by then, in the same order; what they do is not
// waited for.
//
// All of them find the clock at the new time, however long they have been due:
// time passes in steps, and what lies between does not happen. So a timer that
// a due function makes is never due in the same call.
//
// Set may be called by any goroutine; calls at the same time follow one
// another. A call by one of the functions is an [ErrNestedSet]. If a function
// panics or ends its goroutine, the rest is called by the next Set.
func (c *External) Set(t time.Duration) error {
	if !c.setting.TryLock() {
		if c.calling() {
			return ErrNestedSet
		}
		c.setting.Lock()
	}
	defer c.setting.Unlock()

	c.mu.Lock()
	defer c.mu.Unlock()
	if t <= c.now {
		return &PastError{t, c.now}
	}
	c.now = t
	if !c.timers.due(t) {
		return nil
	}
	c.setter = goroutine()
	defer func() { c.setter = "" }()
	for c.timers.due(t) {
		c.call(c.timers.pop())
	}
	return nil
}

// call calls fn without mu, which is held before and after, also if fn panics.
func (c *External) call(fn func()) {
	c.mu.Unlock()
	defer c.mu.Lock()
	fn()
}

// calling reports whether the calling goroutine is the one that calls
// functions.
func (c *External) calling() bool {
	self := goroutine()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.setter == self
}

// externalTimer is a timer of an External.
type externalTimer struct {
	entry
	clock *External
}

// Stop implements [Timer].
func (e *externalTimer) Stop() bool {
	e.clock.mu.Lock()
	defer e.clock.mu.Unlock()
	return e.clock.timers.remove(&e.entry)
}

// goroutine names the calling goroutine, which the runtime does in the first
// line of a stack trace only.
func goroutine() string {
	var buf [40]byte
	name, _, _ := bytes.Cut(buf[:runtime.Stack(buf[:], false)], []byte(" ["))
	return string(name)
}
