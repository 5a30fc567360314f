package channel

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/internal/value"
	"github.com/gomas/gomas/transport"
	"github.com/gomas/gomas/turn"
)

// Ask sends a request and returns the content of the reply.
func Ask[T any](ctx context.Context, c *Conn, content any) (reply T, err error) {
	err = c.Ask(ctx, content, &reply)
	return reply, err
}

// Parser is implemented by replies for [Conn.Ask] that decode the content
// themselves. It shares the memory of the message.
type Parser interface {
	Parse(content codec.Raw, c codec.Codec, types *codec.Types) error
}

// Ask sends a request and stores the content of the reply in what reply
// points to; nil drops it, and a [Parser] decodes it. The request is encoded before Ask waits, so content
// may change afterwards.
//
// If ctx ends before the reply has come, Ask returns at once. The peer may
// have executed the request all the same; its reply is dropped.
func (c *Conn) Ask(ctx context.Context, content, reply any) error {
	if err := turn.Err(ctx); err != nil {
		return err
	}
	c.lookUp()
	limit := c.limit(ctx)
	p, err := c.request(ctx, content, limit)
	if err != nil {
		return err
	}
	id := p.id
	if c.lead.is(byNobody) && p.state.Load()&mayRead == 0 {
		c.attended()
	}
	if err := p.wait.Block(ctx, p); err != nil {
		// p may be in the hands of whoever completes it.
		c.giveUp(id)
		if err == errLate {
			return &TimeoutError{c.origin, limit.after}
		}
		return err
	}
	kind, raw, f := p.kind, p.content(), p.frame
	*p = call{}
	callPool.Put(p)
	defer f.Free()
	if kind == codec.Failure {
		if err := c.late(ctx, limit); err != nil {
			return err
		}
		var v any
		if err := c.parse(raw, &v); err != nil {
			return err
		}
		return remoteError(c.origin, v, c.options.Errors)
	}
	if reply == nil {
		return nil
	}
	return c.parse(raw, reply)
}

// request sends a request, now or as soon as there is room, and returns the
// call that waits for the reply.
func (c *Conn) request(ctx context.Context, content any, limit limit) (*call, error) {
	wait, err := turn.Begin(ctx, c.turn)
	if err != nil {
		return nil, err
	}
	p := callPool.Get().(*call)
	borrowed, _ := content.(*value.Message)
	if borrowed != nil {
		content = &borrowed.Call
	}
	if m, ok := content.(*codec.Call); ok {
		p.service, p.name = m.Service, m.Name
	}
	p.wait, p.end, p.conn = wait, limit.end, c
	done := endOf(ctx)
	c.mu.Lock()
	if c.err != nil {
		err := c.unsent()
		c.mu.Unlock()
		wait.Drop()
		return nil, err
	}
	p.same = done == nil || done == c.lastDone
	c.lastDone = done
	if p.same && c.lead.is(byNobody) && wait.With(p) {
		p.state.Store(mayRead)
	}
	c.calls.add(p)
	c.watch(limit.end)
	id := p.id
	c.mu.Unlock()

	sent := false
	defer func() { // also if a marshaler of the user's panics
		if !sent {
			c.mu.Lock()
			c.calls.forget(id)
			c.mu.Unlock()
			wait.Drop()
		}
	}()
	f, err := c.encode(codec.Header{Kind: codec.Request, ID: id, Left: c.left(ctx, limit)}, content)
	if err != nil {
		return nil, err
	}
	if borrowed != nil {
		borrowed.GiveBack()
	}
	sent = true
	effort := transport.Try
	if limit.end == 0 {
		effort = effortOf(ctx)
	}
	c.hand(p, f, effort)
	return p, nil
}

// effortOf returns what a sender with ctx may do for the writing: without a turn to
// give up and an end to the waiting, nothing is lost if it waits for the peer.
func effortOf(ctx context.Context) transport.Effort {
	if turn.From(ctx) == nil && ctx.Done() == nil {
		return transport.Write
	}
	return transport.Try
}

// hand has the request of a call sent, or queued.
func (c *Conn) hand(p *call, f *transport.Frame, effort transport.Effort) {
	if c.hasRoom() {
		c.link.Send(f, effort)
		if p.state.Or(handed)&expired != 0 {
			c.mu.Lock()
			c.sayCancel(p.id)
			c.mu.Unlock()
		}
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if p.state.Or(handed)&expired != 0 {
		c.calls.forget(p.id)
		f.Free()
		return
	}
	c.queue(waiting{frame: f, call: p.id})
}

// giveUp forgets a call whose caller does not wait for the reply any more.
func (c *Conn) giveUp(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.unqueue(id) && c.calls.abandon(id) {
		c.sayCancel(id)
	}
}

// unsent is the error for a request that was not sent because the connection
// has ended, nil if it has not. c.mu is held.
func (c *Conn) unsent() error {
	if c.err == nil || errors.Is(c.err, ErrClosed) {
		return c.err
	}
	lost := &LostError{Addr: c.origin, Err: c.err, Unsent: true}
	if l, ok := c.err.(*LostError); ok {
		lost.Err = l.Err
	}
	return lost
}

// parse decodes what the peer sent. An error of the format ends the
// connection.
func (c *Conn) parse(raw codec.Raw, v any) error {
	var err error
	if p, ok := v.(Parser); ok {
		err = p.Parse(raw, c.options.Codec, c.options.Types)
	} else {
		err = c.options.Codec.Parse(raw, v, c.options.Types)
	}
	if err == nil {
		codec.Own(v)
		return nil
	}
	if isSyntax(err) {
		err = &ProtocolError{c.origin, err}
		c.end(err, 0)
		return err
	}
	return fmt.Errorf("channel: reply of %s: %w", c.origin, err)
}

// encode makes a frame of a message.
func (c *Conn) encode(h codec.Header, content any) (*transport.Frame, error) {
	size := value.Size(content)
	plain := transport.NewFrameFor(size)
	f := plain
	var err error
	if c.splitter != nil && size >= codec.LongText {
		err = c.split(plain, h, content)
	} else {
		plain.B, err = c.envelope.AppendMessage(plain.B, h, content, c.options.Types)
	}
	if err == nil && c.mayMark(plain.Size()-transport.HeaderSize) {
		plain.B = c.marker.Mark(plain.B, transport.HeaderSize)
		c.marked.Store(true)
	}
	if err == nil && c.packer != nil {
		f = transport.NewFrameFor(plain.Size())
		f.B, err = c.packer.Pack(f.B, plain.Payload())
		plain.Free()
	}
	if err != nil {
		// The frame is not freed: a codec that fails may return no bytes.
		return nil, fmt.Errorf("channel: %w", err)
	}
	if n := f.Size() - transport.HeaderSize; n > c.options.Limits.Frame || uint64(n) > math.MaxUint32 {
		f.Free()
		return nil, fmt.Errorf("channel: %v of %d bytes, limit %d", h.Kind, n, c.options.Limits.Frame)
	}
	return f, nil
}

// split makes a frame of a message with a long text, which is left outside if
// that is possible.
func (c *Conn) split(f *transport.Frame, h codec.Header, content any) error {
	b, at, text, err := c.splitter.AppendSplit(f.B, h, content, c.options.Types)
	f.B = b
	switch {
	case err != nil || text == "":
	case at < transport.HeaderSize || at > len(b):
		err = fmt.Errorf("the codec leaves out a text at place %d of %d", at, len(b))
	default:
		f.Insert(at, text)
	}
	return err
}
