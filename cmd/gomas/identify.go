package main

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport"
)

// glance is how long a peer that was not understood may take to show what it
// is.
const glance = time.Second

// guess is something that a peer may be.
type guess struct {
	what, hint string
	codec      string // that of the peer, "" if it has none
	right      func(*peer, context.Context) bool
	sure       bool // nothing else can be right, too
}

// guesses are what may be in the place of the peer. A TLS port may also speak
// HTTP, to say that it wants TLS.
var guesses = []guess{
	{what: "a TLS port", hint: "give --ca, --cert and --key; gomas certs make writes such files", right: (*peer).wantsTLS, sure: true},
	speaks("json"),
	speaks("msgpack"),
	speaks("blosc"),
	{what: "an HTTP server", hint: "that is no aiomas or gomas peer: check host and port", right: (*peer).answersHTTP},
}

// speaks returns the guess that a peer has a codec.
func speaks(name string) guess {
	return guess{"a peer with another codec", "try --codec " + name, name, func(p *peer, ctx context.Context) bool {
		opts := p.options
		opts.Codec = codecs[name]
		return answers(ctx, p.target.addr, &opts)
	}, true}
}

// identify looks at what answers at the address of a peer that was not
// understood, on connections of its own. what is "" if nothing could be found
// out, or if the peer is what the flags say.
func (p *peer) identify(ctx context.Context) (what, hint string) {
	ctx, cancel := context.WithTimeout(ctx, glance)
	defer cancel()
	var all sync.WaitGroup
	right := make([]bool, len(guesses))
	for i, g := range guesses {
		all.Go(func() {
			if right[i] = g.right(p, ctx); right[i] && g.sure {
				cancel()
			}
		})
	}
	all.Wait()
	for i, g := range guesses {
		switch {
		case right[i] && g.codec == p.flags.Codec:
			return "", ""
		case right[i]:
			return g.what, g.hint
		}
	}
	return "", ""
}

// answers reports whether a peer answers a question.
func answers(ctx context.Context, addr transport.Addr, opts *rpc.Options) bool {
	conn, err := rpc.Dial(ctx, addr.String(), nil, opts)
	if err != nil {
		return false
	}
	defer conn.Close()
	_, err = rpc.Call[any](ctx, conn.Remote(), validateAID, "")
	_, failed := errors.AsType[*rpc.RemoteError](err)
	return err == nil || failed
}

// answersPlainly reports whether a peer that was dialled with TLS answers
// without, whatever its codec.
func (p *peer) answersPlainly(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, glance)
	defer cancel()
	var all sync.WaitGroup
	var plain atomic.Bool
	for _, format := range codecs {
		opts := p.options
		opts.TLS, opts.Codec = nil, format
		all.Go(func() {
			if answers(ctx, p.target.addr, &opts) {
				plain.Store(true)
				cancel()
			}
		})
	}
	all.Wait()
	return plain.Load()
}

// wantsTLS reports whether the peer answers to the first message of TLS.
func (p *peer) wantsTLS(ctx context.Context) bool {
	if p.options.TLS != nil {
		return false
	}
	nc, end, err := p.raw(ctx)
	if err != nil {
		return false
	}
	defer end()
	// A peer that wants our certificate may go without a word, as Python does,
	// but shows its own before.
	shown := false
	err = tls.Client(nc, &tls.Config{
		InsecureSkipVerify: true, // nothing will be sent
		VerifyConnection:   func(tls.ConnectionState) error { shown = true; return nil },
		ServerName:         p.target.addr.Host,
	}).HandshakeContext(ctx)
	return shown || strings.Contains(err.Error(), "remote error: ")
}

func (p *peer) answersHTTP(ctx context.Context) bool {
	if p.options.TLS != nil {
		return false
	}
	nc, end, err := p.raw(ctx)
	if err != nil {
		return false
	}
	defer end()
	if _, err := io.WriteString(nc, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		return false
	}
	start := make([]byte, len("HTTP/"))
	_, err = io.ReadFull(nc, start)
	return err == nil && string(start) == "HTTP/"
}

// raw connects to the peer until ctx ends, or end is called.
func (p *peer) raw(ctx context.Context) (nc net.Conn, end func(), err error) {
	network, at := "tcp", net.JoinHostPort(p.target.addr.Host, strconv.Itoa(int(p.target.addr.Port)))
	if p.target.addr.Scheme == "ipc" {
		network, at = "unix", p.target.addr.Path
	}
	nc, err = new(net.Dialer).DialContext(ctx, network, at)
	if err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = nc.Close() })
	return nc, func() {
		stop()
		_ = nc.Close()
	}, nil
}
