package clock

import (
	"context"

	"github.com/gomas/gomas/turn"
)

// For returns the clock for code whose turn ctx names: that of its network, if
// the network has a clock of its own, or else [Real].
func For(ctx context.Context) Clock { return ForTurn(turn.From(ctx)) }

// ForTurn is [For] for code that has the turn t, which may be nil.
func ForTurn(t turn.Turn) Clock {
	if s, ok := turn.SchedulerOf(t).(interface{ Clock() Clock }); ok {
		return s.Clock()
	}
	return Real{}
}

// forWaits returns the clock for timers that only end a wait or a context. That
// of a container that may crash calls no function afterwards, but those who wait
// may be elsewhere, and if they are not they do not go on anyway.
func forWaits(c Clock) Clock {
	if w, ok := c.(interface{ ForWaits() Clock }); ok {
		return w.ForWaits()
	}
	return c
}
