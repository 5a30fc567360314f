package gomas

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport"
)

// peer is another container, or this one, as one that can be called. It is a
// value that takes no more than its address does, because peers may send any
// number of URLs; what a connection needs is made for the first call. It
// implements [rpc.Peer].
type peer struct {
	container *Container
	addr      transport.Addr
}

// home is a container as the peer of its own agents, which takes no address to be
// told from others.
type home struct{ container *Container }

// peer returns the peer at an address.
func (c *Container) peer(addr transport.Addr) rpc.Peer {
	if addr == c.own && c.by == nil {
		return home{c}
	}
	return peer{c, addr}
}

const agentsPath = "agents/"

// agent returns a reference to an agent whose type is known.
func (p peer) agent(id, typeName string) rpc.Remote {
	path := agentsPath + id
	p.container.mu.Lock()
	defer p.container.mu.Unlock()
	p.container.types.add(agentKey{p.addr, path}, typeName)
	return rpc.NewRemote(p, path)
}

// Inside implements [rpc.Insider]: calls of agents of this container take no
// socket. In a local network all calls are frames, so that it sees them.
func (h home) Inside() *rpc.Service { return h.container.root }

// away is the peer that others have in the place of h.
func (h home) away() peer { return peer{h.container, h.container.own} }

// Connect implements [rpc.Peer].
func (h home) Connect(ctx context.Context) (*rpc.Conn, error) { return h.away().Connect(ctx) }

// Addr implements [rpc.Peer].
func (h home) Addr() string { return h.away().Addr() }

// URL implements [rpc.Peer].
func (h home) URL(path string) string { return h.away().URL(path) }

// Describe implements [rpc.Peer].
func (h home) Describe(path string) string { return h.away().Describe(path) }

// Interceptors implements [rpc.Intercepted].
func (h home) Interceptors() []rpc.Interceptor { return h.container.opts.Outgoing }

// Inside implements [rpc.Insider]: p is elsewhere, or called as if it were.
func (p peer) Inside() *rpc.Service { return nil }

// Connect implements [rpc.Peer].
func (p peer) Connect(ctx context.Context) (*rpc.Conn, error) {
	for {
		l, err := p.container.line(ctx, p.addr)
		if err == nil {
			err = p.container.alive()
		}
		if err != nil {
			return nil, err
		}
		conn, err := l.Connect(ctx)
		if err == nil || !errors.Is(err, ErrClosed) || p.container.keeps(p.addr, l) {
			return conn, err
		}
	}
}

// alive returns an error if the container has crashed, in a local network.
func (c *Container) alive() error {
	if c.by == nil {
		return nil
	}
	if n, ok := (*c.by).(interface{ Err() error }); ok {
		return n.Err()
	}
	return nil
}

// Addr implements [rpc.Peer].
func (p peer) Addr() string {
	if p.addr == p.container.own {
		return p.container.addr
	}
	return p.addr.String()
}

// URL implements [rpc.Peer].
func (p peer) URL(path string) string { return agentURL(p.Addr(), path) }

// Describe implements [rpc.Peer].
func (p peer) Describe(path string) string {
	url := p.URL(path)
	if url == "" {
		return fmt.Sprintf("Remote(%q, %q)", p.Addr(), path)
	}
	p.container.mu.RLock()
	defer p.container.mu.RUnlock()
	name, known := p.container.types.find(agentKey{p.addr, path})
	if !known && p.addr == p.container.own {
		if a := p.container.Agent(strings.TrimPrefix(path, agentsPath)); a != nil {
			name = a.typeName
		}
	}
	return fmt.Sprintf("%sProxy('%s')", name, url)
}

// Interceptors implements [rpc.Intercepted].
func (p peer) Interceptors() []rpc.Interceptor { return p.container.opts.Outgoing }
