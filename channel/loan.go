package channel

import (
	"sync/atomic"
	"time"

	"github.com/gomas/gomas/transport"
)

// A request that is quick to answer may be worked on by the goroutine that reads
// the connection, which saves making another one for it. The goroutine is lent to
// the taker. If the taker keeps it for long, or is going to wait, the loan is
// recalled: reading goes on on another goroutine, and the taker may keep the one
// that it has.

// A stuck loan is noticed within firstLook, or lastLook where none has been stuck
// lately, and another firstLook.
const (
	firstLook = time.Millisecond
	lastLook  = 10 * time.Millisecond
)

// loans are those of the reading goroutine of a connection: one at a time.
type loans struct {
	link  transport.Resumer // nil: it cannot be lent
	state atomic.Uint64     // the number of the last one, shifted left; lowest bit: it is under way
	to    *Request          // that the last one is for

	look  lookout // whether one is stuck
	every time.Duration
	seen  uint64 // state, when looked at last
}

// Lends reports whether the goroutine that reads the connection can be borrowed.
func (c *Conn) Lends() bool { return c.loans.link != nil }

// Borrow lets the taker work on the request on the goroutine that calls Take,
// until [Request.Return], and even wait: if it does not return the goroutine
// within some milliseconds, the connection is read by another one. It returns the
// number of the loan. Borrow may be called by Take, once, if [Conn.Lends].
func (r *Request) Borrow() (loan uint64) {
	l := &r.conn.loans
	loan = l.state.Load()>>1 + 1
	r.loan, l.to = loan, r
	l.state.Store(loan<<1 | 1)
	l.look.arm()
	return loan
}

// Return ends the loan, and reports whether it had not been recalled. The caller
// then returns from Take, soon in any case.
func (r *Request) Return() (kept bool) {
	kept = r.conn.loans.state.CompareAndSwap(r.loan<<1|1, r.loan<<1)
	r.lost = !kept
	return kept
}

// Lent reports whether the loan for the request is under way.
func (r *Request) Lent() bool { return r.conn.loans.state.Load() == r.loan<<1|1 }

// Recall ends a loan that is under way: another goroutine goes on reading the
// connection. It is for takers that are about to wait, or to end their goroutine.
// Any goroutine may call it, at any time.
func (c *Conn) Recall(loan uint64) {
	l := &c.loans
	if loan == 0 || !l.state.CompareAndSwap(loan<<1|1, loan<<1) {
		return
	}
	l.to.taken() // from now on it may be told that it is given up
	l.link.Resume()
}

// lookAfter recalls a loan that was under way when looked at before.
func (c *Conn) lookAfter() {
	l := &c.loans
	seen := l.seen
	l.seen = l.state.Load()
	if l.seen&1 == 1 && l.seen == seen {
		c.Recall(seen >> 1)
		l.every = firstLook
	} else {
		l.every = min(max(2*l.every, firstLook), lastLook)
	}
	wait := l.every
	if l.seen&1 == 1 {
		wait = firstLook // it was under way a moment ago
	}
	l.look.over(wait)
	if l.state.Load()&1 == 1 {
		l.look.arm()
	}
}
