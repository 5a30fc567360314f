package gomas

import (
	"context"

	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport"
)

// lines are what a container keeps for the others that it calls: a client for
// each. Those that are not connected any more are let go from time to time, since
// a container may meet any number of others in its life; a call to one of them
// makes another.
type lines struct {
	byAddr map[transport.Addr]*rpc.Client
	sweep  int // how many there are when those that are idle are let go next
}

// fewLines is how many lines are kept anyway.
const fewLines = 64

// full reports whether it is time to let idle ones go.
func (ls *lines) full() bool { return len(ls.byAddr) >= max(fewLines, ls.sweep) }

// letGo forgets those that are idle. It looks at all, so it waits until there are
// twice as many as are left.
func (ls *lines) letGo(ctx context.Context) {
	for addr, l := range ls.byAddr {
		if l.CloseIdle(ctx) {
			delete(ls.byAddr, addr)
		}
	}
	ls.sweep = 2 * len(ls.byAddr)
}

// line returns what the container keeps for an address, and makes it if there
// is nothing. It may be closed if it is not used at once; see keeps.
func (c *Container) line(ctx context.Context, addr transport.Addr) (*rpc.Client, error) {
	c.mu.RLock()
	l := c.lines.byAddr[addr]
	c.mu.RUnlock()
	if l != nil {
		return l, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if l := c.lines.byAddr[addr]; l != nil {
		return l, nil
	}
	if c.closed {
		return nil, ErrClosed
	}
	l, err := rpc.NewClient(addr.String(), c.root, &c.conn)
	if err != nil {
		return nil, err
	}
	l.BindTo(c.peer(addr))
	if c.by != nil {
		l.DialIn(c.free)
	}
	if c.lines.full() {
		c.lines.letGo(ctx)
	}
	c.lines.byAddr[addr] = l
	return l, nil
}

// keeps reports whether a line is still that for an address, or none can be
// made any more. Otherwise it was let go.
func (c *Container) keeps(addr transport.Addr, l *rpc.Client) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.closed || c.lines.byAddr[addr] == l
}
