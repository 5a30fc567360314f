package transport

import (
	"errors"
	"os"
	"time"
)

// Vacate implements [Leader]. Only plain sockets can be led: of others it is not
// known whether reading can be interrupted at any place.
func (s *stream) Vacate() bool {
	if s.attempt == nil || s.reader.begun() {
		return false
	}
	s.release()
	s.vacant.Store(true)
	return true
}

// Lead implements [Leader].
func (s *stream) Lead() bool {
	s.vacant.Store(false)
	left, err := s.deliver()
	if !left && !s.interrupted(err) {
		s.reader.broken = err
	}
	return left
}

// Interrupt implements [Leader].
func (s *stream) Interrupt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closing && !s.finished && s.failed == nil {
		s.disturb = true
		_ = s.nc.SetReadDeadline(longAgo)
	}
}

// interrupted reports whether reading has failed only because of Interrupt, and can
// go on now.
func (s *stream) interrupted(err error) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.disturb || s.closing || s.failed != nil {
		return false
	}
	s.disturb = false
	_ = s.nc.SetReadDeadline(time.Time{})
	return true
}
