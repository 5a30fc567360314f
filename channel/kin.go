package channel

import (
	"fmt"
	"maps"
	"slices"

	"github.com/gomas/gomas/codec"
)

// Kin is what is known about the software of a peer. Two gomas tell each other
// more than Python's aiomas would understand: calls that are given up, and how
// long a caller waits. They recognise each other by a mark on the first
// messages, which means nothing to others; see [codec.Marker].
type Kin uint32

// Only messages of up to longestMarked bytes are marked and looked at, so that
// a mark never takes a message beyond the limit of the peer. markRoom is by how
// much it may lengthen one.
const (
	longestMarked = 4096
	markRoom      = 8
)

// The kinds of peers.
const (
	Unknown  Kin = iota // nothing that tells has been received yet
	Stranger            // another software, such as Python's aiomas
	Gomas
)

// Kin returns what is known about the software of the peer.
func (c *Conn) Kin() Kin { return Kin(c.kin.Load()) }

// A Greeter is a [Dispatcher] that has something to tell peers that are gomas,
// once, and wants to know what they tell.
type Greeter interface {
	// Greeting returns what to tell, nil for nothing.
	Greeting() any
	// Greeted is called with what the peer tells, valid until it returns. An
	// error ends the connection.
	//
	// Both are called on the goroutine that reads the connection: they must
	// not block.
	Greeted(content codec.Raw) error
}

// version is the version of what two gomas tell each other.
const version = 1

// meet notes the kind of a peer that has just been heard for the first time.
func (c *Conn) meet(gomas bool) {
	if !gomas {
		c.kin.Store(uint32(Stranger))
		return
	}
	var content any
	if g, ok := c.dispatch.(Greeter); ok {
		content = g.Greeting()
	}
	if f, err := c.encode(codec.Header{Kind: codec.Hello, ID: version}, content); err == nil {
		c.link.Send(f, false)
	}
	// Now, because what is sent from here on has no mark: the peer must have
	// been told before.
	c.kin.Store(uint32(Gomas))
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(c.calls.abandoned)) {
		c.sayCancel(id) // given up before
	}
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

// notice takes a message that is not answered.
func (c *Conn) notice(h codec.Header, content codec.Raw) error {
	if h.Kind == codec.Hello {
		if g, ok := c.dispatch.(Greeter); ok {
			return g.Greeted(content)
		}
		return nil
	}
	c.mu.Lock()
	r := c.requests.find(h.ID)
	c.mu.Unlock()
	if r != nil {
		r.taker.GivenUp(ErrGivenUp)
	}
	return nil
}

// sayCancel tells the peer that a request was given up. c.mu is held.
func (c *Conn) sayCancel(id uint64) {
	if c.Kin() != Gomas || c.err != nil {
		return
	}
	if f, err := c.encode(codec.Header{Kind: codec.Cancel, ID: id}, nil); err == nil {
		c.queue(waiting{frame: f})
	}
}
