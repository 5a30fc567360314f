package rpc

import (
	"container/list"
	"math"

	"github.com/gomas/gomas/turn"
)

// Overload is what becomes of calls beyond the bound of those that may wait for
// a turn; see [Service.Bound].
type Overload uint8

const (
	// Refuse fails the call at once, with an OverloadError.
	Refuse Overload = iota

	// PushBack lets the call wait outside of the turn, in order of arrival,
	// until one of those ahead has begun. Its arguments are not decoded
	// meanwhile. It fails, and takes no place any more, if its caller gives it
	// up or the connection ends that it came over; the limits of that bound how
	// many wait.
	PushBack
)

// Bound sets how many calls may stand in the queue of the turn of s, which is a
// [turn.Own], and what becomes of further ones. So what else is queued there,
// such as tasks of an agent, waits for at most that many calls. 0 is no bound.
// It must be called before s is used.
func (s *Service) Bound(most int, further Overload) {
	s.most = bound(min(max(0, most), math.MaxInt32))
	if further == PushBack {
		s.most = -s.most
	}
}

// bound is how many calls may stand in a queue, negative if further ones are pushed
// back, 0 if there is no bound. So a service takes less memory, of which there are
// many.
type bound int32

func (b bound) limit() int { return int(max(b, -b)) }

// enqueue queues a call for the turn of s, if it may stand there already.
func (s *Service) enqueue(c *call, own *turn.Own) {
	if s.most > 0 {
		if err := own.TryStart(&c.Item, s.most.limit()); err != nil {
			c.abandon(&Error{Type: "OverloadError", Message: err.Error()})
		}
		return
	}
	w := &waiting{call: c}
	c.Task = w
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.beyond == nil {
		if own.TryStart(&c.Item, s.most.limit()) == nil {
			return
		}
		s.beyond = list.New()
	}
	w.place = s.beyond.PushBack(w)
}

// advance queues calls from beyond the bound as long as they may stand in the
// queue. Each call that begins does this. While there are calls beyond, others
// stand in the queue or are about to advance, so none is forgotten.
func (s *Service) advance(own *turn.Own) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.beyond != nil {
		w := s.beyond.Front().Value.(*waiting)
		if own.TryStart(&w.Item, s.most.limit()) != nil {
			return
		}
		s.forget(w)
	}
}

// forget takes a call out of those beyond the bound. s.mu is held.
func (s *Service) forget(w *waiting) {
	s.beyond.Remove(w.place)
	w.place = nil
	if s.beyond.Len() == 0 {
		s.beyond = nil
	}
}

// waiting is a call of a service that pushes back, as a task.
type waiting struct {
	*call
	place *list.Element // beyond the bound, nil: it is not there
}

// Run implements [turn.Task].
func (w *waiting) Run() {
	w.owner.advance(w.turn.(*turn.Own))
	w.call.Run()
}

// leave takes a call that is given up out of those beyond the bound, and
// reports whether it was there.
func (w *waiting) leave() bool {
	s := w.owner
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.place == nil {
		return false
	}
	s.forget(w)
	return true
}
