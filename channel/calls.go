package channel

import (
	"cmp"
	"math"
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
	id   uint64
	wait turn.Wait
	end  time.Duration // of its time, see [limit]; 0: none

	// For reports of what is waited for.
	conn          *Conn
	service, name string // if it is a call of a function

	state atomic.Uint32
	same  bool // its context ends with that of the last call, or ends the wait by itself

	// The reply, set before the wait is woken.
	kind  codec.Kind
	rear  uint8            // bytes after the content in the payload
	front uint8            // bytes before it
	frame *transport.Frame // holds content
}

// told reports whether nobody waits for the reply.
func (p *call) told() bool { return p.state.Load()&unheeded != 0 }

// answer sets the reply, and takes over f.
func (p *call) answer(kind codec.Kind, content codec.Raw, f *transport.Frame) {
	p.kind, p.frame = kind, f
	payload := f.Payload()
	for front := range min(len(payload), math.MaxUint8+1) {
		rear := len(payload) - front - len(content)
		if rear < 0 || len(content) == 0 {
			break
		}
		if &payload[front] == &content[0] && rear <= math.MaxUint8 {
			p.front, p.rear = uint8(front), uint8(rear)
			return
		}
	}
	// No codec of ours has its content elsewhere, and no peer of ours so much
	// around it.
	p.frame = transport.NewFrameFor(len(content))
	p.frame.B = append(p.frame.B, content...)
	p.front, p.rear = 0, 0
	f.Free()
}

// content returns the content of the reply, which the frame holds.
func (p *call) content() codec.Raw {
	payload := p.frame.Payload()
	return codec.Raw(payload[p.front : len(payload)-int(p.rear)])
}

// String is what reports call the reply.
func (p *call) String() string {
	text := "the reply of " + p.conn.origin
	if p.name != "" {
		text += " to " + (&codec.Call{Service: p.service, Name: p.name}).Path()
	}
	return text
}

// Turn tells a local network whose end ends the waiting.
func (p *call) Turn() turn.Turn { return p.conn.turn }

// What has happened to a call: a request whose time is over may be on its way
// still, and only then is the peer to be told.
const (
	handed   = 1 << iota // its request has been sent, or queued
	expired              // its time is over
	unheeded             // nobody waits for its reply
	mayRead              // its caller reads if nobody does, see [lead]
	reads                // and does
	answered             // and its reply has come
	stopped              // and its wait is over
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
	if t.n-len(t.slow) >= t.most() && len(t.ring) < 1<<16 {
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

// most is how many calls the ring is to hold: half of its length, so that they
// may end in any order, or three quarters of one that takes much memory.
func (t *calls) most() int {
	if n := len(t.ring); n < 1<<12 {
		return n / 2
	}
	return len(t.ring) / 4 * 3
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
		case c == nil || c.end == 0:
		case c.end <= now:
			expired = append(expired, c)
		case next == 0 || c.end < next:
			next = c.end
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
