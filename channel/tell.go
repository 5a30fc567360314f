package channel

import (
	"context"
	"errors"
	"log/slog"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/transport"
	"github.com/gomas/gomas/turn"
)

// maxTold is how many requests of Tell may be without a reply. Those who tell
// more wait like those who ask, or the peer would have to refuse them.
const maxTold = 1024

// Tell sends a request and does not wait for the reply, which is dropped; a
// failure is logged to [Options.Logger] at level warn, and so is nothing else.
// The peer sees no difference to [Conn.Ask].
//
// An error says that the request was not sent. Without one it may still be lost
// with the connection. If many requests are without a reply, or there is no
// room to send, Tell waits for the reply to this one; ctx bounds that, and
// nothing else.
func (c *Conn) Tell(ctx context.Context, content any) error {
	if err := turn.Err(ctx); err != nil {
		return err
	}
	c.lookUp()
	if c.told.Load() < maxTold && c.hasRoom() {
		return c.tell(content)
	}
	err := c.Ask(ctx, content, nil)
	var failure *RemoteError
	if errors.As(err, &failure) {
		c.logFailure(failure)
		return nil
	}
	return err
}

func (c *Conn) tell(content any) error {
	p := new(call)
	p.state.Store(unheeded)
	c.mu.Lock()
	if err := c.unsent(); err != nil {
		c.mu.Unlock()
		return err
	}
	c.calls.add(p)
	c.mu.Unlock()
	c.told.Add(1)
	sent := false
	defer func() { // also if a marshaler of the user's panics
		if !sent {
			c.told.Add(-1)
			c.mu.Lock()
			c.calls.take(p.id)
			c.mu.Unlock()
		}
	}()
	f, err := c.encode(codec.Header{Kind: codec.Request, ID: p.id}, content)
	if err != nil {
		return err
	}
	sent = true
	c.link.Send(f, transport.Leave)
	c.attended()
	return nil
}

// heardOf takes the reply to a request that nobody waits for, in f, which it takes
// over.
func (c *Conn) heardOf(kind codec.Kind, content codec.Raw, f *transport.Frame) {
	c.told.Add(-1)
	log := func() {
		var v any
		if err := c.parse(content, &v); err == nil {
			c.logFailure(remoteError(c.origin, v, c.options.Errors))
		}
		f.Free()
	}
	switch {
	case kind != codec.Failure || c.options.Logger == nil:
		f.Free()
	case c.lead.is(byCaller): // whom the logger must not hold up
		go log()
	default:
		log()
	}
}

func (c *Conn) logFailure(err *RemoteError) {
	c.log(slog.LevelWarn, "a request that nobody waits for has failed", "error", err)
}
