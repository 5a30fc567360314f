package transport

import (
	"runtime"

	"github.com/gomas/gomas/internal/stack"
)

// Many small frames share one system call. While frames are delivered that have
// arrived together, what is sent is held back, and the reading goroutine writes
// it when that is over. Else writing is done by whoever finds that nobody is:
// first it lets other goroutines run, as long as they have frames too, then it
// writes all that has gathered.

func (s *stream) Send(f *Frame, effort Effort) {
	f.seal()
	size := f.Size()
	s.mu.Lock()
	if s.finished || s.failed != nil {
		s.mu.Unlock()
		f.Free()
		return
	}
	kept := s.out.add(f)
	s.queued.Add(int64(size))
	s.full = s.full || s.Full()
	// After queued has been changed: release looks there once it holds nothing back.
	mine := !s.writing && !s.held.Load()
	if mine {
		s.begin()
	}
	s.mu.Unlock()
	if !kept {
		f.Free()
	}
	switch {
	case !mine:
	case effort == Write:
		s.gather()
		s.write(nil)
	case effort == Try && s.attempt != nil:
		s.gather()
		s.mu.Lock()
		s.writeSome()
	default:
		go s.writeAlone(nil)
	}
}

// begin is called by who is going to write, with mu held.
func (s *stream) begin() {
	s.writing = true
	s.arm(s.limits.WriteTime)
}

// release ends the holding back, on the reading goroutine. That writes what the
// socket takes at once, and leaves the rest to another one: it must not wait for
// the peer to read, which may be waiting for the same.
func (s *stream) release() {
	s.held.Store(false)
	if s.queued.Load() == 0 {
		return
	}
	s.mu.Lock()
	if s.writing || s.out.first == nil || s.failed != nil {
		s.mu.Unlock()
		return
	}
	s.begin()
	if s.attempt == nil {
		s.mu.Unlock()
		go s.writeAlone(nil)
		return
	}
	s.writeSome()
}

// mostOutputs is how many outputs writeSome writes: others may go on sending.
const mostOutputs = 4

// writeSome is write for those who must not wait. It is called with mu held, which
// it releases.
func (s *stream) writeSome() {
	for n := 0; s.failed == nil && s.out.first != nil; n++ {
		if n == mostOutputs {
			s.mu.Unlock()
			go s.writeAlone(nil)
			return
		}
		o := s.out.take()
		s.mu.Unlock()
		err := s.attempt.write(o)
		if err == nil && len(o.rest()) > 0 {
			go s.writeAlone(o)
			return
		}
		s.mu.Lock()
		s.wrote(o, err)
	}
	s.end()
}

// writeAlone is write in a goroutine of its own.
func (s *stream) writeAlone(o *output) {
	stack.Grow()
	if o == nil {
		s.gather()
	}
	s.write(o)
}

// mostGathering is how often a writer lets others run, so that it writes in the
// end even if they never stop sending.
const mostGathering = 8

// gather lets others run, for as long as they send. Where callers read, there has
// been one at a time.
func (s *stream) gather() {
	if s.vacant.Load() {
		return
	}
	for range mostGathering {
		before := s.queued.Load()
		runtime.Gosched()
		if s.queued.Load() == before {
			return
		}
	}
}

// write writes until nothing is queued, an output that was taken before first.
// begin has been called by the caller.
func (s *stream) write(o *output) {
	s.mu.Lock()
	for s.failed == nil && (o != nil || s.out.first != nil) {
		if o == nil {
			o = s.out.take()
		}
		s.mu.Unlock()
		err := s.put(o)
		s.mu.Lock()
		s.wrote(o, err)
		o = nil
	}
	s.end()
}

// wrote notes that an output was written, or could not be. mu is held.
func (s *stream) wrote(o *output, err error) {
	s.queued.Add(-int64(o.size()))
	o.free()
	s.written++
	if err != nil {
		if s.failed == nil {
			s.failed = err
		}
		_ = s.nc.SetReadDeadline(longAgo) // the reading goroutine ends the link
	}
	// Others may have sent since the writing: full is for what is queued now.
	if s.full && s.queued.Load() <= int64(s.limits.Output)/2 {
		s.full = false
		s.mu.Unlock()
		s.receiver.Drained()
		s.mu.Lock()
	}
}

// end is called by who has written, with mu held, which it releases.
func (s *stream) end() {
	s.writing = false
	s.idle.Broadcast()
	s.mu.Unlock()
}

// writeSize is how much is written at a time, to see that a slow peer takes it, in
// bytes.
const writeSize = 256 << 10

func (s *stream) put(o *output) error {
	for {
		b := o.rest()
		if len(b) == 0 {
			return nil
		}
		n, err := s.nc.Write(b[:min(len(b), writeSize)])
		o.written += n
		if err != nil {
			return err
		}
		if o.written < o.size() {
			s.mu.Lock()
			s.written++
			s.mu.Unlock()
		}
	}
}
