package world

import (
	"math"
	"time"

	"github.com/gomas/gomas/clock"
)

// Clock is the clock of a world: virtual time, which stands still while anything
// can happen, or real time. What is due happens in the order of its times, and
// in the order in which it was scheduled where these are equal. It implements
// [clock.Clock].
type Clock World

// Clock returns the clock of the world.
func (w *World) Clock() *Clock { return (*Clock)(w) }

// Now implements [clock.Clock].
func (c *Clock) Now() time.Duration {
	if c.options.Real {
		return time.Since(c.began)
	}
	return time.Duration(c.now.Load())
}

// Date implements [clock.Clock].
func (c *Clock) Date() time.Time { return c.options.Start.Add(c.Now()) }

// TimeOf implements [clock.Clock].
func (c *Clock) TimeOf(date time.Time) time.Duration { return date.Sub(c.options.Start) }

// At implements [clock.Clock].
func (c *Clock) At(t time.Duration, fn func()) (clock.Timer, error) {
	if now := c.Now(); t <= now {
		return nil, &clock.PastError{Time: t, Now: now}
	}
	timer := &Timer{world: (*World)(c), fn: fn}
	timer.Set(t)
	return timer, nil
}

// In implements [clock.Clock].
func (c *Clock) In(d time.Duration, fn func()) (clock.Timer, error) {
	t := c.Now() + d
	if d > 0 && t < d {
		t = math.MaxInt64
	}
	return c.At(t, fn)
}

// nodeClock is the clock of a node. It implements [clock.Clock].
type nodeClock struct {
	*Clock
	node *Node
}

// At implements [clock.Clock].
func (c *nodeClock) At(t time.Duration, fn func()) (clock.Timer, error) {
	return c.Clock.At(t, c.node.whileItLives(fn))
}

// In implements [clock.Clock].
func (c *nodeClock) In(d time.Duration, fn func()) (clock.Timer, error) {
	return c.Clock.In(d, c.node.whileItLives(fn))
}

// ForWaits returns the clock for timers that do no more than end a wait or a
// context, which may be of another node.
func (c *nodeClock) ForWaits() clock.Clock { return c.Clock }

func (n *Node) whileItLives(fn func()) func() {
	return func() {
		if !n.Ended() {
			fn()
		}
	}
}

// Timer is one time at which something happens. It may be set again after that.
type Timer struct {
	world *World
	at    time.Duration
	seq   uint64
	place int    // in the heap, counted from 1; 0: not set
	event Event  // put into the queue
	fn    func() // or called at once, if there is no event
}

// NewTimer returns a timer that is not set, for an event.
func (w *World) NewTimer(e Event) *Timer { return &Timer{world: w, event: e} }

// Set sets the timer, which is not set, to a time that is not over.
func (t *Timer) Set(at time.Duration) {
	w := t.world
	w.mu.Lock()
	t.at = at
	w.timers.add(t)
	w.rouse()
	w.mu.Unlock()
}

// Stop implements [clock.Timer].
func (t *Timer) Stop() bool {
	w := t.world
	w.mu.Lock()
	defer w.mu.Unlock()
	if t.place == 0 {
		return false
	}
	w.timers.remove(t)
	return true
}

// timers is a heap, by time and then by the order of scheduling.
type timers struct {
	heap []*Timer
	seq  uint64
}

func (h *timers) add(t *Timer) {
	h.seq++
	t.seq = h.seq
	h.heap = append(h.heap, t)
	t.place = len(h.heap)
	h.up(len(h.heap) - 1)
}

func (h *timers) remove(t *Timer) {
	i, last := t.place-1, len(h.heap)-1
	h.swap(i, last)
	h.heap[last] = nil
	h.heap = h.heap[:last]
	t.place = 0
	if i < last {
		h.down(i)
		h.up(i)
	}
}

func (h *timers) before(i, j int) bool {
	a, b := h.heap[i], h.heap[j]
	return a.at < b.at || a.at == b.at && a.seq < b.seq
}

func (h *timers) swap(i, j int) {
	h.heap[i], h.heap[j] = h.heap[j], h.heap[i]
	h.heap[i].place, h.heap[j].place = i+1, j+1
}

func (h *timers) up(i int) {
	for i > 0 && h.before(i, (i-1)/2) {
		h.swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
}

func (h *timers) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(h.heap) {
			return
		}
		if child+1 < len(h.heap) && h.before(child+1, child) {
			child++
		}
		if !h.before(child, i) {
			return
		}
		h.swap(i, child)
		i = child
	}
}
