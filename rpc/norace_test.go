//go:build !race

package rpc_test

import (
	"context"
	"testing"

	"github.com/gomas/gomas/turn"
)

// manyCalls is how many calls are under way at once.
const manyCalls = 10_000

// Under the race detector a sync.Pool forgets at random.
func TestACallOfTwoIntegersTakesFewAllocationsOnBothEndsTogether(t *testing.T) {
	const limit = 4
	r, ctx := remote(t, calculator()), context.Background()
	n := testing.AllocsPerRun(2000, func() {
		if sum, err := add.Call(ctx, r, 3000, 4000); err != nil || sum != 7000 {
			t.Errorf("3000 + 4000 is %d, error %v", sum, err)
		}
	})
	t.Logf("%v allocations", n)
	if n > limit {
		t.Errorf("%v allocations, want at most %d", n, limit)
	}
}

func TestACallOnTheGoroutineOfItsCallerTakesTwoAllocations(t *testing.T) {
	const limit = 2                                                    // the caller's variables, and the handler's context
	svc, own, done := calculator(), new(turn.Own), make(chan struct{}) // checking takes more
	svc.UseTurn(new(turn.Own))
	ctx, r := turn.NewContext(own), svc.Remote()
	own.Start(turn.Func(func() {
		defer close(done)
		n := testing.AllocsPerRun(2000, func() {
			if sum, err := add.Call(ctx, r, 3000, 4000); err != nil || sum != 7000 {
				t.Errorf("3000 + 4000 is %d, error %v", sum, err)
			}
		})
		if n > limit {
			t.Errorf("%v allocations, want at most %d", n, limit)
		}
	}))
	<-done
}
