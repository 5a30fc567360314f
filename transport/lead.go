package transport

import (
	"errors"
	"os"
	"time"
)

// Vacate implements [Leader].
func (s *stream) Vacate() bool {
	if s.peek == nil || s.reader.begun() {
		return false
	}
	s.release()
	s.vacant.Store(true)
	return true
}

// Arrived implements [Leader].
func (s *stream) Arrived() Arrival { return s.peek.look() }

// PutBack implements [Leader].
func (s *stream) PutBack(f *Frame) { s.again = f }

// next returns the next frame.
func (s *stream) next() (*Frame, error) {
	if f := s.again; f != nil {
		s.again = nil
		return f, nil
	}
	return s.reader.next()
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
	s.reads.Add(^uint64(0)) // nothing was received
	_ = s.nc.SetReadDeadline(time.Time{})
	return true
}
