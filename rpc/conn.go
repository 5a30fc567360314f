package rpc

import (
	"context"
	"fmt"
	"time"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/codec"
)

// Options are the settings of connections; see [channel.Options].
type Options = channel.Options

// Conn is one end of a connection between two services. Its methods may be
// called from any number of goroutines.
type Conn struct {
	ch       *channel.Conn
	root     *Service
	codec    codec.Codec
	envelope codec.Enveloper
	types    *codec.Types
	around   []Interceptor // of outgoing calls
}

// Dial connects to a peer that listens at an address, and offers it svc,
// which may be nil. It makes one attempt, or more if [Options.Patience] says
// so. ctx bounds the dialling only.
func Dial(ctx context.Context, addr string, svc *Service, opts *Options) (*Conn, error) {
	var conn *Conn
	_, err := channel.DialDispatch(ctx, addr, func(ch *channel.Conn) channel.Dispatcher {
		conn = newConn(ch, svc)
		return conn
	}, opts)
	if err != nil {
		return nil, err
	}
	return conn, nil
}

func newConn(ch *channel.Conn, svc *Service) *Conn {
	if svc == nil {
		svc = NewService()
	}
	opts := ch.Options()
	return &Conn{ch: ch, root: svc, codec: opts.Codec, envelope: codec.Envelope(opts.Codec), types: opts.Types}
}

// Of returns the end that belongs to a connection of package channel, as its
// hooks get it; nil if that is of no rpc connection.
func Of(ch *channel.Conn) *Conn {
	c, _ := ch.Dispatcher().(*Conn)
	return c
}

// Remote returns the root of the service that the peer offers.
func (c *Conn) Remote() Remote { return Remote{peer: c} }

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

// Describe implements [Peer].
func (c *Conn) Describe(path string) string {
	return fmt.Sprintf("Remote(%q, %q)", c.ch.RemoteAddr(), path)
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
func Listen(ctx context.Context, addr string, svc *Service, opts *Options) (*Server, error) {
	srv, err := channel.ListenDispatch(ctx, addr, func(ch *channel.Conn) channel.Dispatcher {
		return newConn(ch, svc)
	}, opts)
	if err != nil {
		return nil, err
	}
	return &Server{srv}, nil
}
