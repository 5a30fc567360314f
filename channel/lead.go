package channel

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/gomas/gomas/internal/stack"
	"github.com/gomas/gomas/transport"
	"github.com/gomas/gomas/turn"
)

// Where one caller asks again and again, and nobody else does anything, it reads the
// connection itself while it waits: the reply need not be handed over to another
// goroutine, nor another processor be woken for that. Between its calls nobody reads.
// If it does not come back, a timer has the link read again; so something that the
// peer sends on its own account, after many calls, may lie there for two
// milliseconds. Where peers do that, callers seldom read.

// Who reads a connection.
const (
	byLink   = iota // a goroutine of the link
	byNobody        // the next caller may
	byCaller
)

// lead is what is known about callers that read.
type lead struct {
	link  transport.Leader // nil: callers cannot read
	state atomic.Uint64    // a number, shifted left by two, that each change increases; lowest bits: who reads

	// For who reads.
	caller *call         // who reads, if a caller does
	alone  int32         // replies in a row to a caller that was alone, below 0 after requests of the peer
	fine   int32         // what alone is set to by the next request of the peer, negated
	since  time.Duration // age of the connection when the first of them came

	left     atomic.Int64 // age when nobody read any more
	followed atomic.Pointer[following]

	look lookout // whether somebody still asks
	seen uint64  // state, when looked at last
}

const (
	knownAlone = 32      // replies, before a caller may read
	mostFine   = 1 << 14 // requests of the peer cost so many replies at most

	// Within shortly, nobody who reads would have noticed much.
	shortly = 50 * time.Microsecond

	mostYields = 10_000 // while the end of a connection is awaited, if the clock stands still
)

func (l *lead) is(who uint64) bool { return l.state.Load()&3 == who }

// claim has the caller read, or the link, if nobody does, and reports whether that
// was so.
func (l *lead) claim(who uint64) bool {
	s := l.state.Load()
	return s&3 == byNobody && l.state.CompareAndSwap(s, s&^3+4|who)
}

// pass is called by who reads, and says who does from now on.
func (l *lead) pass(who uint64) { l.state.Store(l.state.Load()&^3 + 4 | who) }

// leave is called by who reads, when p, taken from the calls, has its reply; others
// tells whether more calls wait. It reports whether others read from now on.
func (c *Conn) leave(p *call, others bool) (left bool) {
	l := &c.lead
	if l.link == nil {
		return false
	}
	leads := l.is(byCaller)
	switch {
	case others, leads && l.caller != p, !p.same:
		l.alone = min(l.alone, 0)
	case l.alone < knownAlone:
		c.learn()
	}
	switch {
	case leads && l.caller != p:
		return false
	case l.alone == knownAlone && l.link.Vacate():
		l.left.Store(int64(c.age()))
		c.vacate()
		return true
	case leads:
		c.resume()
		return true
	}
	return false
}

// vacate is called by who reads, after which nobody does.
func (c *Conn) vacate() {
	l := &c.lead
	l.pass(byNobody)
	l.look.arm()
	c.mu.Lock()
	needed := c.calls.n > 0 || c.err != nil // who came meanwhile may not know that nobody reads
	c.mu.Unlock()
	if needed {
		c.attended()
	}
}

// resume is called by a caller that reads, to have the link do it.
func (c *Conn) resume() {
	c.lead.pass(byLink)
	c.lead.link.Resume()
}

// lookUp is called before a request. If nobody has read for a while, it looks whether
// something has come; if that is the end of the connection, a request that is sent
// now would be lost.
func (c *Conn) lookUp() {
	l := &c.lead
	if !l.is(byNobody) || c.age()-time.Duration(l.left.Load()) < shortly || !l.claim(byCaller) {
		return
	}
	arrived := l.link.Arrived()
	if arrived == transport.Nothing {
		c.vacate()
		return
	}
	l.alone = 0
	c.resume()
	if arrived == transport.Ended { // which the link is about to say, or not
		until := c.age() + firstLook
		for n := 0; n < mostYields && !c.ended.Load() && c.age() < until; n++ {
			runtime.Gosched()
		}
	}
}

// learn counts a reply to a caller that was alone. A clock that stands still, in a
// testing/synctest bubble, could not tell that nobody reads.
func (c *Conn) learn() {
	l := &c.lead
	l.alone++
	switch l.alone {
	case 1:
		l.since = c.age()
	case knownAlone:
		if c.age() <= l.since {
			l.alone = 0
		}
	}
}

// disturbed is called by who reads when a request of the peer comes.
func (l *lead) disturbed() {
	if l.alone >= 0 {
		l.fine = min(max(2*l.fine, knownAlone), mostFine)
	}
	l.alone = -l.fine
}

// attended has the link read, if nobody does.
func (c *Conn) attended() {
	if l := &c.lead; l.claim(byLink) {
		l.alone = 0
		l.link.Resume()
	}
}

// attend has the link read if nobody has since it was called before.
func (c *Conn) attend() {
	l := &c.lead
	seen := l.seen
	l.seen = l.state.Load()
	if l.seen&3 == byNobody && l.seen == seen {
		c.attended()
	}
	l.look.over(firstLook)
	if l.is(byNobody) {
		l.look.arm()
	}
}

// Run implements [turn.Errand]: it reads until the reply has come, or Stop is called.
func (p *call) Run(ctx context.Context) {
	l := &p.conn.lead
	if !l.claim(byCaller) {
		return
	}
	l.caller = p
	done := false
	defer func() {
		if !done { // as on a goroutine of the link, this ends the program
			trace := stack.Trace()
			fault := fmt.Sprintf("%v\n\n%s", recover(), trace)
			go func() { panic(fault) }()
			select {}
		}
	}()
	over := p.state.Or(reads)&(answered|stopped) != 0
	if !over && ctx.Done() != nil {
		over = !p.conn.follow(ctx)
	}
	if over || !l.link.Lead() {
		p.conn.resume()
	}
	p.state.And(^uint32(reads))
	done = true
}

// Stop implements [turn.Errand].
func (p *call) Stop() {
	if p.state.Or(stopped)&(reads|answered) == reads {
		p.conn.lead.link.Interrupt()
	}
}

// following is how a caller that reads is interrupted at the end of its context. It
// stays from one call to the next, if they have the same context, since that takes
// less time than to begin it each time.
type following struct {
	done <-chan struct{}
	stop func() bool
}

// endOf returns the channel that tells of the end of a context, nil if none has to be
// looked at: it does not end, or ends waits by itself.
func endOf(ctx context.Context) <-chan struct{} {
	if _, ok := ctx.(turn.Ender); ok {
		return nil
	}
	return ctx.Done()
}

// follow is called by a caller that is about to read, which is interrupted at the end
// of ctx. It reports false if that has come.
func (c *Conn) follow(ctx context.Context) bool {
	l := &c.lead
	f := l.followed.Load()
	if f == nil || f.done != ctx.Done() {
		l.unfollow()
		f = &following{done: ctx.Done()}
		f.stop = turn.AfterFunc(ctx, l.link.Interrupt)
		l.followed.Store(f)
		if c.ended.Load() { // and does not unfollow any more
			l.unfollow()
		}
	}
	return ctx.Err() == nil
}

func (l *lead) unfollow() {
	if f := l.followed.Swap(nil); f != nil {
		f.stop()
	}
}
