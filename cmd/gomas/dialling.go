package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/blosc"
	"github.com/gomas/gomas/codec/json"
	"github.com/gomas/gomas/codec/msgpack"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport"
)

// Dialling has the flags of the commands that call a peer.
type Dialling struct {
	Wire
	Timeout time.Duration `default:"10s" help:"How long to wait for the connection, of which a TLS handshake may take half, and for each answer; 0 is for ever."`
}

// Wire has the flags for what travels on a connection.
type Wire struct {
	Codec string `enum:"json,msgpack,blosc" default:"json" help:"The format of the messages, which must be the peer's: ${enum}."`
	CA    string `name:"ca" type:"path" placeholder:"FILE" help:"For TLS: the certificates of the authorities to trust. The three belong together."`
	Cert  string `type:"path" placeholder:"FILE" help:"For TLS: our certificate."`
	Key   string `type:"path" placeholder:"FILE" help:"For TLS: the private key of our certificate."`
}

// codecs are the formats by the names that users give them.
var codecs = map[string]codec.Codec{"json": json.Codec{}, "msgpack": msgpack.Codec{}, "blosc": blosc.Codec{}}

// tls returns what the flags say about TLS, nil if there shall be none.
func (w *Wire) tls() (*transport.TLS, error) {
	if w.CA == "" && w.Cert == "" && w.Key == "" {
		return nil, nil
	}
	for _, f := range []struct{ flag, name string }{{"--ca", w.CA}, {"--cert", w.Cert}, {"--key", w.Key}} {
		if f.name == "" {
			return nil, usageError("gomas certs make writes these files", "TLS needs --ca, --cert and --key, and %s is missing", f.flag)
		}
	}
	if _, err := readCertificates(w.CA); err != nil {
		return nil, usageError("", "--ca: %w", err)
	}
	for _, name := range []string{w.Cert, w.Key} {
		if _, err := os.ReadFile(name); err != nil {
			return nil, usageError("", "%w", err)
		}
	}
	if _, err := tls.LoadX509KeyPair(w.Cert, w.Key); err != nil {
		return nil, usageError("", "--cert %s with --key %s: %w", w.Cert, w.Key, err)
	}
	return &transport.TLS{CA: w.CA, Cert: w.Cert, Key: w.Key}, nil
}

// peer is a connection to a target.
type peer struct {
	*rpc.Conn
	target  target
	flags   *Dialling
	options rpc.Options
}

// dial connects to a target. The peer must be closed.
func (d *Dialling) dial(ctx context.Context, t target) (*peer, error) {
	if d.Timeout < 0 {
		return nil, usageError("", "--timeout must not be negative; 0 is for ever")
	}
	secure, err := d.tls()
	if err != nil {
		return nil, err
	}
	types, err := foreignTypes()
	if err != nil {
		return nil, err
	}
	p := &peer{target: t, flags: d, options: rpc.Options{
		Codec: codecs[d.Codec], Types: types, Timeout: d.Timeout, TLS: secure,
		Limits: channel.Limits{Handshake: d.Timeout / 2}, // the rest is for saying what is wrong
	}}
	soon, cancel := d.bounded(ctx)
	defer cancel()
	if p.Conn, err = p.connect(soon); err == nil {
		return p, nil
	}
	return nil, p.dialFailure(ctx, err)
}

// connect dials. A peer without TLS takes the start of a handshake for that of
// a very long frame, and may wait for the rest; so one that keeps us waiting is
// looked at meanwhile.
func (p *peer) connect(ctx context.Context) (*rpc.Conn, error) {
	if p.options.TLS == nil {
		return rpc.Dial(ctx, p.target.addr.String(), nil, &p.options)
	}
	dialling, cancel := context.WithCancelCause(ctx)
	var looking sync.WaitGroup
	defer looking.Wait()
	defer cancel(nil)
	looking.Go(func() {
		select {
		case <-dialling.Done():
		case <-time.After(glance):
			if p.answersPlainly(dialling) {
				cancel(&failure{codeForeign, fmt.Errorf("%s answers without TLS, and not with", p.target.addr), hintPlain})
			}
		}
	})
	return rpc.Dial(dialling, p.target.addr.String(), nil, &p.options)
}

// bounded returns a context for connecting.
func (d *Dialling) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if d.Timeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, d.Timeout)
}

// dialFailure says why there is no connection, and what to do.
func (p *peer) dialFailure(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errInterrupted
	}
	addr, isTCP := p.target.addr, p.target.addr.Scheme == "tcp"
	if f := failureOf(err); f.code == codeForeign || f.code == codeUsage {
		return f
	}
	if p.options.TLS != nil && p.answersPlainly(ctx) {
		return &failure{codeForeign, err, hintPlain}
	}
	if ctx.Err() != nil {
		return errInterrupted
	}
	hint := "is the peer running? gomas ping --wait 30s waits for it"
	_, noName := errors.AsType[*net.DNSError](err)
	_, noHandshake := errors.AsType[*transport.TimeError](err)
	switch {
	case noHandshake:
		hint = "something is there, but does not answer to TLS: is the address right, and does the peer use TLS?"
	case errors.Is(err, context.DeadlineExceeded):
		hint = fmt.Sprintf("nothing answers there within %v: a wrong address, a firewall or a machine that is off", p.flags.Timeout)
	case noName:
		hint = fmt.Sprintf("check the name %s, or give the address in numbers", addr.Host)
	case errors.Is(err, os.ErrPermission):
		hint = "this user may not use the socket"
	case !isTCP && errors.Is(err, os.ErrNotExist):
		hint = "there is no such socket: is the peer running, and the path right?"
	}
	return &failure{codeUnreachable, err, hint}
}

// explain finds out more about the failure of a call. If nothing that makes
// sense has come from the peer yet, it is looked at.
func (p *peer) explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return errInterrupted
	}
	if p.Channel().Kin() != channel.Unknown || !isSilence(err) {
		return err
	}
	what, hint := p.identify(ctx)
	switch {
	case ctx.Err() != nil:
		return errInterrupted
	case what != "":
		return &failure{codeForeign, fmt.Errorf("%s is %s (%w)", p.target.addr, what, err), hint}
	}
	return err
}

// isSilence reports whether a call failed without a word from the peer that
// tells why.
func isSilence(err error) bool {
	var (
		lost     *channel.LostError
		timeout  *channel.TimeoutError
		protocol *channel.ProtocolError
	)
	if errors.As(err, &protocol) || errors.As(err, &timeout) {
		return true
	}
	return errors.As(err, &lost) && failureOf(err).code == codeUnreachable // and not for a certificate
}
