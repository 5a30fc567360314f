package clock

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/gomas/gomas/internal/stack"
	"github.com/gomas/gomas/turn"
)

// ErrNestedSet is returned if a timer's function calls [External.Set] of a clock
// that is being set, such as the one that calls it.
var ErrNestedSet = errors.New("clock: Set by the function of a timer, of a clock that is being set")

// External is a clock that somebody sets, such as a simulator. In between, time
// stands still. The zero value is a clock at time 0 and the date of a zero
// [time.Time].
type External struct {
	zero time.Time // date at time 0
	rest turn.Group

	setting sync.Mutex // held throughout Set

	mu     sync.Mutex // guards what follows, never held while a function is called
	now    time.Duration
	timers queue
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
// waited for; [External.Advance] does that.
//
// All of them find the clock at the new time, however long they have been due:
// time passes in steps, and what lies between does not happen. So a timer that
// a due function makes is never due in the same call.
//
// Set may be called by any goroutine; calls at the same time follow one
// another. The functions of timers must not wait, so if one calls Set of a clock
// that is being set, its own above all, that is an [ErrNestedSet]. If a
// function panics or ends its goroutine, the rest is called by the next Set.
func (c *External) Set(t time.Duration) error {
	if !c.setting.TryLock() {
		if stack.Inside(calling) {
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
	for c.timers.due(t) {
		c.call(c.timers.pop())
	}
	return nil
}

// Advance is Set, and then waits until everything that has been woken has come
// to rest, or until ctx ends: until no task of an agent that lives by this clock
// runs or is ready, and no call of one is under way to a container elsewhere. It
// is what a simulator calls for each step. A call to another container whose
// function sleeps on the clock keeps it from resting; a notification to another
// container, which nobody waits for, does not: to be in time, let it be a call.
func (c *External) Advance(ctx context.Context, t time.Duration) error {
	if err := c.Set(t); err != nil {
		return err
	}
	return c.rest.Wait(ctx)
}

// Group returns the turns that Advance waits for. Containers with this clock
// have the turns of their agents join it.
func (c *External) Group() *turn.Group { return &c.rest }

// calling is the name of the method call, which is found on the stacks of the
// functions that it calls.
const calling = "github.com/gomas/gomas/clock.(*External).call"

// call calls fn without mu, which is held before and after, also if fn panics.
//
//go:noinline
func (c *External) call(fn func()) {
	c.mu.Unlock()
	defer c.mu.Lock()
	fn()
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
