package gomas

import (
	"log/slog"
	"time"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport"
	"github.com/gomas/gomas/turn"
)

// Options are the settings of a container. The zero value of each field means
// its default, and a nil *Options all defaults. [channel.Options] tells more
// about those that concern connections.
type Options struct {
	// Codec is the format of the messages. All containers that connect must
	// use the same. The default is JSON.
	Codec codec.Codec

	// Types are custom types beyond dates, which containers always know and
	// which come first. All containers that connect must register the same in
	// the same order.
	Types *codec.Types

	// Errors are the errors that keep their identity across connections; see
	// [channel.Errors].
	Errors *channel.Errors

	// Clock is the time that agents live by: that of [Agent.Sleep] and of what
	// they schedule. Connections, and bounds of calls, go by real time all the
	// same. The default is [clock.Real].
	Clock clock.Clock

	// Timeout bounds each call. The default is not to bound it; [rpc.Timeout]
	// is for single calls.
	Timeout time.Duration

	// Patience is how long connecting, and calling after a connection was
	// lost, goes on trying if the other container cannot be reached. The
	// default is one attempt.
	Patience time.Duration

	// Advertise is the address by which others reach the container, if that is
	// not the one at which it listens: behind address translation, say. It is
	// part of the URLs of the agents. Port 0 stands for the port at which it
	// listens. The default is the address at which it listens; where that is
	// every interface, with the full name of this machine.
	Advertise string

	// TLS secures connections, to this container and from it.
	TLS *transport.TLS

	// Limits bound what each connection takes on.
	Limits channel.Limits

	// Logger gets the life of connections. The default is quiet.
	Logger *slog.Logger

	// Refused is called for each incoming connection that is turned away.
	Refused func(remote transport.Addr, reason error)

	// Connected and Lost are called for connections in both directions, when
	// they are made and when they have ended. They must not block.
	Connected func(*rpc.Conn)
	Lost      func(conn *rpc.Conn, reason error)

	// Incoming and Outgoing are put around the calls that agents get and make.
	Incoming, Outgoing []rpc.Interceptor

	// MaxWaiting is how many calls of one agent may stand in the queue of its
	// turn, so that tasks and timers of the agent itself wait for at most that
	// many. Overload is what becomes of further ones: they are refused, or,
	// with [rpc.PushBack], wait until one of those ahead has begun. The default
	// is that only the limits of connections bound them.
	MaxWaiting int
	Overload   rpc.Overload

	// StuckAfter, if it is set, is the time after which a turn is reported to
	// Stuck, or to Logger if that is nil, that a task of an agent keeps without
	// waiting. It is meant for finding agents that block or never end, and costs
	// some microseconds for each task.
	StuckAfter time.Duration
	Stuck      func(agent *Agent, turn turn.Holding)

	// CheckTurns verifies at each wait that the calling goroutine is the one
	// that has the agent's turn. It finds goroutines that wait with a context
	// which is not theirs to use, at about a microsecond for each wait, and
	// is meant for tests.
	CheckTurns bool
}

// connections returns the settings of the container's connections.
func (o *Options) connections(types *codec.Types) rpc.Options {
	conn := rpc.Options{
		Codec: o.Codec, Types: types, Errors: o.Errors, Timeout: o.Timeout, Patience: o.Patience,
		TLS: o.TLS, Limits: o.Limits, Logger: o.Logger,
		Refused: o.Refused,
	}
	conn.Connected = func(ch *channel.Conn) {
		c := rpc.Of(ch)
		c.Intercept(o.Outgoing...) // for handlers that call back
		if o.Connected != nil {
			o.Connected(c)
		}
	}
	if o.Lost != nil {
		conn.Lost = func(ch *channel.Conn, reason error) { o.Lost(rpc.Of(ch), reason) }
	}
	return conn
}

// advertised returns the address that others are told, the zero Addr if it is the
// one at which the container listens.
func (o *Options) advertised() (a transport.Addr, err error) {
	if o.Advertise == "" {
		return a, nil
	}
	if a, err = transport.ParseAddr(o.Advertise); err == nil && a.Everywhere() {
		err = &transport.AddrError{Addr: o.Advertise, Reason: "it means every interface, and nobody can connect to that"}
	}
	return a, err
}
