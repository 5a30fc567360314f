//go:build !race

package rpc_test

import (
	"context"
	"testing"

	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/turn"
)

// manyCalls is how many calls are under way at once.
const manyCalls = 10_000

// Under the race detector a sync.Pool forgets at random.
func TestACallOfTwoIntegersTakesFewAllocationsOnBothEndsTogether(t *testing.T) {
	defer rpc.Quicken(string(add), false)
	r, ctx := remote(t, calculator()), context.Background()
	for quick, limit := range map[bool]float64{
		true:  3, // the caller's variables, the handler's, and its context
		false: 4, // and a goroutine, with what else belongs to a request
	} {
		rpc.Quicken(string(add), quick)
		n := testing.AllocsPerRun(900, func() { // too few to become quick
			if sum, err := add.Call(ctx, r, 3000, 4000); err != nil || sum != 7000 {
				t.Errorf("3000 + 4000 is %d, error %v", sum, err)
			}
		})
		if n > limit {
			t.Errorf("quick is %v: %v allocations, want at most %v", quick, n, limit)
		}
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
