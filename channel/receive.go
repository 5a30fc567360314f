package channel

import (
	"errors"
	"fmt"
	"io"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/transport"
)

// receiver is the side of a connection that its link reports to.
type receiver Conn

var errSlowPeer = errors.New("the peer sends requests and does not read the replies")

func (r *receiver) Receive(f *transport.Frame) (left bool) {
	c := (*Conn)(r)
	message, err := c.unpack(f)
	if err == nil {
		left, err = c.receive(message)
	}
	switch {
	case err == nil && message != f:
		f.Free()
	case err != nil && message != f:
		message.Free()
	}
	switch {
	case err == nil:
		return left
	case c.lead.is(byCaller): // who takes care of replies only
		c.lead.link.PutBack(f)
		c.resume()
		return true
	}
	f.Free()
	c.end(&ProtocolError{c.origin, err}, 0)
	return false
}

// unpack returns a frame of the message in f, which may be f.
func (c *Conn) unpack(f *transport.Frame) (message *transport.Frame, err error) {
	if c.packer == nil {
		return f, nil
	}
	message = transport.NewFrameFor(len(f.Payload()))
	if message.B, err = c.packer.Unpack(message.B, f.Payload(), c.options.Limits.Frame); err != nil {
		return f, err // without freeing the other: a codec that fails may return no bytes
	}
	return message, nil
}

// errNoReply is returned by receive, to a caller that reads, for what it is not to
// take care of: others may be called for that, and take their time.
var errNoReply = errors.New("neither a result nor a failure")

// receive takes over f if it returns no error. It reports whether another
// goroutine reads by now.
func (c *Conn) receive(f *transport.Frame) (left bool, err error) {
	if !c.heard.Load() {
		c.heard.Store(true)
	}
	h, content, err := c.envelope.ScanMessage(f.Payload())
	if err != nil {
		return false, err
	}
	isReply := h.Kind == codec.Result || h.Kind == codec.Failure
	if c.lead.is(byCaller) && (!isReply || c.Kin() != Gomas && c.marker != nil && c.marker.Marked(f.Payload())) {
		return false, errNoReply // or one with which the peer shows who it is
	}
	if err := c.recognise(h, f.Payload()); err != nil {
		return false, err
	}
	if most := c.options.Limits.Depth; most > 0 && most < codec.MaxDepth {
		if d, ok := c.options.Codec.(codec.DepthChecker); ok {
			if err := d.CheckDepth(content, most); err != nil {
				return false, err
			}
		}
	}
	switch h.Kind {
	case codec.Request:
		return c.take(h, f, content)
	case codec.Cancel:
		c.cancelled(h.ID)
		f.Free()
		return false, nil
	case codec.Hello:
		if err := c.hello(content); err != nil {
			return false, err
		}
		f.Free()
		return false, nil
	}
	c.mu.Lock()
	p := c.calls.take(h.ID)
	others := c.calls.n > 0
	unexpected := p == nil && !c.calls.late(h.ID) && c.err == nil
	c.mu.Unlock()
	switch {
	case unexpected:
		return false, fmt.Errorf("%v for request %d, which is not waiting for one", h.Kind, h.ID)
	case p == nil:
		f.Free()
	case p.told():
		c.heardOf(h.Kind, content, f)
	default:
		wait := p.wait
		p.answer(h.Kind, content, f)
		if p.state.Load()&mayRead != 0 {
			p.state.Or(answered)
		}
		left = c.leave(p, others)
		if f := p.frame; !wait.Wake(nil) {
			f.Free()
		}
		return left, nil
	}
	return false, nil
}

// take accepts a request or refuses it.
func (c *Conn) take(h codec.Header, f *transport.Frame, content codec.Raw) (resumed bool, err error) {
	if c.ended.Load() { // and takers may be told so: none is used again
		f.Free()
		return false, nil
	}
	c.lead.disturbed()
	size := len(f.B)
	t := c.dispatch.Taker()
	c.mu.Lock()
	var refusal *Error
	limits := &c.options.Limits
	switch {
	case c.err != nil:
		c.mu.Unlock()
		f.Free()
		return false, nil
	case c.draining:
		refusal = &Error{"ConnectionError", "this end is shutting down"}
	case c.requests.n >= limits.Requests:
		refusal = &Error{"OverloadError", fmt.Sprintf("%d requests under way on this connection, limit %d", c.requests.n, limits.Requests)}
	case c.requests.bytes+size > limits.RequestBytes && c.requests.n > 0:
		refusal = &Error{"OverloadError", fmt.Sprintf("requests of %d bytes under way on this connection, limit %d", c.requests.bytes, limits.RequestBytes)}
	default:
		r := t.Request()
		r.conn, r.taker, r.id, r.frame, r.content, r.size, r.left = c, t, h.ID, f, content, size, h.Left
		c.requests.add(r)
		c.mu.Unlock()
		t.Take()
		r.taken()
		return r.lost, nil
	}
	c.mu.Unlock()
	if c.link.Full() {
		return false, errSlowPeer
	}
	answer, err := c.encode(codec.Header{Kind: codec.Failure, ID: h.ID}, c.failure(refusal))
	if err != nil {
		return false, err
	}
	f.Free()
	c.link.Send(answer, transport.Leave)
	return false, nil
}

// done is told of each request that gets its answer. c.mu is held.
func (c *Conn) done(r *Request) {
	if c.requests.remove(r) && c.requests.n == 0 && c.idle != nil {
		c.idle.Set(nil)
	}
}

func (r *receiver) Closed(err error) {
	c := (*Conn)(r)
	var frame *transport.FrameError
	switch {
	case err == nil:
		err = ErrClosed
	case errors.As(err, &frame):
		err = &ProtocolError{c.origin, err}
	case errors.Is(err, io.EOF):
		err = &LostError{Addr: c.origin, Err: errClosedByPeer}
	default:
		err = &LostError{Addr: c.origin, Err: err}
	}
	c.end(err, 0)
	if c.onGone != nil {
		c.onGone()
	}
	c.gone.Set(nil)
}

// errClosedByPeer is io.EOF in words.
var errClosedByPeer = fmt.Errorf("closed by the peer: %w", io.EOF)
