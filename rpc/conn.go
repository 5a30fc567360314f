package rpc

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/transport"
)

// Options are the settings of connections; see [channel.Options].
type Options = channel.Options

// Conn is one end of a connection between two services. Its methods may be
// called from any number of goroutines.
type Conn struct {
	*format
	ch         *channel.Conn
	root       *Service
	offersNone bool          // root is empty and ours
	peer       Peer          // that references of the other end are bound to
	around     []Interceptor // of outgoing calls
	home       atomic.Pointer[string]
	kinBefore  channel.Kin // of the peer, on the connection before
	spare      *call       // to be used again, for the next request; may be nil
}

// Dial connects to a peer that listens at an address, and offers it svc,
// which may be nil. It makes one attempt, or more if [Options.Patience] says
// so. ctx bounds the dialling only.
func Dial(ctx context.Context, addr string, svc *Service, opts *Options) (*Conn, error) {
	var conn *Conn
	if err := checkFormat(opts); err != nil {
		return nil, err
	}
	_, err := channel.DialDispatch(ctx, addr, func(ch *channel.Conn) channel.Dispatcher {
		conn = newConn(ch, svc, nil)
		return conn
	}, opts)
	if err != nil {
		return nil, err
	}
	return conn, nil
}

// newConn makes the end of a connection that is bound to a peer; nil stands for
// just the other end.
func newConn(ch *channel.Conn, svc *Service, peer Peer) *Conn {
	c := &Conn{ch: ch, root: svc, peer: peer}
	if svc == nil {
		c.root, c.offersNone = NewService(), true
	}
	if peer == nil {
		c.peer = c
	}
	opts := ch.Options()
	c.format, _ = newFormat(&opts, reference{c.refer, c.referred}) // checked before
	ch.UseTypes(c.types)
	return c
}

// Of returns the end that belongs to a connection of package channel, as its
// hooks get it; nil if that is of no rpc connection.
func Of(ch *channel.Conn) *Conn {
	c, _ := ch.Dispatcher().(*Conn)
	return c
}

// Remote returns the root of the service that the peer offers.
func (c *Conn) Remote() Remote { return Remote{peer: c.peer} }

// Service returns the service that this end offers.
func (c *Conn) Service() *Service { return c.root }

// Channel returns the connection below, for its addresses, its context and
// its end. Its Ask is of no use: the peer takes every request for a call.
func (c *Conn) Channel() *channel.Conn { return c.ch }

// Close closes the connection; see [channel.Conn.Close].
func (c *Conn) Close() error { return c.ch.Close() }

// Shutdown closes the connection in good order; see [channel.Conn.Shutdown].
func (c *Conn) Shutdown(ctx context.Context) error { return c.ch.Shutdown(ctx) }

// Wait waits until the connection has ended; see [channel.Conn.Wait].
func (c *Conn) Wait(ctx context.Context) error { return c.ch.Wait(ctx) }

// Connect implements [Peer]: the peer of a Conn is the one at its other end,
// for as long as it is there.
func (c *Conn) Connect(context.Context) (*Conn, error) { return c, nil }

// Addr implements [Peer]: it returns the address that was dialled, or that the
// peer says it can be dialled at, "" if it has not said so. RemoteAddr of
// [Conn.Channel] is where the connection comes from.
func (c *Conn) Addr() string {
	if c.ch.Dialed() {
		return c.ch.RemoteAddr()
	}
	if home := c.home.Load(); home != nil {
		return *home
	}
	return ""
}

// URL implements [Peer].
func (c *Conn) URL(path string) string {
	d := c.root.settings().directory
	if home := c.Addr(); home != "" && d != nil {
		return d.URL(home, path)
	}
	return ""
}

// Describe implements [Peer].
func (c *Conn) Describe(path string) string {
	if url := c.URL(path); url != "" {
		return fmt.Sprintf("Remote(%q)", url)
	}
	return fmt.Sprintf("Remote(%q, %q)", c.ch.RemoteAddr(), path)
}

// greeting is what gomas peers tell each other about the services they offer.
type greeting struct {
	Home string `json:"home,omitempty" msgpack:"home,omitempty"`
}

// Greeting implements [channel.Greeter].
func (c *Conn) Greeting() any {
	var g greeting
	if d := c.root.settings().directory; d != nil {
		g.Home = d.Home()
	}
	return g
}

// Greeted implements [channel.Greeter].
func (c *Conn) Greeted(content codec.Raw) error {
	g := new(greeting)
	if err := c.codec.Parse(content, &g, nil); err != nil {
		return fmt.Errorf("greeting: %w", err)
	}
	if g == nil {
		return nil
	}
	if g.Home != "" {
		// Others will be told to go there.
		addr, err := transport.ParseAddr(g.Home)
		if err != nil {
			return fmt.Errorf("greeting: %w", err)
		}
		g.Home = addr.String()
	}
	c.home.Store(&g.Home)
	return nil
}

// Timeout returns a context with which each call times out after d; see
// [channel.Timeout].
func Timeout(ctx context.Context, d time.Duration) context.Context { return channel.Timeout(ctx, d) }

// Server offers a service on every connection that comes in.
type Server struct {
	*channel.Server
}

// Listen listens at an address and offers svc. It is bound when Listen
// returns, and ctx no longer matters then.
//
// [Options.Connected] is called for each new client, and [Options.Lost] when one
// is lost; [Of] returns the Conn.
func Listen(ctx context.Context, addr string, svc *Service, opts *Options) (*Server, error) {
	if err := checkFormat(opts); err != nil {
		return nil, err
	}
	srv, err := channel.ListenDispatch(ctx, addr, func(ch *channel.Conn) channel.Dispatcher {
		return newConn(ch, svc, nil)
	}, opts)
	if err != nil {
		return nil, err
	}
	return &Server{srv}, nil
}

// Conns returns the connections that there are, in order of their arrival.
func (s *Server) Conns() []*Conn {
	conns := s.Server.Conns()
	list := make([]*Conn, len(conns))
	for i, ch := range conns {
		list[i] = Of(ch)
	}
	return list
}
