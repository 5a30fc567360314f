package channel

import (
	"context"

	"github.com/gomas/gomas/transport"
)

// Kept says what a connection keeps of what was begun and is not over.
type Kept struct {
	Asks, Abandoned int // of ours
	Requests        int // of the peer's, and their bytes
	Bytes           int
	Waiting         int // for room in the output, or for a request
}

// Kept returns what c keeps.
func (c *Conn) Kept() Kept {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := Kept{
		Asks: c.calls.n, Abandoned: len(c.calls.abandoned),
		Requests: c.requests.n, Bytes: c.requests.bytes,
		Waiting: len(c.room),
	}
	if c.inbox != nil {
		c.inbox.mu.Lock()
		defer c.inbox.mu.Unlock()
		k.Waiting += len(c.inbox.waits)
	}
	return k
}

// Over starts a connection over a link.
func Over(link transport.Link, accept func(*Conn) Dispatcher, opts *Options) *Conn {
	c := newConn(link, opts, true, accept)
	c.start()
	return c
}

// Who reads a connection.
const (
	ByLink   = byLink
	ByNobody = byNobody
	ByCaller = byCaller
)

// Reads says who reads c.
func (c *Conn) Reads() uint64 { return c.lead.state.Load() & 3 }

// RunAnswered has a caller read whose reply has come already.
func (c *Conn) RunAnswered() {
	p := &call{conn: c}
	p.state.Store(mayRead | answered)
	p.Run(context.Background())
}
