package rpc_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/turn"
)

// plus is the contract for the caller of a function that has none.
const plus rpc.Func2[int, int, int] = "plus"

// BenchmarkCall calls add(a, b) over TCP, with both ends in this process. The
// allocations are those of both. Its callee has a contract, but for the
// function, which is called through reflection.
func BenchmarkCall(b *testing.B) {
	for _, kind := range []struct {
		name string
		call func(ctx context.Context, r rpc.Remote) (int, error)
	}{
		{"contract", func(ctx context.Context, r rpc.Remote) (int, error) { return add.Call(ctx, r, 3, 4) }},
		{"untyped", func(ctx context.Context, r rpc.Remote) (int, error) { return rpc.Call[int](ctx, r, "add", 3, 4) }},
		{"function", func(ctx context.Context, r rpc.Remote) (int, error) { return plus.Call(ctx, r, 3, 4) }},
		{"stub", nil},
	} {
		for _, callers := range []int{1, 64, 1024} {
			b.Run(fmt.Sprintf("%s/callers=%d", kind.name, callers), func(b *testing.B) {
				svc := calculator()
				svc.Handle("plus(a, b)", func(_ context.Context, a, b int) (int, error) { return a + b, nil })
				r, ctx := remote(b, svc), context.Background()
				call := kind.call
				if call == nil {
					call = bound(b, r)
				}
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
							if sum, err := call(ctx, r); err != nil || sum != 7 {
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

// BenchmarkLocalCall calls add(a, b), and a function that takes and returns a
// list, of a service of this program, without a connection.
func BenchmarkLocalCall(b *testing.B) {
	const reversed rpc.Func1[[]int, []int] = "reversed(list)"
	list := []int{1, 2, 3, 4}
	for _, kind := range []struct {
		name string
		turn turn.Turn
		call func(ctx context.Context, r rpc.Remote) error
	}{
		{"contract", nil, func(ctx context.Context, r rpc.Remote) error { _, err := add.Call(ctx, r, 3, 4); return err }},
		{"contract, with a turn", new(turn.Own), func(ctx context.Context, r rpc.Remote) error { _, err := add.Call(ctx, r, 3, 4); return err }},
		{"contract, with a bound that pushes back", new(turn.Own), func(ctx context.Context, r rpc.Remote) error { _, err := add.Call(ctx, r, 3, 4); return err }},
		{"untyped", nil, func(ctx context.Context, r rpc.Remote) error {
			_, err := rpc.Call[int](ctx, r, "add", 3, 4)
			return err
		}},
		{"stub", nil, nil},
		{"list", nil, func(ctx context.Context, r rpc.Remote) error { _, err := reversed.Call(ctx, r, list); return err }},
	} {
		b.Run(kind.name, func(b *testing.B) {
			svc := calculator()
			svc.UseTurn(kind.turn)
			if strings.Contains(kind.name, "pushes back") {
				svc.Bound(10, rpc.PushBack)
			}
			reversed.Handle(svc, func(_ context.Context, list []int) ([]int, error) {
				slices.Reverse(list)
				return list, nil
			})
			r, ctx := svc.Remote(), context.Background()
			call := kind.call
			if call == nil {
				add := bound(b, r)
				call = func(ctx context.Context, r rpc.Remote) error { _, err := add(ctx, r); return err }
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := call(ctx, r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// bound returns a call of add through a stub.
func bound(b *testing.B, r rpc.Remote) func(context.Context, rpc.Remote) (int, error) {
	var stub struct {
		Add func(ctx context.Context, a, b int) (int, error)
	}
	if err := rpc.Bind(context.Background(), r, &stub); err != nil {
		b.Fatal(err)
	}
	return func(ctx context.Context, _ rpc.Remote) (int, error) { return stub.Add(ctx, 3, 4) }
}
