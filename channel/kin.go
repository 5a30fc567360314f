package channel

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/transport"
)

// Kin is what is known about the software of a peer. Two gomas tell each other
// more than Python's aiomas would understand: calls that are given up, and how
// long a caller waits. They recognise each other by a mark on the first
// messages, which means nothing to others; see [codec.Marker].
type Kin uint32

// Only messages of up to longestMarked bytes are marked, so that a mark does
// not take one beyond the limit of the peer. markRoom is by how much it may
// lengthen one.
const (
	longestMarked = 4096
	markRoom      = 8
)

// The kinds of peers.
const (
	Unknown  Kin = iota // nothing that tells has been received yet
	Stranger            // another software, such as Python's aiomas, as far as one can tell
	Gomas
)

// Kin returns what is known about the software of the peer.
func (c *Conn) Kin() Kin { return Kin(c.kin.Load()) }

// A Greeter is a [Dispatcher] that has something to tell peers that are gomas,
// once, and wants to know what they tell.
type Greeter interface {
	// Greeting returns what to tell, nil for nothing. So is what cannot be
	// encoded, or is too long for a message.
	Greeting() any
	// Greeted is called with what the peer tells, valid until it returns: null
	// if it tells nothing. An error ends the connection.
	//
	// Both are called on the goroutine that reads the connection: they must
	// not block.
	Greeted(content codec.Raw) error
}

// version is the version of what two gomas tell each other.
const version = 1

// mayMark reports whether a message of n bytes is to be marked.
func (c *Conn) mayMark(n int) bool {
	return c.marker != nil && c.Kin() == Unknown && n <= longestMarked && n+markRoom <= c.options.Limits.Frame
}

// recognise finds out about the peer from a message of it.
func (c *Conn) recognise(h codec.Header, message []byte) error {
	switch {
	case c.Kin() == Gomas:
		return nil
	case h.Kind == codec.Hello && c.marked.Load(), c.marker != nil && c.marker.Marked(message):
		return c.greet()
	case len(message) <= longestMarked:
		// Also of a gomas if its limit left no room for a mark. Its Hello, if
		// it has seen a mark of ours, will then put that right.
		c.kin.Store(uint32(Stranger))
	}
	return plain(h)
}

// greet tells a peer that is gomas that this end is, too.
func (c *Conn) greet() error {
	var content any
	if g, ok := c.dispatch.(Greeter); ok {
		content = g.Greeting()
	}
	h := codec.Header{Kind: codec.Hello, ID: version}
	f, err := c.encode(h, content)
	if err != nil {
		if f, err = c.encode(h, nil); err != nil {
			return err
		}
	}
	c.link.Send(f, transport.Leave)
	// Now, because what is sent from here on has no mark: the peer must have
	// been told before.
	c.kin.Store(uint32(Gomas))
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(c.calls.abandoned)) {
		c.sayCancel(id) // given up before
	}
	return nil
}

// plain checks that a message is one that all software knows.
func plain(h codec.Header) error {
	switch {
	case h.Kind > codec.Failure:
		return &codec.SyntaxError{Msg: fmt.Sprintf("unknown message type %d", h.Kind)}
	case h.Left > 0:
		return &codec.SyntaxError{Msg: "message of 4 items, not 3"}
	}
	return nil
}

// hello takes what the peer tells, once.
func (c *Conn) hello(content codec.Raw) error {
	if c.hailed {
		return errors.New("second hello")
	}
	c.hailed = true
	if g, ok := c.dispatch.(Greeter); ok {
		return g.Greeted(content)
	}
	return nil
}

// cancelled is told of a request that the peer has given up. It may have been
// answered meanwhile.
func (c *Conn) cancelled(id uint64) {
	c.mu.Lock()
	r := c.requests.find(id)
	c.mu.Unlock()
	if r != nil {
		r.giveUp(ErrGivenUp)
	}
}

// sayCancel tells the peer that a request that was sent has been given up.
// c.mu is held.
func (c *Conn) sayCancel(id uint64) {
	if c.Kin() != Gomas || c.err != nil {
		return
	}
	if f, err := c.encode(codec.Header{Kind: codec.Cancel, ID: id}, nil); err == nil {
		// Without waiting for room: there is one at most for each request
		// that went out, and it is short.
		c.link.Send(f, transport.Leave)
	}
}
