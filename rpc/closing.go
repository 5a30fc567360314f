package rpc

import (
	"context"

	"github.com/gomas/gomas/turn"
)

// closing is the state of a service that has been closed.
type closing struct {
	reason error
	idle   turn.Event // no calls are under way
	leaves bool       // the last visitor counts as a call; belongs to the turn
}

// Close has calls of s, and of the services under it, fail with a reason: those
// to come, and those that wait for their turn. Idle waits for the others, and for
// the turn of s to come once. Closing again changes nothing.
func (s *Service) Close(reason error) {
	c := &closing{reason: reason}
	s.begin() // before others see that it is closed: the last of them to end sets idle
	if !s.closing.CompareAndSwap(nil, c) {
		s.end()
		return
	}
	s.forgetRoutes()
	own, ok := s.turn.(*turn.Own)
	if !ok || turn.SchedulerOf(own) != nil { // nobody visits
		s.end()
		return
	}
	last := &lastLook{service: s, closing: c}
	if last.Task = last; !turn.Here(own, last) {
		own.Start(&last.Item)
	}
}

// lastLook is a task under the turn of a service that has been closed, which looks
// whether visitors are there. It counts as a call, which in that case the last of
// them ends.
type lastLook struct {
	turn.Item
	service *Service
	closing *closing
}

// Run implements [turn.Task].
func (l *lastLook) Run() {
	if l.closing.leaves = l.service.visitors > 0; !l.closing.leaves {
		l.service.end()
	}
}

// Finish implements [turn.Task].
func (l *lastLook) Finish() {}

// enter and exit count a call that needs no place in the queue, under the turn of s.
func (s *Service) enter() { s.visitors++ }

func (s *Service) exit() {
	if s.visitors--; s.visitors > 0 {
		return
	}
	if c := s.closing.Load(); c != nil && c.leaves {
		c.leaves = false
		s.end()
	}
}

// Idle waits until no call is under way in a service that has a turn and has
// been closed, or until ctx ends. Code that has that turn must give it up: its ctx
// has to name it.
func (s *Service) Idle(ctx context.Context) error {
	c := s.closing.Load()
	if c == nil {
		return nil
	}
	return c.idle.Wait(ctx, nil, "calls to end")
}

// closed returns why s has been closed, nil if it has not.
func (s *Service) closed() error {
	if c := s.closing.Load(); c != nil {
		return c.reason
	}
	return nil
}

// begin and end count a call under the turn of s, which may be nil.
func (s *Service) begin() {
	if s != nil {
		s.calls.Add(1)
	}
}

func (s *Service) end() {
	if s == nil || s.calls.Add(-1) > 0 {
		return
	}
	if c := s.closing.Load(); c != nil && s.calls.Load() == 0 {
		c.idle.Set(nil)
	}
}
