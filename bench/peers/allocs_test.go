//go:build !race

package peers_test

import (
	"context"
	"testing"
	"time"

	"github.com/gomas/gomas/bench/peers"
	"github.com/gomas/gomas/rpc"
)

// Allocations are exact, unlike times, so they are held here: whoever makes a
// call need more of them than before has to say so, and whoever saves some
// lowers the limit. Those of both ends count. Over sockets a call takes one less
// where the machine is fast enough for the function to be known as quick. Under
// the race detector a sync.Pool forgets at random.
func TestCallsOfOursTakeNoMoreAllocationsThanTheyDid(t *testing.T) {
	for _, limit := range []struct {
		peer                       string
		unbounded, timed, deadline float64
	}{
		{"tcp/gomas channel, JSON", 10, 10, 11},
		{"tcp/gomas contract, JSON", 4, 5, 6},
		{"tcp/gomas untyped, JSON", 8, 9, 10},
		{"tcp/gomas agents, JSON", 4, 5, 5},
		{"tcp/gomas contract, MsgPack", 4, 5, 6},
		{"tcp/gomas contract, Blosc", 6, 7, 8},
		{"ipc/gomas contract, JSON", 4, 5, 6},
		{"local/gomas channel, JSON", 10, 10, 11},
		{"local/gomas contract, JSON", 3, 4, 4},
		{"local/gomas untyped, JSON", 7, 8, 8},
		{"local/gomas agents, JSON", 3, 4, 4},
		{"local/gomas contract, MsgPack", 3, 4, 4},
		{"local/gomas contract, Blosc", 5, 6, 6},
		{"inside/gomas contract", 3, 6, 4},
		{"inside/gomas agents", 2, 6, 2},
	} {
		t.Run(limit.peer, func(t *testing.T) {
			p, err := peers.Find(limit.peer)
			if err != nil {
				t.Fatal(err)
			}
			c := caller(t, dial(t, open(t, p), 1))
			within(t, c, func(ctx context.Context) {
				ends, cancel := p.WithTimeout(ctx, time.Minute)
				defer cancel()
				holds(t, "without a bound", limit.unbounded, ctx, c)
				holds(t, "with our time-out", limit.timed, rpc.Timeout(ctx, time.Minute), c)
				holds(t, "with a context that ends", limit.deadline, ends, c)
			})
		})
	}
}

// holds checks that a call takes no more than a number of allocations.
func holds(t *testing.T, what string, limit float64, ctx context.Context, c peers.Caller) {
	n := testing.AllocsPerRun(500, func() {
		if sum, err := c.Add(ctx, 3000, 4000); err != nil || sum != 7000 {
			t.Errorf("3000 + 4000 is %d, error %v", sum, err)
		}
	})
	if n > limit {
		t.Errorf("%s: %v allocations, want at most %v", what, n, limit)
	}
}
