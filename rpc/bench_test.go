package rpc_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/gomas/gomas/rpc"
)

// BenchmarkCall calls add(a, b) over TCP, with both ends in this process. The
// allocations are those of both.
func BenchmarkCall(b *testing.B) {
	for _, kind := range []struct {
		name string
		call func(ctx context.Context, r rpc.Remote) (int, error)
	}{
		{"contract", func(ctx context.Context, r rpc.Remote) (int, error) { return add.Call(ctx, r, 3, 4) }},
		{"untyped", func(ctx context.Context, r rpc.Remote) (int, error) { return rpc.Call[int](ctx, r, "add", 3, 4) }},
	} {
		for _, callers := range []int{1, 64, 1024} {
			b.Run(fmt.Sprintf("%s/callers=%d", kind.name, callers), func(b *testing.B) {
				r, ctx := remote(b, calculator()), context.Background()
				b.ReportAllocs()
				b.ResetTimer()
				var wg sync.WaitGroup
				for i := range callers {
					n := b.N / callers
					if i < b.N%callers {
						n++
					}
					wg.Go(func() {
						for range n {
							if sum, err := kind.call(ctx, r); err != nil || sum != 7 {
								b.Errorf("3 + 4 is %d, error %v", sum, err)
								return
							}
						}
					})
				}
				wg.Wait()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
			})
		}
	}
}
