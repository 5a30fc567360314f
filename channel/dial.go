package channel

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"

	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/internal/backoff"
	"github.com/gomas/gomas/transport"
	"github.com/gomas/gomas/turn"
)

// Dial connects to a peer that listens at an address such as
// "tcp://localhost:5555" or "ipc://[/run/my.sock]". It makes one attempt, or
// more if [Options.Patience] says so. ctx bounds the dialling only.
func Dial(ctx context.Context, addr string, opts *Options) (*Conn, error) {
	return DialDispatch(ctx, addr, nil, opts)
}

// DialDispatch is Dial for those who do not want to [Conn.Receive]: accept
// is called with the connection before anything is received on it, and
// returns who gets its requests.
func DialDispatch(ctx context.Context, addr string, accept func(*Conn) Dispatcher, opts *Options) (*Conn, error) {
	a, err := transport.ParseAddr(addr)
	if err != nil {
		return nil, fmt.Errorf("channel: %w", err)
	}
	var timer clock.Clock = clock.Real{}
	if a.Local() {
		timer = clock.For(ctx)
	}
	began := timer.Now()
	var pauses backoff.Backoff
	var last error // of the attempt before
	for {
		conn, err := dialOnce(ctx, a, accept, opts)
		switch {
		case err == nil:
			return conn, nil
		case !worthRepeating(err) && last != nil:
			return nil, fmt.Errorf("%w (attempt before: %w)", err, last)
		case !worthRepeating(err):
			return nil, err
		}
		last = err
		pause := pauses.Next(turn.From(ctx))
		if opts == nil || timer.Now()-began+pause > opts.Patience {
			return nil, err
		}
		if ended := clock.Sleep(ctx, timer, pause); ended != nil {
			return nil, fmt.Errorf("%w (last attempt: %w)", ended, err)
		}
	}
}

func dialOnce(ctx context.Context, a transport.Addr, accept func(*Conn) Dispatcher, opts *Options) (*Conn, error) {
	link, err := transport.Dial(ctx, a, opts.transport())
	if err != nil {
		if ended := turn.Err(ctx); ended != nil && !errors.Is(err, ended) {
			err = fmt.Errorf("%w: %w", ended, err) // the network calls it a time-out of its own
		}
		return nil, &DialError{a.String(), err}
	}
	c := newConn(link, opts, true, accept)
	c.start()
	return c, nil
}

// worthRepeating reports whether another attempt to connect may succeed where
// one has failed with err.
func worthRepeating(err error) bool {
	var addr *transport.AddrError
	var cert *tls.CertificateVerificationError
	return !errors.As(err, &addr) && !errors.As(err, &cert) && !errors.Is(err, ErrClosed) &&
		!errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, turn.ErrMisuse)
}
