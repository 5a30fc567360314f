package channel

import (
	"log/slog"
	"math"
	"time"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/json"
	"github.com/gomas/gomas/transport"
)

// Options are the settings of connections. The zero value of each field means
// its default, and a nil *Options all defaults.
type Options struct {
	// Codec is the format of the messages. Both ends must use the same. The
	// default is JSON.
	Codec codec.Codec

	// Types are the custom types of the connection, which both ends must
	// register in the same order. The default is none.
	Types *codec.Types

	// Errors are the errors that keep their identity across the connection.
	// The default is none.
	Errors *Errors

	// FailureLists has failures sent as mosaik reads them: as a list of the
	// type, the message and the lines of the trace. The default is one text, as
	// aiomas has it. Both are understood.
	FailureLists bool

	// Timeout bounds how long an Ask waits for its reply, and before that for
	// room to be sent; see [Timeout] for single requests. The default is not
	// to bound it.
	Timeout time.Duration

	// Patience is how long dialling goes on trying if the peer cannot be
	// reached, with growing pauses. The default is one attempt; [Forever]
	// leaves it to the context.
	Patience time.Duration

	// TLS secures connections, at both ends. The default is not to.
	TLS *transport.TLS

	// Logger, if it is set, gets the life of connections: made and lost at
	// level info, lost by a protocol error at level warn.
	Logger *slog.Logger

	// Connected, if it is set, is called for each connection that is made, by
	// either end, before anything is received on it, and Lost for each that
	// has ended, with the reason. They must not block.
	Connected func(*Conn)
	Lost      func(conn *Conn, reason error)

	// Refused, if it is set, is called for each incoming connection that was
	// closed before it was one: because its TLS handshake failed, or there
	// were too many. It must not block.
	Refused func(remote transport.Addr, reason error)

	Limits Limits
}

// Forever is a time longer than any program runs.
const Forever = time.Duration(math.MaxInt64)

// Limits bound what one connection takes on.
type Limits struct {
	// Frame is the largest message in bytes, in either direction. A peer that
	// announces a larger one loses the connection before any of it is read.
	// The default is 64 MiB.
	Frame int

	// Depth is how deep lists and maps may be nested in the content of a
	// message from the peer, who otherwise loses the connection; a call is two
	// deep without its arguments. It needs a codec that is a
	// codec.DepthChecker, as the built-in ones are. The default, and the most,
	// is [codec.MaxDepth].
	Depth int

	// Requests is the number of requests from the peer that may be waiting
	// or worked on at the same time. The default is 16,384.
	Requests int

	// RequestBytes is the number of bytes that those requests may have
	// together. The default is four times Frame.
	RequestBytes int

	// Output is the number of bytes waiting to be written from which on
	// further senders wait. The default is 1 MiB.
	Output int

	// Conns is the number of connections that a server has at the same time.
	// Further ones are closed at once. The default is 10,000.
	Conns int

	// Handshake is the time for a TLS handshake. The default is 10 seconds.
	Handshake time.Duration

	// FrameTime is the time for a message to arrive, once its first byte has,
	// for each MiB of it. The default is 30 seconds.
	FrameTime time.Duration

	// WriteTime is the time within which the peer must take some of what is
	// written. The default is 30 seconds.
	WriteTime time.Duration

	// Idle is the time after which a connection ends if nothing at all is
	// received. The default is not to end it.
	Idle time.Duration
}

// linger is how long Close still tries to write what was sent before it.
const linger = time.Second

// withDefaults returns a copy in which everything is set.
func (o *Options) withDefaults() Options {
	var all Options
	if o != nil {
		all = *o
	}
	if all.Codec == nil {
		all.Codec = json.Codec{}
	}
	l := &all.Limits
	set(&l.Frame, 64<<20)
	set(&l.Requests, 16_384)
	set(&l.RequestBytes, 4*l.Frame)
	set(&l.Output, 1<<20)
	set(&l.Conns, 10_000)
	set(&l.Handshake, 10*time.Second)
	set(&l.FrameTime, 30*time.Second)
	set(&l.WriteTime, 30*time.Second)
	return all
}

func set[T int | time.Duration](limit *T, value T) {
	if *limit <= 0 {
		*limit = value
	}
}

// transport returns the settings that concern dialling and listening.
func (o *Options) transport() *transport.Options {
	all := o.withDefaults()
	return &transport.Options{
		TLS: all.TLS, Handshake: all.Limits.Handshake, MaxLinks: all.Limits.Conns,
		Refused: all.Refused, Logger: all.Logger,
	}
}

// link returns the limits that concern a link.
func (l *Limits) link() transport.Limits {
	return transport.Limits{
		Frame: l.Frame, Output: l.Output,
		FrameTime: l.FrameTime, WriteTime: l.WriteTime, Idle: l.Idle,
	}
}
