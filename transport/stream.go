package transport

import (
	"context"
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
	queued        atomic.Int64 // bytes not yet written
	stopped       atomic.Bool  // nothing more is to be delivered

	mu       sync.Mutex
	idle     sync.Cond // signalled when writing becomes false
	out      *output   // frames to be written, nil if there are none
	writing  bool
	full     bool  // the receiver is owed a Drained
	closing  bool  // by Close
	failed   error // why a write failed
	finished bool
}

// NewStream makes a link of a connected socket.
func NewStream(nc net.Conn, local, remote Addr) Link {
	s := &stream{nc: nc, local: local, remote: remote}
	s.idle.L = &s.mu
	return s
}

func (s *stream) LocalAddr() Addr { return s.local }

func (s *stream) RemoteAddr() Addr { return s.remote }

func (s *stream) Start(r Receiver, limits Limits) {
	s.receiver, s.limits = r, limits
	go s.read()
}

func (s *stream) read() {
	r := reader{src: s.nc, limit: s.limits.Frame}
	for {
		f, err := r.next()
		if err != nil || s.stopped.Load() {
			s.finish(err)
			return
		}
		s.receiver.Receive(f)
	}
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
	s.full, s.out = false, nil
	s.mu.Unlock()
	_ = s.nc.Close()
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
	_ = s.nc.SetWriteDeadline(time.Now().Add(linger))
	_ = s.nc.SetReadDeadline(longAgo) // ends the reading goroutine
}

func (s *stream) Full() bool { return s.queued.Load() > int64(s.limits.Output) }

// output is what gathers to be written at once. It is taken from a pool when
// there is something, so that an idle connection needs none.
type output struct{ b []byte }

var outputs = sync.Pool{New: func() any { return new(output) }}

func (s *stream) Send(f *Frame, wait bool) {
	f.seal()
	s.mu.Lock()
	if s.finished || s.failed != nil {
		s.mu.Unlock()
		f.Free()
		return
	}
	if s.out == nil {
		s.out = outputs.Get().(*output)
	}
	s.out.b = append(s.out.b, f.B...)
	if s.queued.Add(int64(len(f.B))) > int64(s.limits.Output) {
		s.full = true
	}
	mine := !s.writing
	s.writing = true
	s.mu.Unlock()
	f.Free()
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
	for s.out != nil && s.failed == nil {
		o := s.out
		s.out = nil
		s.mu.Unlock()
		_, err := s.nc.Write(o.b)
		left := s.queued.Add(-int64(len(o.b)))
		if cap(o.b) <= maxReused {
			o.b = o.b[:0]
			outputs.Put(o)
		}
		if err != nil {
			// The reading goroutine ends the link.
			_ = s.nc.SetReadDeadline(longAgo)
		}
		s.mu.Lock()
		if err != nil {
			s.failed = err
		}
		if s.full && left <= int64(s.limits.Output)/2 {
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

// Dial connects to a, over TCP or a Unix socket. It makes one attempt.
func Dial(ctx context.Context, a Addr) (Link, error) {
	nc, err := dialSocket(ctx, a)
	if err != nil {
		return nil, err
	}
	return NewStream(nc, Addr{}, a), nil
}

// Listen listens at a, on TCP or a Unix socket. It listens when it returns;
// links that come in wait for Start. The address of the result has the port
// that the system chose if that of a is 0, and the full name of this machine
// if a is [Addr.Everywhere].
func Listen(ctx context.Context, a Addr) (Listener, error) {
	ln, addr, err := listenSocket(ctx, a)
	if err != nil {
		return nil, err
	}
	return &listener{ln: ln, addr: addr, stop: make(chan struct{}), done: make(chan struct{})}, nil
}

// listener accepts sockets.
type listener struct {
	ln      net.Listener
	addr    Addr
	started atomic.Bool
	once    sync.Once
	stop    chan struct{}
	done    chan struct{}
	err     error // of closing
}

func (l *listener) Addr() Addr { return l.addr }

func (l *listener) Start(accept func(Link)) {
	l.started.Store(true)
	go l.accept(accept)
}

// accept accepts until the listener is closed. Other errors, too many open
// files most of all, may pass: it tries again after a while.
func (l *listener) accept(accept func(Link)) {
	defer close(l.done)
	const patience = 5 * time.Millisecond
	delay := patience
	for {
		nc, err := l.ln.Accept()
		select {
		case <-l.stop:
			if err == nil {
				_ = nc.Close()
			}
			return
		default:
		}
		if err == nil {
			accept(NewStream(nc, l.addr, peerAddr(nc)))
			delay = patience
			continue
		}
		select {
		case <-l.stop:
			return
		case <-time.After(delay):
			delay = min(2*delay, time.Second)
		}
	}
}

// peerAddr is where a socket that was accepted comes from.
func peerAddr(nc net.Conn) Addr {
	if t, ok := nc.RemoteAddr().(*net.TCPAddr); ok {
		ip := t.AddrPort().Addr().Unmap().WithZone("")
		return Addr{Scheme: schemeTCP, Host: ip.String(), Port: uint16(t.Port)}
	}
	return Addr{Scheme: schemeIPC} // the dialling end of a Unix socket has no name
}

func (l *listener) Close() error {
	l.once.Do(func() {
		close(l.stop)
		l.err = l.ln.Close()
		if l.started.Load() {
			<-l.done
		}
	})
	return l.err
}
