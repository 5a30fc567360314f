package rpc

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gomas/gomas/clock"
)

// timeLimit is the deadline that a caller has set for its call. A timer runs
// only if something waits for it. A nil *timeLimit is none.
type timeLimit struct {
	clock   clock.Clock
	mu      sync.Mutex
	date    time.Time     // on the wall, until somebody asks for at; zero: none
	at      time.Duration // on that clock
	timer   clock.Timer
	started atomic.Bool // there is a timer
}

// after returns the limit that ends after d on c.
func after(d time.Duration, c clock.Clock) *timeLimit { return &timeLimit{clock: c, at: c.Now() + d} }

// until returns the limit that ends at a date, on real time.
func until(end time.Time) *timeLimit { return &timeLimit{clock: clock.Real{}, date: end} }

// deadline returns when the limit ends.
func (l *timeLimit) deadline() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fixed()
}

// fixed is deadline with l.mu held.
func (l *timeLimit) fixed() time.Duration {
	if !l.date.IsZero() {
		l.at, l.date = l.clock.TimeOf(l.date), time.Time{}
	}
	return l.at
}

// isOver reports whether the limit has come to its end.
func (l *timeLimit) isOver() bool { return l != nil && l.clock.Now() >= l.deadline() }

// start sees to it that c ends in time, if it has not returned.
func (l *timeLimit) start(c *callContext) {
	if l == nil {
		return
	}
	end := func() { c.Come(context.DeadlineExceeded, nil) }
	l.mu.Lock()
	var past error
	if l.timer == nil && !c.hasReturned.Load() {
		l.timer, past = l.clock.At(l.fixed(), end)
		l.started.Store(l.timer != nil)
	}
	l.mu.Unlock()
	if past != nil {
		end()
	}
	if c.hasReturned.Load() { // since, perhaps
		l.stop()
	}
}

// stop frees the timer, when the call has returned.
func (l *timeLimit) stop() {
	if l == nil || !l.started.Load() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.timer.Stop()
}
