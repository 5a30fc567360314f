package rpc

import (
	"context"
	"sync"
	"time"

	"github.com/gomas/gomas/clock"
)

// timeLimit is the deadline that a caller has set for its call. A timer runs
// only if something waits for it. A nil *timeLimit is none.
type timeLimit struct {
	clock clock.Clock
	mu    sync.Mutex
	date  time.Time     // on the wall, until somebody asks for at; zero: none
	at    time.Duration // on that clock
	timer clock.Timer
	off   bool
}

// after returns the limit that ends after d on c.
func after(d time.Duration, c clock.Clock) *timeLimit { return &timeLimit{clock: c, at: c.Now() + d} }

// deadline returns when the limit ends, also after stop.
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

// end returns the deadline, unless there is none or stop has been called.
func (l *timeLimit) end() (at time.Duration, ok bool) {
	if l == nil {
		return 0, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.off {
		return 0, false
	}
	return l.fixed(), true
}

func (l *timeLimit) over() bool {
	_, ok := l.end()
	return ok && l.isOver()
}

// isOver is over, also after stop.
func (l *timeLimit) isOver() bool { return l != nil && l.clock.Now() >= l.deadline() }

// start sees to it that c ends in time.
func (l *timeLimit) start(c *callContext) {
	if l == nil {
		return
	}
	end := func() { c.Come(context.DeadlineExceeded, nil) }
	l.mu.Lock()
	var past error
	if l.timer == nil && !l.off {
		l.timer, past = l.clock.At(l.fixed(), end)
	}
	l.mu.Unlock()
	if past != nil {
		end()
	}
}

// stop makes it none.
func (l *timeLimit) stop() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.off = true
	if l.timer != nil {
		l.timer.Stop()
	}
}
