package faulty

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"time"
)

// conn is one connection, of two streams.
type conn struct {
	proxy          *Proxy
	client, target *net.TCPConn
	up, down       stream
	ended          chan struct{} // closed by the first cut
}

// cutIfDue cuts the connection if as much has passed as may. The proxy's mutex
// is held.
func (c *conn) cutIfDue() {
	f := &c.proxy.faults
	switch {
	case f.Up.Cut != None && c.up.passed >= f.Up.limit(c.up.luck):
		c.cut(f.Up.Cut)
	case f.Down.Cut != None && c.down.passed >= f.Down.limit(c.down.luck):
		c.cut(f.Down.Cut)
	}
}

// cut ends the connection. After FIN it is still read from, so that closing it
// becomes no reset. The proxy's mutex is held.
func (c *conn) cut(how End) {
	select {
	case <-c.ended:
	default:
		close(c.ended)
		c.proxy.count(&c.proxy.stats.Cut, 1)
	}
	if how == RST {
		reset(c.client)
		reset(c.target)
		return
	}
	_ = c.client.CloseWrite()
	_ = c.target.CloseWrite()
}

// stream is one direction of a connection.
type stream struct {
	conn     *conn
	src, dst *net.TCPConn
	rng      *rand.Rand
	luck     float64
	lost     bool  // bytes were swallowed
	passed   int64 // bytes, since Set; guarded by the proxy's mutex
}

// run passes on what comes until there is no more.
func (s *stream) run() {
	buf := make([]byte, 32<<10)
	for {
		n, err := s.read(buf)
		s.pass(buf[:n])
		switch {
		case err != nil && s.lost:
			<-s.conn.ended // nobody hears of it
			return
		case errors.Is(err, io.EOF):
			_ = s.dst.CloseWrite()
			return
		case err != nil:
			// A reset of one end is passed on to the other.
			reset(s.src)
			reset(s.dst)
			return
		}
	}
}

// read reads what comes, or more than that if it is to be gathered.
func (s *stream) read(buf []byte) (int, error) {
	n, err := s.src.Read(buf)
	f, _ := s.faults()
	if err != nil || f.Gather == 0 {
		return n, err
	}
	_ = s.src.SetReadDeadline(time.Now().Add(f.Gather))
	more, err := io.ReadFull(s.src, buf[n:])
	_ = s.src.SetReadDeadline(time.Time{})
	var timeout net.Error
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		err = nil
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = io.EOF
	}
	return n + more, err
}

// faults returns what to do now, and the channel that tells of a change.
func (s *stream) faults() (Stream, <-chan struct{}) {
	p := s.conn.proxy
	p.mu.Lock()
	defer p.mu.Unlock()
	if s == &s.conn.up {
		return p.faults.Up, p.changed
	}
	return p.faults.Down, p.changed
}

// pass writes b, or drops what it is not to write.
func (s *stream) pass(b []byte) {
	for len(b) > 0 {
		f, changed := s.faults()
		if s.lost = s.lost || f.Swallow; s.lost {
			p := s.conn.proxy
			p.mu.Lock()
			p.count(&p.stats.Lost, len(b))
			p.mu.Unlock()
			return
		}
		if f.Stuck {
			select {
			case <-changed:
				continue
			case <-s.conn.ended:
				return
			}
		}
		n, wait := s.piece(&f, len(b))
		if wait > 0 {
			// What has changed meanwhile holds for the next piece.
			timer := time.NewTimer(wait)
			select {
			case <-timer.C:
			case <-s.conn.ended:
				timer.Stop()
				return
			}
		}
		if n = s.write(b[:n]); n < 0 {
			return
		}
		b = b[n:]
	}
}

// piece draws how many of n bytes to write next, and how long to wait before.
func (s *stream) piece(f *Stream, n int) (size int, wait time.Duration) {
	if f.Piece > 0 {
		n = min(n, 1+s.rng.IntN(f.Piece))
	}
	if f.Rate > 0 {
		const steps = 50 // in a second
		n = min(n, max(1, f.Rate/steps))
		wait = time.Duration(n) * time.Second / time.Duration(f.Rate)
	}
	if f.Delay > 0 {
		wait += time.Duration(s.rng.Int64N(int64(f.Delay)))
	}
	return n, wait
}

// write writes a piece up to the cut, and returns how much that was, negative
// if nothing more is to be written.
func (s *stream) write(b []byte) int {
	p := s.conn.proxy
	select {
	case <-s.conn.ended:
		return -1
	default:
	}
	p.mu.Lock()
	f, total := &p.faults.Up, &p.stats.Up
	if s != &s.conn.up {
		f, total = &p.faults.Down, &p.stats.Down
	}
	if f.Cut != None {
		b = b[:min(int64(len(b)), max(0, f.limit(s.luck)-s.passed))]
	}
	// Counted before it is written: it may be answered before we are back.
	p.count(total, len(b))
	changed := p.changed
	p.mu.Unlock()
	_, err := s.dst.Write(b)
	p.mu.Lock()
	defer p.mu.Unlock()
	if changed == p.changed {
		s.passed += int64(len(b))
	}
	s.conn.cutIfDue()
	if err != nil {
		return -1
	}
	return len(b)
}
