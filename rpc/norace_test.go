//go:build !race

package rpc_test

import (
	"context"
	"testing"
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
