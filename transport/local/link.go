package local

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"
	"time"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/internal/world"
	"github.com/gomas/gomas/transport"
	"github.com/gomas/gomas/turn"
)

// link is a connection between two containers, or of one with itself.
type link struct {
	net  *Network
	id   int
	ends [2]end // that of the one who dialled is the first

	mu    sync.Mutex // guards all of both ends
	gone  bool       // given up while it was being made
	at    *listener  // that has accepted it, nil: none
	ended int        // ends for which all is over
}

// end is one end of a link. What is on its way to it stands in a queue; the end
// itself is in the queue of the world as often as there are frames that may be
// delivered.
type end struct {
	link   *link
	peer   *end
	node   *node
	local  transport.Addr
	remote transport.Addr
	codec  codec.Codec // nil before it is known
	way    *direction  // of what comes in

	receiver transport.Receiver // nil before Start
	limits   transport.Limits
	held     held // the first of what is on its way: what does not arrive at once
	queue    []packet
	head     int
	queued   int  // bytes on their way here
	arrived  int  // packets whose time came when they could not be delivered
	full     bool // the other end is owed a Drained
	closing  bool // by Close
	finished bool // the receiver knows that all is over, or is about to
	left     bool // and the link has been told; guarded by the mutex of the network
	reason   error
	heard    time.Duration
	calls    map[uint64]string // paths of requests that came in, if they are recorded
}

// packet is a frame on its way, or the end of all frames.
type packet struct {
	frame *transport.Frame // nil: the end
	sent  time.Duration
}

// ErrReset is what happened to a connection that broke.
var ErrReset = fmt.Errorf("local: %w", syscall.ECONNRESET)

var errTurnedAway = io.EOF // as a socket that is closed at once

// newLink makes a link that nobody has accepted yet.
func (n *Network) newLink(from *node, to transport.Addr, there, back *direction) *end {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.made++
	l := &link{net: n, id: n.made}
	near, far := &l.ends[0], &l.ends[1]
	here := transport.Addr{Scheme: to.Scheme, Host: from.id}
	*near = end{link: l, peer: far, node: from, local: here, remote: to, way: back}
	*far = end{link: l, peer: near, local: to, remote: here, way: there}
	return near
}

// place gives the link to who has accepted it.
func (l *link) place(at *listener) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.at = at
	l.ends[1].node = at.node
}

// abandon gives up a link that is being made. If it has been accepted, the other
// end learns that.
func (e *end) abandon() {
	e.link.mu.Lock()
	e.link.gone = true
	accepted := e.link.at != nil
	e.link.mu.Unlock()
	if accepted {
		e.link.reset(ErrReset)
		e.leave(ErrReset) // it has no receiver, who would be told
	}
}

func (l *link) abandoned() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.gone
}

// Turn is the turn of what belongs to no agent of the container; see
// [transport.TurnOf].
func (e *end) Turn() turn.Turn { return e.node.Free() }

// Speaks tells the end the format of the frames, for the trace.
func (e *end) Speaks(c codec.Codec) { e.codec = c }

func (e *end) LocalAddr() transport.Addr { return e.local }

func (e *end) RemoteAddr() transport.Addr { return e.remote }

func (e *end) Start(r transport.Receiver, limits transport.Limits) {
	l := e.link
	l.mu.Lock()
	e.receiver, e.limits = r, limits
	e.heard = l.net.Clock().Now()
	e.again()
	finished := e.finished
	l.mu.Unlock()
	if finished { // reset before
		l.net.world.Push(closed{e, e.reason})
	} else if limits.Idle > 0 {
		l.net.world.NewTimer(idle{e}).Set(e.heard + limits.Idle)
	}
}

// again puts what could not be delivered into the queue of the world. The link is
// locked.
func (e *end) again() {
	for ; e.arrived > 0; e.arrived-- {
		e.link.net.world.Push(e)
	}
}

// Send implements [transport.Link]. It never waits.
func (e *end) Send(f *transport.Frame, _ transport.Effort) {
	l, peer := e.link, e.peer
	n := l.net
	f.Payload() // whole, as it arrives
	now := n.world.Clock().Now()
	l.mu.Lock()
	if e.closing || e.finished || peer.finished {
		l.mu.Unlock()
		f.Free()
		return
	}
	at, lost := peer.due(now, len(f.B))
	if lost {
		l.mu.Unlock()
		n.frame(peer, packet{f, now}, "lost, and the connection with it")
		f.Free()
		l.reset(ErrReset)
		return
	}
	peer.queued += len(f.B)
	peer.add(packet{f, now}, at > now)
	if peer.queued > e.limits.Output && e.limits.Output > 0 {
		peer.full = true
	}
	l.mu.Unlock()
	peer.expect(now, at)
}

// due returns when a packet that is sent now arrives, unless it gets lost. The
// link is locked.
func (e *end) due(now time.Duration, size int) (at time.Duration, lost bool) {
	if e.way == nil {
		return now, false
	}
	ok := false
	defer func() { // a function of the user's may panic
		if !ok {
			e.link.mu.Unlock()
		}
	}()
	at, lost = e.way.send(now, size)
	ok = true
	return at, lost
}

// expect has the end deliver one more packet at a time.
func (e *end) expect(now, at time.Duration) {
	w := e.link.net.world
	if at > now {
		w.NewTimer(e).Set(at)
	} else {
		w.Push(e)
	}
}

// Full implements [transport.Link].
func (e *end) Full() bool {
	e.link.mu.Lock()
	full := e.peer.full
	e.link.mu.Unlock()
	return full
}

// Happen implements [world.Event]: a packet can be delivered.
func (e *end) Happen() {
	l := e.link
	n := l.net
	apart := n.apart(e.remote.Host, e.local.Host)
	l.mu.Lock()
	if e.finished || e.empty() {
		l.mu.Unlock()
		return
	}
	if e.receiver == nil || apart {
		if e.arrived++; e.arrived > e.held.n {
			e.held.add(e.next())
		}
		l.mu.Unlock()
		return
	}
	p := e.take()
	e.heard = n.world.Clock().Now()
	if p.frame == nil {
		e.finished = true
		l.mu.Unlock()
		e.report(io.EOF)
		e.peer.over()
		return
	}
	e.queued -= len(p.frame.B)
	drained := e.full && e.queued <= e.peer.limits.Output
	if drained {
		e.full = false
	}
	deaf := e.closing
	size := len(p.frame.Payload())
	limit := e.limits.Frame
	l.mu.Unlock()
	n.frame(e, p, "")
	switch {
	case deaf:
		p.frame.Free()
	case size == 0 || limit > 0 && size > limit:
		p.frame.Free()
		e.fail(&transport.FrameError{Size: uint32(size), Limit: limit})
	default:
		e.receiver.Receive(p.frame)
	}
	if drained && e.peer.receiver != nil {
		e.peer.receiver.Drained()
	}
}

// few is how many packets may be on their way, and not arrive at once, before
// they are held.
const few = 64

// add puts a packet at the end of what is on its way here; later says that it
// does not arrive at once. The link is locked.
func (e *end) add(p packet, later bool) {
	if later && len(e.queue)-e.head >= few {
		for e.head < len(e.queue) {
			e.held.add(e.next())
		}
	}
	e.queue = append(e.queue, p)
}

// empty reports whether nothing is on its way here. The link is locked.
func (e *end) empty() bool { return e.held.n == 0 && e.head == len(e.queue) }

// take takes out the first that is on its way here. The link is locked.
func (e *end) take() packet {
	if e.held.n > 0 {
		return e.held.take()
	}
	return e.next()
}

// mostKept is how much room an empty queue may have.
const mostKept = 1024

// next takes out the first that is not held. The link is locked.
func (e *end) next() packet {
	p := e.queue[e.head]
	e.queue[e.head] = packet{}
	if e.head++; e.head == len(e.queue) {
		e.queue, e.head = e.queue[:0], 0
		if cap(e.queue) > mostKept {
			e.queue = nil
		}
	}
	return p
}

// Close implements [transport.Link]. What was sent before is still delivered.
func (e *end) Close(linger time.Duration) {
	l, peer := e.link, e.peer
	w := l.net.world
	now := w.Clock().Now()
	l.mu.Lock()
	if e.closing || e.finished {
		l.mu.Unlock()
		return
	}
	e.closing = true
	at, _ := peer.due(now, 0)
	gone := peer.finished
	if !gone {
		peer.add(packet{nil, now}, at > now)
	}
	l.mu.Unlock()
	if !gone {
		peer.expect(now, at)
	}
	if gone || linger <= 0 {
		w.Push(lingered{e})
	} else {
		w.NewTimer(lingered{e}).Set(now + linger + time.Second)
	}
}

// over is told that the other end has nothing more to say.
func (e *end) over() {
	e.link.mu.Lock()
	closing := e.closing && !e.finished
	e.link.mu.Unlock()
	if closing {
		e.link.net.world.Push(lingered{e})
	}
}

// lingered is the end of Close.
type lingered struct{ *end }

func (e lingered) Happen() {
	e.link.mu.Lock()
	first := !e.finished
	e.finished = true
	e.discard()
	e.link.mu.Unlock()
	if first {
		e.report(nil)
	}
}

// idle looks whether anything has been heard.
type idle struct{ *end }

func (e idle) Happen() {
	l := e.link
	l.mu.Lock()
	finished, due := e.finished, e.heard+e.limits.Idle
	l.mu.Unlock()
	switch {
	case finished:
	case due <= l.net.world.Clock().Now():
		e.fail(&transport.TimeError{What: "nothing received", After: e.limits.Idle})
	default:
		l.net.world.NewTimer(e).Set(due)
	}
}

// fail ends the link because of what this end has found, of which the other
// learns only that it has ended.
func (e *end) fail(err error) {
	e.link.end(func(x *end) error {
		if x == e {
			return err
		}
		return io.EOF
	})
}

// reset breaks the link for both ends.
func (l *link) reset(err error) { l.end(func(*end) error { return err }) }

// end ends the link at once, for reasons.
func (l *link) end(reason func(*end) error) {
	l.mu.Lock()
	var told []world.Event
	for i := range l.ends {
		e := &l.ends[i]
		if !e.finished {
			e.finished, e.reason = true, reason(e)
			e.discard()
			if e.receiver != nil {
				told = append(told, closed{e, e.reason})
			}
		}
	}
	l.mu.Unlock()
	for _, t := range told {
		l.net.world.Push(t)
	}
}

// discard drops what is on its way here. The link is locked.
func (e *end) discard() {
	for !e.empty() {
		if p := e.take(); p.frame != nil {
			e.link.net.frame(e, p, "lost with the connection")
			p.frame.Free()
		}
	}
	e.held, e.queue, e.queued, e.full = held{}, nil, 0, false
}

// closed tells a receiver that all is over.
type closed struct {
	*end
	err error
}

func (c closed) Happen() { c.report(c.err) }

// report tells the receiver that all is over, unless it has crashed.
func (e *end) report(err error) {
	if !e.node.Ended() {
		e.receiver.Closed(err)
	}
	e.leave(err)
}

// leave is called for each end when all is over.
func (e *end) leave(err error) {
	l := e.link
	n := l.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if e.left {
		return
	}
	e.left = true
	if l.ended++; l.ended < 2 {
		event := Event{Kind: Close, From: l.ends[0].local.Host, To: l.ends[0].remote.Host, Link: l.id}
		if errors.Is(err, ErrReset) {
			event.Outcome = "reset"
		}
		n.record(event)
		return
	}
	n.forget(l)
	if l.at != nil {
		l.at.links--
	}
}
