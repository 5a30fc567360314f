package peers

import (
	"context"
	"crypto/rand"
	"errors"

	"github.com/gomas/gomas/transport/local"
	"github.com/gomas/gomas/turn"
)

// localNetwork is gomas's own transport inside a program, which the system knows
// nothing of.
var localNetwork = socket{Local, func() (network, address, url string, remove closers, err error) {
	return "", "", "local://" + rand.Text(), nil, nil
}}

// networked is a Server in a local network of its own, with the defaults. All
// that is done with it is done in there, one piece at a time.
type networked struct {
	server Server
	net    *local.Network
}

// openInNetwork returns what opens a Server in a network.
func openInNetwork(open func(context.Context) (Server, error)) func(context.Context) (Server, error) {
	return func(ctx context.Context) (Server, error) {
		net := local.New(nil)
		s, err := runIn(ctx, net, open)
		if err != nil {
			return nil, errors.Join(err, net.Close())
		}
		return &networked{s, net}, nil
	}
}

// runIn runs fn inside a network.
func runIn[T any](ctx context.Context, net *local.Network, fn func(context.Context) (T, error)) (made T, err error) {
	err = net.Run(ctx, func(ctx context.Context) (err error) {
		made, err = fn(ctx)
		return err
	})
	return made, err
}

func (s *networked) Dial(ctx context.Context, callers int) (Conn, error) {
	conn, err := runIn(ctx, s.net, func(ctx context.Context) (Conn, error) { return s.server.Dial(ctx, callers) })
	if err != nil {
		return nil, err
	}
	return networkedConn{conn, s.net}, nil
}

func (s *networked) Close() error { return errors.Join(closeIn(s.net, s.server.Close), s.net.Close()) }

// closeIn closes inside a network what was opened there.
func closeIn(net *local.Network, fn func() error) error {
	return net.Run(context.Background(), func(context.Context) error { return fn() })
}

type networkedConn struct {
	conn Conn
	net  *local.Network
}

func (c networkedConn) Close() error { return closeIn(c.net, c.conn.Close) }

func (c networkedConn) Caller(ctx context.Context) (Caller, error) {
	caller, err := runIn(ctx, c.net, c.conn.Caller)
	if err != nil {
		return nil, err
	}
	return networkedCaller{caller, c.net}, nil
}

// networkedCaller calls from within a run of its network.
type networkedCaller struct {
	Caller
	net *local.Network
}

func (c networkedCaller) Within(ctx context.Context, fn func(context.Context)) error {
	return c.net.Run(ctx, func(ctx context.Context) error {
		if in, ok := c.Caller.(Inhabitant); ok {
			return in.Within(ctx, fn)
		}
		fn(ctx)
		return nil
	})
}

// starter returns what starts goroutines for the code of ctx: tasks of its
// network, if it is in one, which must know of them.
func starter(ctx context.Context) func(fn func()) {
	if local.From(ctx) == nil {
		return func(fn func()) { go fn() }
	}
	return func(fn func()) { turn.From(ctx).Start(turn.Func(fn)) }
}
