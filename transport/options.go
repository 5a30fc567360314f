package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/gomas/gomas/turn"
)

// Options are settings of dialling and listening. The zero value of each field
// means its default, and a nil *Options all defaults.
type Options struct {
	// TLS secures the connections. Both ends must use it, or neither. The
	// default is not to.
	TLS *TLS

	// Handshake bounds the handshake of TLS, once a connection is there. The
	// default is 10 seconds.
	Handshake time.Duration

	// MaxLinks is the number of links that a listener may have at the same
	// time, each from its acceptance, before the handshake, until it ends.
	// Further ones are closed at once. The default is not to bound it.
	MaxLinks int

	// Refused, if set, is told of each connection that came in and was closed
	// before it was a link: because its handshake failed, or with
	// [ErrTooManyLinks]. It may be called from several goroutines at the same
	// time, and holds up accepting as long as it takes.
	Refused func(remote Addr, err error)

	// Logger, if set, is told at level Warn of what else goes wrong and may
	// pass: TLS files that were changed and cannot be used, and sockets that
	// cannot be accepted, for want of file descriptors for example.
	Logger *slog.Logger
}

// ErrTooManyLinks is why a connection is refused beyond [Options.MaxLinks].
var ErrTooManyLinks = errors.New("too many connections")

func (o *Options) withDefaults() Options {
	var all Options
	if o != nil {
		all = *o
	}
	if all.Handshake <= 0 {
		all.Handshake = 10 * time.Second
	}
	return all
}

// Dial connects to a, over TCP or a Unix socket, or in the network that ctx is
// of. It makes one attempt, which ctx bounds, and gives up the turn that ctx names
// meanwhile.
//
// With TLS 1.3, the accepting end checks our certificate when Dial may have
// returned already: if it refuses, the link ends at once, with an error that
// says why.
func Dial(ctx context.Context, a Addr, opts *Options) (link Link, err error) {
	n, err := networkFor(ctx, a)
	if err != nil {
		return nil, fmt.Errorf("dial %v: %w", a, err)
	}
	o := opts.withDefaults()
	if n != nil {
		return n.Dial(ctx, a, &o)
	}
	if misuse := turn.Await(ctx, func() { link, err = dial(ctx, a, o) }); misuse != nil {
		return nil, misuse
	}
	return link, err
}

// dial is Dial over a socket.
func dial(ctx context.Context, a Addr, o Options) (Link, error) {
	var config *tls.Config
	if o.TLS != nil {
		var err error
		if config, err = o.TLS.client(serverName(a), o.Logger); err != nil {
			return nil, fmt.Errorf("dial %v: %w", a, err)
		}
	}
	nc, err := dialSocket(ctx, a)
	if err != nil {
		return nil, err
	}
	if config != nil {
		if nc, err = handshakeClient(ctx, nc, config, o.Handshake); err != nil {
			return nil, fmt.Errorf("dial %v: %w", a, err)
		}
	}
	return NewStream(nc, Addr{}, a), nil
}

// Listen listens at a, on TCP or a Unix socket, or in the network that ctx is of,
// and gives up the turn that ctx names meanwhile. It listens when it returns;
// links that come in wait for Start. The address of the result has the port
// that the system chose if that of a is 0, and the full name of this machine
// if a is [Addr.Everywhere].
//
// Closing the listener also cuts handshakes that are under way.
func Listen(ctx context.Context, a Addr, opts *Options) (ln Listener, err error) {
	n, err := networkFor(ctx, a)
	if err != nil {
		return nil, fmt.Errorf("listen %v: %w", a, err)
	}
	o := opts.withDefaults()
	if n != nil {
		return n.Listen(ctx, a, &o)
	}
	if misuse := turn.Await(ctx, func() { ln, err = listen(ctx, a, o) }); misuse != nil {
		return nil, misuse
	}
	return ln, err
}

// listen is Listen on a socket.
func listen(ctx context.Context, a Addr, o Options) (Listener, error) {
	if o.TLS != nil {
		if _, err := o.TLS.server(o.Logger); err != nil {
			return nil, fmt.Errorf("listen %v: %w", a, err)
		}
	}
	ln, addr, err := listenSocket(ctx, a)
	if err != nil {
		return nil, err
	}
	return newListener(ln, addr, o), nil
}
