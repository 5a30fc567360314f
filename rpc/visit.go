package rpc

import (
	"context"
	"sync/atomic"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/turn"
)

// visit is what a call has that runs on the goroutine of its caller, see
// [turn.Visit]. Nobody is free to give it up then, so the context of the handler
// looks at that of the caller instead, and is registered there only if something
// depends on it. A nil *visit is none.
type visit struct {
	by   context.Context // of the caller, a [turn.Ender]; of one that is helped, any
	stop atomic.Pointer[func() bool]
}

// asked stands for the end of a registration that is being made.
var asked = func() bool { return false }

// isGivenUp reports whether the context of the caller has ended.
func (v *visit) isGivenUp() bool { return v != nil && v.by.Err() != nil }

// follow has the call end when the context of its caller does.
func (v *visit) follow(c *callContext) {
	if v == nil || !v.stop.CompareAndSwap(nil, &asked) {
		return
	}
	if v.by.Err() != nil {
		c.giveUp(channel.ErrGivenUp) // at once, and not on a goroutine
		return
	}
	stop := v.by.(turn.Ender).AfterFunc(func() { c.giveUp(channel.ErrGivenUp) })
	v.stop.Store(&stop)
	if c.hasReturned.Load() {
		stop()
	}
}

// unfollow undoes follow, when the handler has returned.
func (v *visit) unfollow() {
	if v == nil {
		return
	}
	if stop := v.stop.Load(); stop != nil {
		(*stop)()
	}
}
