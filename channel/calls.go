package channel

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/transport"
	"github.com/gomas/gomas/turn"
)

// call is a request of ours that waits for its reply.
type call struct {
	id    uint64
	wait  turn.Wait
	limit limit
	told  bool // nobody waits
	state atomic.Uint32

	// For reports of what is waited for.
	conn  *Conn
	asked any

	// The reply, set before the wait is woken.
	kind    codec.Kind
	content codec.Raw
	frame   *transport.Frame // holds content
}

// String is what reports call the reply.
func (p *call) String() string {
	text := "the reply of " + p.conn.origin
	if c, ok := p.asked.(*codec.Call); ok {
		text += " to " + c.Path()
	}
	return text
}

// Turn tells a local network whose end ends the waiting.
func (p *call) Turn() turn.Turn { return p.conn.turn }

// What has happened to a call: a request whose time is over may be on its way
// still, and only then is the peer to be told.
const (
	handed  = 1 << iota // its request has been sent, or queued
	expired             // its time is over
)

var callPool = sync.Pool{New: func() any { return new(call) }}

// calls are those under way, found by id. Ids come one after another, so a
// ring that is larger than the number under way has nearly all of them at
// their place; a call that outlives a whole round moves to the map.
type calls struct {
	next uint64
	ring []*call // length a power of two
	slow map[uint64]*call
	n    int // in both

	// Ids of calls given up whose replies have not come. Below horizon they
	// have been forgotten, and any reply counts as late.
	abandoned map[uint64]struct{}
	horizon   uint64
}

// maxAbandoned is how many calls that were given up are remembered one by one.
const maxAbandoned = 1 << 16

// add gives c the next id.
func (t *calls) add(c *call) {
	if 2*(t.n-len(t.slow)) >= len(t.ring) && len(t.ring) < 1<<16 {
		t.grow()
	}
	c.id = t.next
	t.next++
	t.n++
	slot := &t.ring[c.id&uint64(len(t.ring)-1)]
	if old := *slot; old != nil {
		if t.slow == nil {
			t.slow = make(map[uint64]*call)
		}
		t.slow[old.id] = old
	}
	*slot = c
}

func (t *calls) grow() {
	old := t.ring
	t.ring = make([]*call, max(8, 2*len(old)))
	for _, c := range old {
		if c != nil {
			t.ring[c.id&uint64(len(t.ring)-1)] = c
		}
	}
}

// take removes the call with an id; nil if it is not under way.
func (t *calls) take(id uint64) *call {
	if len(t.ring) > 0 {
		slot := &t.ring[id&uint64(len(t.ring)-1)]
		if c := *slot; c != nil && c.id == id {
			*slot = nil
			t.n--
			return c
		}
	}
	c := t.slow[id]
	if c != nil {
		delete(t.slow, id)
		t.n--
	}
	return c
}

// abandon removes a call that the caller has given up, and expects its reply
// nevertheless. It reports whether the call was still there.
func (t *calls) abandon(id uint64) bool {
	if t.take(id) == nil {
		return false
	}
	if len(t.abandoned) >= maxAbandoned {
		clear(t.abandoned)
		t.horizon = t.next
		return true
	}
	if t.abandoned == nil {
		t.abandoned = make(map[uint64]struct{})
	}
	t.abandoned[id] = struct{}{}
	return true
}

// forget removes a call that was not sent, whose reply will never come.
func (t *calls) forget(id uint64) {
	t.take(id)
	delete(t.abandoned, id)
}

// late reports whether a reply to an id that is not under way belongs to a
// call that was given up. It does so once.
func (t *calls) late(id uint64) bool {
	if _, ok := t.abandoned[id]; ok {
		delete(t.abandoned, id)
		return true
	}
	return id < t.horizon
}

// expire abandons the calls whose time is over at now, and returns them in
// order of their ids, with the earliest end of the others, 0 if none has one.
func (t *calls) expire(now time.Duration) (expired []*call, next time.Duration) {
	look := func(c *call) {
		switch {
		case c == nil || c.limit.end == 0:
		case c.limit.end <= now:
			expired = append(expired, c)
		case next == 0 || c.limit.end < next:
			next = c.limit.end
		}
	}
	for _, c := range t.ring {
		look(c)
	}
	for _, c := range t.slow {
		look(c)
	}
	byID(expired)
	for _, c := range expired {
		t.abandon(c.id)
	}
	return expired, next
}

func byID(calls []*call) {
	slices.SortFunc(calls, func(a, b *call) int { return cmp.Compare(a.id, b.id) })
}

// takeAll removes all calls and returns them in order of their ids.
func (t *calls) takeAll() []*call {
	all := make([]*call, 0, t.n)
	for _, c := range t.ring {
		if c != nil {
			all = append(all, c)
		}
	}
	for _, c := range t.slow {
		all = append(all, c)
	}
	t.ring, t.slow, t.n = nil, nil, 0
	byID(all)
	return all
}
