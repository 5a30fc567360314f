package transport

import (
	"errors"
	"os"
	"time"
)

// Vacate implements [Leader].
func (s *stream) Vacate() bool {
	if s.peek == nil || s.reader.pending() {
		return false
	}
	if s.awaited != 0 { // the frame is complete
		s.awaited = 0
		s.mu.Lock()
		s.begun = 0
		s.mu.Unlock()
	}
	s.release()
	s.vacant.Store(true)
	return true
}

// Arrived implements [Leader].
func (s *stream) Arrived() Arrival {
	s.calm() // somebody may have been interrupted who did not read any more
	return s.peek.look()
}

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
	if !errors.Is(err, os.ErrDeadlineExceeded) || !s.calm() {
		return false
	}
	s.reads.Add(^uint64(0)) // nothing was received
	return true
}

// calm undoes Interrupt, and reports whether there was one, and nothing else that
// ends reading.
func (s *stream) calm() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.disturb || s.closing || s.failed != nil {
		return false
	}
	s.disturb = false
	_ = s.nc.SetReadDeadline(time.Time{})
	return true
}
