package transport

import (
	"crypto/tls"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gomas/gomas/internal/stack"
)

// stream is a link over a socket. One goroutine reads. Writing is done by
// whoever finds that nobody is: first it lets other goroutines run, which may
// have frames too, then it writes all that has gathered, so that many small
// frames share one system call.
type stream struct {
	nc            net.Conn
	local, remote Addr
	receiver      Receiver
	limits        Limits
	queued        atomic.Int64  // bytes not yet written
	output        atomic.Int64  // Limits.Output, 0 before Start
	reads         atomic.Uint64 // how often reading was begun
	stopped       atomic.Bool   // nothing more is to be delivered
	frames        uint64        // delivered, for the reading goroutine
	awaited       uint64        // begun, for the reading goroutine
	release       func()        // called when the link has ended, may be nil

	mu       sync.Mutex
	idle     sync.Cond // signalled when writing becomes false
	out      outputs   // what is to be written
	writing  bool
	full     bool      // the receiver is owed a Drained
	closing  bool      // by Close
	until    time.Time // when lingering ends, zero before Close
	failed   error     // why a write failed, or what took too long
	finished bool
	begun    uint64 // which part of which frame is awaited, 0 between frames
	written  uint64 // how often the other end took something
	watch    watch
}

// NewStream makes a link of a connected socket.
func NewStream(nc net.Conn, local, remote Addr) Link {
	return newStream(nc, local, remote, nil)
}

func newStream(nc net.Conn, local, remote Addr, release func()) *stream {
	s := &stream{nc: nc, local: local, remote: remote, release: release}
	s.idle.L = &s.mu
	return s
}

func (s *stream) LocalAddr() Addr { return s.local }

func (s *stream) RemoteAddr() Addr { return s.remote }

// ConnectionState returns what the handshake of TLS has agreed on, the other
// end's certificates among it, and false if the link is not over TLS.
func (s *stream) ConnectionState() (state tls.ConnectionState, ok bool) {
	if c, ok := s.nc.(*tls.Conn); ok {
		return c.ConnectionState(), true
	}
	return state, false
}

func (s *stream) Start(r Receiver, limits Limits) {
	s.mu.Lock()
	s.receiver, s.limits = r, limits
	s.output.Store(int64(limits.Output))
	s.watch.every = limits.looks()
	s.arm(limits.Idle)
	s.mu.Unlock()
	go s.read()
}

func (s *stream) read() {
	r := reader{src: s.nc, limit: s.limits.Frame, before: s.beforeRead}
	for {
		f, err := r.next()
		if err != nil || s.stopped.Load() {
			s.finish(err)
			return
		}
		s.frames++
		s.receiver.Receive(f)
	}
}

// beforeRead notes what is going to be waited for: the beginning of a frame,
// or more of one. Each MiB counts as a part that has its own time.
func (s *stream) beforeRead(begun int) {
	s.reads.Add(1)
	var part uint64
	if begun > 0 {
		part = s.frames<<16 | uint64(begun>>20) + 1
	}
	if part == s.awaited {
		return
	}
	s.awaited = part
	s.mu.Lock()
	s.begun = part
	if part != 0 {
		s.arm(s.limits.FrameTime)
	}
	s.mu.Unlock()
}

// finish ends the link, after reading has failed, on the reading goroutine.
func (s *stream) finish(err error) {
	s.mu.Lock()
	switch {
	case s.closing:
		err = nil // reading failed because Close stopped it
	case s.failed != nil:
		err = s.failed // which stopped reading
	default:
		// Nobody will read what is queued; a write under way must not linger.
		_ = s.nc.SetDeadline(longAgo)
	}
	for s.writing {
		s.idle.Wait()
	}
	s.finished = true
	full := s.full
	s.full, s.out = false, outputs{}
	if s.watch.timer != nil {
		s.watch.timer.Stop()
	}
	whole := s.failed == nil
	wait := min(time.Until(s.until), goodbye)
	s.mu.Unlock()
	if whole {
		sayGoodbye(s.nc, wait)
	}
	if s.release != nil {
		s.release()
	}
	s.hangUp()
	s.queued.Store(0)
	if full {
		s.receiver.Drained()
	}
	s.receiver.Closed(err)
}

var longAgo = time.Unix(1, 0)

func (s *stream) Close(linger time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing || s.finished {
		return
	}
	s.closing = true
	s.stopped.Store(true)
	s.until = time.Now().Add(linger)
	_ = s.nc.SetWriteDeadline(s.until)
	_ = s.nc.SetReadDeadline(longAgo) // ends the reading goroutine
}

// Full is false before Start, when no limit is known.
func (s *stream) Full() bool {
	most := s.output.Load()
	return most > 0 && s.queued.Load() > most
}

func (s *stream) Send(f *Frame, wait bool) {
	f.seal()
	size := len(f.B)
	s.mu.Lock()
	if s.finished || s.failed != nil {
		s.mu.Unlock()
		f.Free()
		return
	}
	kept := s.out.add(f)
	s.queued.Add(int64(size))
	s.full = s.full || s.Full()
	mine := !s.writing
	s.writing = true
	if mine {
		s.arm(s.limits.WriteTime)
	}
	s.mu.Unlock()
	if !kept {
		f.Free()
	}
	switch {
	case !mine:
	case wait:
		s.write()
	default:
		go s.writeAlone()
	}
}

// writeAlone is write in a goroutine of its own.
func (s *stream) writeAlone() {
	stack.Grow()
	s.write()
}

// write writes until nothing is queued. writing has been set by the caller.
func (s *stream) write() {
	runtime.Gosched()
	s.mu.Lock()
	for s.out.first != nil && s.failed == nil {
		o := s.out.take()
		s.mu.Unlock()
		err := s.put(o)
		s.queued.Add(-int64(o.size()))
		o.free()
		s.mu.Lock()
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
	s.writing = false
	s.idle.Broadcast()
	s.mu.Unlock()
}

// writeSize is how much is written at a time, to see that a slow peer takes it.
const writeSize = 256 << 10

func (s *stream) put(o *output) error {
	for _, b := range o.parts() {
		for len(b) > writeSize {
			if _, err := s.nc.Write(b[:writeSize]); err != nil {
				return err
			}
			b = b[writeSize:]
			s.mu.Lock()
			s.written++
			s.mu.Unlock()
		}
		if len(b) == 0 {
			continue
		}
		if _, err := s.nc.Write(b); err != nil {
			return err
		}
	}
	return nil
}
