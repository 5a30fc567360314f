//go:build !race

package rpc_test

import (
	"context"
	"testing"
	"time"

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

func TestACallInsideTheProgramTakesOneAllocation(t *testing.T) {
	const limit = 1                         // the handler's context, with the caller's variables
	svc, own := calculator(), new(turn.Own) // checking takes more
	svc.UseTurn(new(turn.Own))
	free, r := turn.NewContext(own), svc.Remote()
	bounded, cancel := context.WithTimeout(free, time.Hour)
	defer cancel()
	for name, ctx := range map[string]context.Context{"that nothing can end": free, "with a deadline": bounded} {
		done := make(chan struct{})
		own.Start(turn.Func(func() {
			defer close(done)
			n := testing.AllocsPerRun(2000, func() {
				if sum, err := add.Call(ctx, r, 3000, 4000); err != nil || sum != 7000 {
					t.Errorf("3000 + 4000 is %d, error %v", sum, err)
				}
			})
			if n > limit {
				t.Errorf("%s: %v allocations, want at most %d", name, n, limit)
			}
		}))
		<-done
	}
}
