package transport

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"time"
)

// canLead reports whether reading from a connection can be interrupted at any place:
// package tls goes on after an error that is temporary, as that of a deadline is.
func canLead(nc net.Conn) bool {
	switch nc.(type) {
	case *net.TCPConn, *net.UnixConn, *tls.Conn:
		return true
	}
	return false
}

// Vacate implements [Leader].
func (s *stream) Vacate() bool {
	if !s.leads || s.reader.begun() {
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
