package turn

import (
	"sync"
	"time"
)

// alarm ends the waits of a helper's caller that take too long. One timer serves
// all: it is set to the earliest end there was, so waits with the same limit hardly
// ever set it.
type alarm struct {
	helper *helper
	timer  *time.Timer

	mu    sync.Mutex
	n     uint64    // number of the last wait with a limit
	group *Group    // of the turn that it gave up
	end   time.Time // of that
	rings time.Time // when the timer fires; zero: it is not set
}

// limit sees to it that wait n, which has begun, is over at a date.
func (h *helper) limit(n uint64, end time.Time) {
	if h.alarm == nil {
		h.alarm = &alarm{helper: h}
	}
	a := h.alarm
	a.mu.Lock()
	defer a.mu.Unlock()
	a.n, a.group, a.end = n, h.waiter.turn.group, end
	if a.rings.IsZero() || end.Before(a.rings) {
		a.set(time.Until(end))
	}
}

// set has the timer fire at the end of the wait, which is d from now. a.mu is held.
func (a *alarm) set(d time.Duration) {
	a.rings = a.end
	if a.timer == nil {
		a.timer = time.AfterFunc(d, a.ring)
	} else {
		a.timer.Reset(d)
	}
}

// ring ends the wait if it is time, and is set again if not.
func (a *alarm) ring() {
	w := &a.helper.waiter
	a.mu.Lock()
	n, g, left := a.n, a.group, time.Until(a.end)
	a.rings = time.Time{}
	if left > 0 && w.state.Load() == n<<1|1 {
		a.set(left)
	}
	a.mu.Unlock()
	if left <= 0 {
		g.enter() // as the end of a watched context does
		w.Wake(n, ErrLate)
		g.leave()
	}
}

// stop is called when no wait is to come.
func (a *alarm) stop() {
	if a != nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.timer.Stop()
	}
}
