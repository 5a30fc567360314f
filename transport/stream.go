package transport

import (
	"crypto/tls"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// stream is a link over a socket. One goroutine at a time reads; see writing.go
// for who writes.
type stream struct {
	nc            net.Conn
	local, remote Addr
	receiver      Receiver
	limits        Limits
	queued        atomic.Int64  // bytes not yet written
	output        atomic.Int64  // Limits.Output, 0 before Start
	reads         atomic.Uint64 // how often reading was begun
	vacant        atomic.Bool   // nobody reads
	stopped       atomic.Bool   // nothing more is to be delivered
	held          atomic.Bool   // frames that arrived together are being delivered, see release
	attempt       *attempt      // nil: writing may block
	peek          *peek         // nil: callers cannot read
	ended         func()        // called when the link has ended, may be nil

	// For the reading goroutine.
	reader  reader
	again   *Frame // to be delivered once more, nil: none
	frames  uint64 // delivered
	awaited uint64 // begun

	mu       sync.Mutex
	idle     sync.Cond // signalled when writing becomes false
	out      outputs   // what is to be written
	writing  bool
	full     bool      // the receiver is owed a Drained
	closing  bool      // by Close
	until    time.Time // when lingering ends, zero before Close
	failed   error     // why a write failed, or what took too long
	disturb  bool      // by Interrupt
	finished bool
	begun    uint64 // which part of which frame is awaited, 0 between frames
	written  uint64 // how often the other end took something
	watch    watch
}

// NewStream makes a link of a connected socket.
func NewStream(nc net.Conn, local, remote Addr) Link {
	return newStream(nc, local, remote, nil)
}

func newStream(nc net.Conn, local, remote Addr, ended func()) *stream {
	s := &stream{nc: nc, local: local, remote: remote, ended: ended, attempt: newAttempt(nc), peek: newPeek(nc)}
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
	s.reader = reader{src: s.nc, limit: limits.Frame, before: s.beforeRead}
	go s.read()
}

// read delivers frames on a goroutine of its own.
func (s *stream) read() {
	for {
		left, err := s.deliver()
		if left {
			return
		}
		if !s.interrupted(err) {
			s.finish(err)
			return
		}
	}
}

// deliver delivers frames until reading fails, or is left to others.
func (s *stream) deliver() (left bool, err error) {
	for {
		f, err := s.next()
		if err != nil || s.stopped.Load() {
			s.release()
			return false, err
		}
		s.frames++
		s.hold(len(f.B) > maxSmall)
		if s.receiver.Receive(f) {
			return true, nil
		}
		if !s.reader.more() {
			s.release()
		}
	}
}

// hold begins to hold back what is sent, or goes on, before a frame is delivered. A
// long one may take its time. That much is held back must not look as if the peer
// did not read.
func (s *stream) hold(long bool) {
	held := s.held.Load()
	if held && (long || s.Full()) {
		s.release()
		held = false
		if s.Full() { // because another goroutine writes, say
			runtime.Gosched()
		}
	}
	if !held && !long {
		s.held.Store(true)
	}
}

// Resume implements [Resumer].
func (s *stream) Resume() {
	s.vacant.Store(false)
	go func() {
		s.release() // now, because whoever has called Receive may take long
		s.read()
	}()
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
	if s.ended != nil {
		s.ended()
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
