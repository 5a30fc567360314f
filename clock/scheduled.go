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
