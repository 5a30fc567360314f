package channel

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/gomas/gomas/transport"
)

// deadLink is a link that ends when it is closed, and carries nothing.
type deadLink struct {
	mu       sync.Mutex
	receiver transport.Receiver
	closed   bool
}

func (l *deadLink) Start(r transport.Receiver, _ transport.Limits) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.receiver = r
	if l.closed {
		go r.Closed(nil)
	}
}

func (l *deadLink) Close(time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	l.closed = true
	if l.receiver != nil {
		go l.receiver.Closed(nil)
	}
}

func (*deadLink) Send(f *transport.Frame, _ transport.Effort) { f.Free() }
func (*deadLink) Full() bool                                  { return false }
func (*deadLink) LocalAddr() transport.Addr                   { return transport.Addr{} }
func (*deadLink) RemoteAddr() transport.Addr                  { return transport.Addr{} }

// noListener listens nowhere.
type noListener struct{}

func (noListener) Addr() transport.Addr       { return transport.Addr{} }
func (noListener) Start(func(transport.Link)) {}
func (noListener) Close() error               { return nil }

func TestAConnectionThatIsWelcomedWhileItsServerClosesEndsLikeAnyOther(t *testing.T) {
	for range 1000 {
		served := make(chan error, 1)
		srv := &Server{ln: noListener{}, conns: make(map[*Conn]uint64), serve: func(_ context.Context, conn *Conn) {
			// This context does not end with the connection.
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			_, err := conn.Receive(ctx)
			served <- err
		}}
		var running sync.WaitGroup
		link := new(deadLink)
		running.Go(func() { srv.welcome(link) })
		running.Go(func() { _ = srv.Close() })
		running.Wait()
		c := (*Conn)(link.receiver.(*receiver))
		if err := c.Wait(t.Context()); !errors.Is(err, ErrClosed) {
			t.Fatalf("ended with %v", err)
		}
		if len(srv.Conns()) == 0 && c.onGone == nil {
			continue // it came too late to be served
		}
		if err := <-served; !errors.Is(err, ErrClosed) {
			t.Fatalf("receive: %v", err)
		}
	}
}
