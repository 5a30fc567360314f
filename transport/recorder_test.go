package transport

import (
	"net"
	"sync"
	"testing"
	"time"
)

// patience is how long a test waits for what should happen at once.
const patience = 30 * time.Second

// recorder is a receiver that keeps what it is told.
type recorder struct {
	t       testing.TB
	receive func(payload []byte) // nil: any frame is an error

	mu      sync.Mutex
	drained sync.Cond // signalled by Drained and by Closed
	drains  int
	ended   bool
	closed  chan error // of one
}

func newRecorder(t testing.TB, receive func(payload []byte)) *recorder {
	r := &recorder{t: t, receive: receive, closed: make(chan error, 1)}
	r.drained.L = &r.mu
	return r
}

func (r *recorder) Receive(f *Frame) bool {
	r.mu.Lock()
	ended := r.ended
	r.mu.Unlock()
	if ended || r.receive == nil {
		r.t.Errorf("unexpected frame %.100q", f.Payload())
		return false
	}
	r.receive(f.Payload())
	f.Free()
	return false
}

func (r *recorder) Drained() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		r.t.Error("Drained after Closed")
	}
	r.drains++
	r.drained.Broadcast()
}

func (r *recorder) Closed(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		r.t.Error("Closed twice")
		return
	}
	r.ended = true
	r.drained.Broadcast()
	r.closed <- err
}

// end waits for Closed and returns its error.
func (r *recorder) end() error {
	r.t.Helper()
	select {
	case err := <-r.closed:
		return err
	case <-time.After(patience):
		r.t.Fatal("the link does not end")
		return nil
	}
}

// waitForRoom returns when the link is not full, or has ended.
func (r *recorder) waitForRoom(l Link) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for l.Full() && !r.ended {
		r.drained.Wait()
	}
}

// eachNetwork runs a test over TCP and over Unix sockets.
func eachNetwork(t *testing.T, test func(t *testing.T, addr Addr)) {
	t.Run("tcp", func(t *testing.T) { test(t, mustParse(t, "tcp://127.0.0.1:0")) })
	t.Run("unix", func(t *testing.T) { test(t, Addr{Scheme: schemeIPC, Path: t.TempDir() + "/s"}) })
}

// sockets returns the two ends of a connection, closed with the test.
func sockets(t testing.TB, a Addr) (x, y net.Conn) {
	t.Helper()
	ln, a, err := listenSocket(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if x, err = dialSocket(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if y, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []net.Conn{x, y} {
		t.Cleanup(func() { _ = c.Close() }) // often closed already
	}
	if err := y.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return x, y
}

var roomy = Limits{Frame: 1 << 20, Output: 1 << 20}

// links returns the two ends of a connection that reports to a and b.
func links(t testing.TB, addr Addr, a, b Receiver) (x, y Link) {
	t.Helper()
	ln, err := Listen(t.Context(), addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	accepted := make(chan Link, 1)
	ln.Start(func(l Link) { accepted <- l })
	if x, err = Dial(t.Context(), ln.Addr(), nil); err != nil {
		t.Fatal(err)
	}
	y = <-accepted
	if err := ln.Close(); err != nil {
		t.Error(err)
	}
	x.Start(a, roomy)
	y.Start(b, roomy)
	return x, y
}

// frameAround returns a frame with a payload of which a part is a text that
// stands outside, unless it is empty.
func frameAround(payload []byte, from, to int) *Frame {
	f := newFrame(payload[:from]...)
	f.B = append(f.B, payload[to:]...)
	f.Insert(HeaderSize+from, string(payload[from:to]))
	return f
}

// newFrame returns a frame with a payload.
func newFrame(payload ...byte) *Frame {
	f := NewFrame()
	f.B = append(f.B, payload...)
	return f
}
