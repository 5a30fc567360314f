package transport

import (
	"context"

	"github.com/gomas/gomas/turn"
)

// Network carries links without sockets, between code of one program. Code is of
// a network if the scheduler of its turn is one; see [turn.Scheduler]. Package
// local has one.
type Network interface {
	// Dial and Listen are what [Dial] and [Listen] do for local addresses.
	Dial(ctx context.Context, a Addr, opts *Options) (Link, error)
	Listen(ctx context.Context, a Addr, opts *Options) (Listener, error)

	// Sockets returns why code of the network cannot use sockets, nil if it
	// can.
	Sockets() error
}

// networkFor returns the network for an address, nil for sockets.
func networkFor(ctx context.Context, a Addr) (Network, error) {
	n, _ := turn.SchedulerOf(turn.From(ctx)).(Network)
	switch {
	case a.Scheme == schemeLocal && n == nil:
		return nil, &AddrError{a.String(), "the caller's context is of no local network; enter one with Run of package transport/local"}
	case a.Scheme == schemeLocal || n == nil:
		return n, nil
	}
	return nil, n.Sockets()
}

// TurnOf returns the turn that belongs to nobody where a link or a listener is:
// [turn.Free], unless that is part of a network that runs everything itself and
// therefore has a method Turn.
func TurnOf(end any) turn.Turn {
	if e, ok := end.(interface{ Turn() turn.Turn }); ok {
		return e.Turn()
	}
	return turn.Free{}
}
