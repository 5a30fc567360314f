package rpc_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"

	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/turn"
)

// BenchmarkEach calls add(a, b) of a hundred remotes on one connection over
// TCP, and has the sums as they come.
func BenchmarkEach(b *testing.B) {
	const remotes = 100
	call := func(ctx context.Context, to rpc.Remote) (int, error) { return add.Call(ctx, to, 3, 4) }
	ranged := func(ctx context.Context, all []rpc.Remote) (sum int) {
		for _, r := range rpc.Each(ctx, all, call) {
			sum += r.Value
		}
		return sum
	}
	byHand := func(ctx context.Context, all []rpc.Remote) (sum int) {
		results := make(chan rpc.Result[int], len(all))
		for _, to := range all {
			go func() {
				n, err := call(ctx, to)
				results <- rpc.Result[int]{Value: n, Err: err}
			}()
		}
		for range all {
			sum += (<-results).Value
		}
		return sum
	}
	for _, way := range []struct {
		name string
		run  func(ctx context.Context, all []rpc.Remote) int
	}{
		{"by hand", byHand},
		{"by hand with an end", func(ctx context.Context, all []rpc.Remote) int {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			return byHand(ctx, all)
		}},
		{"Each", ranged},
		{"Each with a turn", func(ctx context.Context, all []rpc.Remote) (sum int) {
			own := new(turn.Own)
			if err := own.Do(ctx, func() { sum = ranged(turn.With(ctx, own), all) }); err != nil {
				b.Error(err)
			}
			return sum
		}},
	} {
		b.Run(way.name, func(b *testing.B) {
			root := rpc.NewService()
			for i := range remotes {
				root.Mount(strconv.Itoa(i), calculator())
			}
			r, ctx := remote(b, root), context.Background()
			all := make([]rpc.Remote, remotes)
			for i := range all {
				all[i] = r.Sub(strconv.Itoa(i))
			}
			b.ReportAllocs()
			for b.Loop() {
				if sum := way.run(ctx, all); sum != 7*remotes {
					b.Fatalf("sum %d", sum)
				}
			}
			b.ReportMetric(float64(b.N)*remotes/b.Elapsed().Seconds(), "calls/s")
		})
	}
}

// BenchmarkGatherOfItems calls a function that only returns, which leaves the
// cost of an item.
func BenchmarkGatherOfItems(b *testing.B) {
	for _, items := range []int{1, 10, 10_000} {
		b.Run(fmt.Sprintf("items=%d", items), func(b *testing.B) {
			all, ctx := upTo(items), context.Background()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := rpc.Gather(ctx, all, func(_ context.Context, i int) (int, error) { return i, nil }); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*items), "ns/item")
		})
	}
}
