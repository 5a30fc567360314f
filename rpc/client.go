package rpc

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/turn"
)

// Client calls a peer that it connects to when there is something to call, and
// again when the connection has been lost; see [channel.Client] for what
// becomes of calls under way. Its methods may be called from any number of
// goroutines.
type Client struct {
	ch     *channel.Client
	peer   Peer // that references are bound to
	around []Interceptor
	last   atomic.Pointer[Conn]
}

// NewClient returns a client for the peer at an address, to which it offers
// svc, which may be nil. It does not connect yet. A client must be closed.
func NewClient(addr string, svc *Service, opts *Options) (*Client, error) {
	if err := checkFormat(opts); err != nil {
		return nil, err
	}
	c := new(Client)
	c.peer = c
	var err error
	c.ch, err = channel.NewClientDispatch(addr, func(ch *channel.Conn) channel.Dispatcher {
		conn := newConn(ch, svc, c.peer)
		if last := c.last.Swap(conn); last != nil {
			conn.kinBefore = last.kin()
		}
		return conn
	}, opts)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// BindTo has the services that are received as references bound to a peer that
// is made of c, in place of c itself. It must be called before c is used.
func (c *Client) BindTo(p Peer) { c.peer = p }

// DialIn has connections be made where t is; see [channel.Client.DialIn].
func (c *Client) DialIn(t turn.Turn) { c.ch.DialIn(t) }

// Repeatable returns a context that marks calls as safe to be executed more
// than once; see [channel.Repeatable].
func Repeatable(ctx context.Context) context.Context { return channel.Repeatable(ctx) }

// Addr implements [Peer]: it returns the address of the peer.
func (c *Client) Addr() string { return c.ch.Addr() }

// Remote returns the root of the service that the peer offers. It outlives
// connections.
func (c *Client) Remote() Remote { return Remote{peer: c.peer} }

// Connect implements [Peer]: it returns the connection, and makes it if there
// is none.
func (c *Client) Connect(ctx context.Context) (*Conn, error) {
	ch, err := c.ch.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return Of(ch), nil
}

// URL implements [Peer]. What a client connects to has none.
func (c *Client) URL(string) string { return "" }

// Describe implements [Peer].
func (c *Client) Describe(path string) string { return fmt.Sprintf("Remote(%q, %q)", c.Addr(), path) }

// CloseIdle closes the client and returns true, if that loses nothing; see
// [channel.Client.CloseIdle].
func (c *Client) CloseIdle(ctx context.Context) bool { return c.ch.CloseIdle(ctx) }

// Close closes the connection, if there is one, and makes no other.
func (c *Client) Close() error { return c.ch.Close() }

// Shutdown closes the connection in good order, if there is one, and makes no
// other.
func (c *Client) Shutdown(ctx context.Context) error { return c.ch.Shutdown(ctx) }
