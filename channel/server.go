package channel

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/gomas/gomas/transport"
	"github.com/gomas/gomas/turn"
)

// Server accepts connections.
type Server struct {
	ln     transport.Listener
	opts   *Options
	accept func(*Conn) Dispatcher
	serve  func(ctx context.Context, conn *Conn)

	mu     sync.Mutex
	conns  map[*Conn]uint64 // with their order of arrival
	count  uint64
	closed bool
}

// Listen listens at an address such as "tcp://localhost:5555", "tcp://:0" for
// any free port on all interfaces, or "ipc://[/run/my.sock]". It is bound
// when Listen returns, and ctx no longer matters then.
//
// serve is called for each connection, in a goroutine of its own, with the
// connection's context. When it returns, the connection is closed.
func Listen(ctx context.Context, addr string, serve func(ctx context.Context, conn *Conn), opts *Options) (*Server, error) {
	if serve == nil {
		return nil, errors.New("channel: Listen needs a function to serve connections")
	}
	return listen(ctx, addr, &Server{serve: serve, opts: opts})
}

// ListenDispatch is Listen for those who do not want to [Conn.Receive]:
// accept is called with each connection before anything is received on it,
// one after another, and returns who gets its requests.
func ListenDispatch(ctx context.Context, addr string, accept func(*Conn) Dispatcher, opts *Options) (*Server, error) {
	return listen(ctx, addr, &Server{accept: accept, opts: opts})
}

func listen(ctx context.Context, addr string, s *Server) (*Server, error) {
	a, err := transport.ParseAddr(addr)
	if err != nil {
		return nil, fmt.Errorf("channel: %w", err)
	}
	if s.ln, err = transport.Listen(ctx, a, s.opts.transport()); err != nil {
		return nil, fmt.Errorf("channel: %w", err)
	}
	s.conns = make(map[*Conn]uint64)
	s.ln.Start(s.welcome)
	return s, nil
}

// welcome starts a new connection.
func (s *Server) welcome(link transport.Link) {
	c := newConn(link, s.opts, false, s.accept)
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		// It lives and ends like any other, and takes no requests.
		c.drain()
		c.start()
		_ = c.Close()
		return
	}
	s.conns[c] = s.count
	s.count++
	s.mu.Unlock()
	c.onGone = func() {
		s.mu.Lock()
		delete(s.conns, c)
		s.mu.Unlock()
	}
	c.start()
	if s.serve != nil {
		c.turn.Start(turn.Func(func() {
			defer func() { _ = c.Close() }()
			s.serve(c.ctx, c)
		}))
	}
}

// Addr returns the address to dial: with the port that the system chose, if
// it was left open, and the full name of this machine, if the server listens
// on all interfaces.
func (s *Server) Addr() string { return s.ln.Addr().String() }

// Turn returns the turn of what belongs to no agent where the server is; see
// [transport.TurnOf].
func (s *Server) Turn() turn.Turn { return transport.TurnOf(s.ln) }

// Conns returns the connections that there are, in order of their arrival.
func (s *Server) Conns() []*Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.SortedFunc(maps.Keys(s.conns), func(a, b *Conn) int {
		return cmp.Compare(s.conns[a], s.conns[b])
	})
}

// Close stops accepting and closes all connections as [Conn.Close] does. It
// waits for hooks that are told of a new connection, so these must not call it.
func (s *Server) Close() error {
	err := s.stop()
	for _, c := range s.Conns() {
		_ = c.Close()
	}
	return err
}

// Shutdown stops accepting, lets the requests that are being worked on be
// answered, closes all connections and waits until they are gone. If ctx ends
// first, it closes them all the same and returns its error.
func (s *Server) Shutdown(ctx context.Context) error {
	errs := []error{s.stop()}
	conns := s.Conns()
	idle := make([]*turn.Event, len(conns))
	for i, c := range conns {
		idle[i] = c.drain()
	}
	// All together, step by step: peers may be slow, but not one after another.
	wait := func(i int, e *turn.Event, what string) bool {
		err := e.Wait(ctx, conns[i].turn, what)
		if err != nil {
			errs = append(errs, err)
		}
		return err == nil
	}
	for i, e := range idle {
		if !wait(i, e, "requests to be answered") {
			break
		}
	}
	for _, c := range conns {
		_ = c.Close()
	}
	for i, c := range conns {
		if !wait(i, &c.gone, "the end of a connection") {
			break
		}
	}
	return errors.Join(errs...)
}

func (s *Server) stop() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	return s.ln.Close()
}
