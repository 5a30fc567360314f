package rpc

import (
	"context"

	"github.com/gomas/gomas/turn"
)

// closing is the state of a service that has been closed.
type closing struct {
	reason error
	idle   turn.Event // no calls are under way
}

// Close has calls of s, and of the services under it, fail with a reason: those
// to come, and those that wait for their turn. Idle waits for the others.
// Closing again changes nothing.
func (s *Service) Close(reason error) {
	c := &closing{reason: reason}
	if !s.closing.CompareAndSwap(nil, c) {
		return
	}
	s.forgetRoutes()
	if s.calls.Load() == 0 {
		c.idle.Set(nil)
	}
}

// Idle waits until no call is under way in a service that has a turn and has
// been closed, or until ctx ends.
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
	if c := s.closing.Load(); c != nil {
		c.idle.Set(nil)
	}
}
