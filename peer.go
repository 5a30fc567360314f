package gomas

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport"
	"github.com/gomas/gomas/turn"
)

// peer is another container, or this one, as one that can be called. It makes
// a connection when one is needed, and again when that is lost. It implements
// [rpc.Peer].
type peer struct {
	container *Container
	addr      transport.Addr
	conn      atomic.Pointer[rpc.Conn] // nil: none at the moment

	mu      sync.Mutex
	attempt *attempt // to connect, nil if none is under way
	types   map[string]string
	closed  bool
}

// attempt is one attempt to connect, shared by all who wait for it.
type attempt struct {
	done turn.Event
	conn *rpc.Conn // set before done without an error
}

const agentsPath = "agents/"

// agent returns a reference to an agent whose type is known.
func (p *peer) agent(id, typeName string) rpc.Remote {
	path := agentsPath + id
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.types == nil {
		p.types = make(map[string]string)
	}
	p.types[path] = typeName
	return rpc.NewRemote(p, path)
}

// Describe implements [rpc.Peer].
func (p *peer) Describe(path string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return fmt.Sprintf("%sProxy('%s')", p.types[path], p.addr.URL(strings.TrimPrefix(path, agentsPath)))
}

// Connect implements [rpc.Peer].
func (p *peer) Connect(ctx context.Context) (*rpc.Conn, error) {
	if conn := p.conn.Load(); conn != nil {
		return conn, nil
	}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, ErrClosed
	}
	a := p.attempt
	if a == nil {
		a = new(attempt)
		p.attempt = a
		// In a task of its own, so that it goes on for the others if this
		// caller gives up.
		turn.Free{}.Start(turn.Func(func() { p.dial(a) }))
	}
	p.mu.Unlock()
	if err := a.done.Wait(ctx, nil, p); err != nil {
		return nil, err
	}
	return a.conn, nil
}

func (p *peer) dial(a *attempt) {
	conn, err := rpc.Dial(p.container.ctx, p.addr.String(), p.container.root, &p.container.conn)
	p.mu.Lock()
	p.attempt = nil
	if err == nil && p.closed {
		_ = conn.Close()
		err = ErrClosed
	}
	if err == nil {
		a.conn = conn
		p.conn.Store(conn)
	}
	p.mu.Unlock()
	if err == nil {
		conn.Channel().OnEnd(func(error) { p.conn.CompareAndSwap(conn, nil) })
	}
	a.done.Set(err)
}

func (p *peer) stop() *rpc.Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	return p.conn.Load()
}

func (p *peer) close() {
	if conn := p.stop(); conn != nil {
		_ = conn.Close()
	}
}

func (p *peer) shutdown(ctx context.Context) error {
	if conn := p.stop(); conn != nil {
		return conn.Shutdown(ctx)
	}
	return nil
}
