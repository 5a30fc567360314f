package rpc

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/turn"
)

// callContext is the context that the handler of a call gets. Code may keep it
// for longer than the call lasts, so it is not reused.
type callContext struct {
	turn.End
	conn  *Conn // nil: the call is inside the program
	turn  turn.Turn
	limit atomic.Pointer[timeLimit] // nil: see bound
	visit *visit                    // nil: the call has nothing of its caller
	loan  uint64                    // of the goroutine that reads the connection, 0: none

	hasReturned atomic.Bool
	helped      bool // of the caller it has the context, to look at the deadline
	intercepted bool // code of the user's may look at the arguments later than it should
}

var _ turn.Ender = (*callContext)(nil)

// Turn implements [turn.Holder].
func (c *callContext) Turn() turn.Turn { return c.turn }

type callerKey struct{}

// Value implements [context.Context].
func (c *callContext) Value(key any) any {
	if key == (callerKey{}) {
		return c.conn
	}
	if t, ok := turn.Value(c, key); ok {
		return t
	}
	if c.conn != nil {
		return c.conn.ch.Context().Value(key) // for context.Cause
	}
	return nil
}

// Caller returns the connection over which the call that ctx belongs to was
// made, nil if ctx belongs to none. The handler may call back on it.
func Caller(ctx context.Context) *Conn {
	c, _ := ctx.Value(callerKey{}).(*Conn)
	return c
}

// giveUp ends the context before the handler has returned, and reports whether
// that is so.
func (c *callContext) giveUp(reason error) bool {
	err := context.Canceled
	switch {
	case c.hasReturned.Load():
		return false
	case c.bound().isOver():
		err = context.DeadlineExceeded
	}
	c.Come(err, reason)
	return true
}

// bound returns the deadline of the call, nil if there is none. That of a caller
// whose goroutine waits is fetched when it is asked for.
func (c *callContext) bound() *timeLimit {
	if l := c.limit.Load(); l != nil || !c.helped {
		return l
	}
	end, ok := c.visit.by.Deadline()
	if ok {
		c.limit.CompareAndSwap(nil, until(end))
	}
	return c.limit.Load()
}

// visits returns the visit that the call is, nil if it is none.
func (c *callContext) visits() *visit {
	if c.helped {
		return nil
	}
	return c.visit
}

var errReturned = errors.New("rpc: the handler that this context was made for has returned; context.WithoutCancel makes one that outlives it")

// afterReturn is the end of contexts whose handlers have returned.
var afterReturn = func() (e turn.End) {
	e.Come(context.Canceled, errReturned)
	return
}()

// returned is called when the handler has returned. Without a turn, that ends
// the context, as Go programmers expect. With one, code of the same turn may
// have kept it, to say whose turn its later waits give up: nothing ends it any
// more, and there is nothing to be freed.
func (c *callContext) returned() {
	c.hasReturned.Store(true)
	c.limit.Load().stop()
	c.visits().unfollow()
	if turn.IsFree(c.turn) {
		c.Preset(&afterReturn)
	}
}

// Deadline implements [context.Context]. It is a date on the wall, so only a
// limit on real time is one.
func (c *callContext) Deadline() (date time.Time, ok bool) {
	l := c.bound()
	if l == nil || c.hasReturned.Load() {
		return time.Time{}, false
	}
	if _, ok = l.clock.(clock.Real); !ok {
		return time.Time{}, false
	}
	return time.Now().Add(l.deadline() - l.clock.Now()), true
}

// Done implements [context.Context].
func (c *callContext) Done() <-chan struct{} {
	c.Heed()
	return c.End.Done()
}

// Err implements [context.Context].
func (c *callContext) Err() error {
	if !c.hasReturned.Load() && c.bound().isOver() {
		c.Come(context.DeadlineExceeded, nil)
	}
	if c.visits().isGivenUp() {
		c.giveUp(channel.ErrGivenUp)
	}
	return c.End.Err()
}

// Heed implements [turn.Ender]: it has the context end in time, for something that
// depends on it, and gives the goroutine back that was lent, since what depends on a
// context will probably wait.
func (c *callContext) Heed() {
	if c.loan != 0 {
		c.conn.ch.Recall(c.loan)
	}
	c.bound().start(c)
	c.visits().follow(c)
}

// Attach implements [turn.Ender].
func (c *callContext) Attach(w turn.Wait) bool {
	c.Heed()
	return c.End.Attach(w)
}

// AfterFunc has fn called after the end, for package context.
func (c *callContext) AfterFunc(fn func()) (stop func() bool) {
	c.Heed()
	return c.End.AfterFunc(fn)
}
