package channel

import (
	"sync/atomic"
	"time"
)

// lookout has a function called some time after arm was called, once however often
// that was: for what must be noticed when it lasts, and happens too often for a timer
// each time.
type lookout struct {
	look  func()      // which must call over
	armed atomic.Bool // who sets it has the rest
	timer *time.Timer // nil before the first time
	wait  time.Duration
}

// arm has look called.
func (l *lookout) arm() {
	if l.armed.Load() || !l.armed.CompareAndSwap(false, true) {
		return
	}
	if l.timer == nil {
		l.wait = firstLook
		l.timer = time.AfterFunc(time.Hour, l.look) // not before it can be reset
	}
	l.timer.Reset(l.wait)
}

// over lets arm be called again, which then waits so long.
func (l *lookout) over(wait time.Duration) {
	l.wait = wait
	l.armed.Store(false)
}
