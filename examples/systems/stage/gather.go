package stage

import (
	"context"
	"slices"

	"github.com/gomas/gomas/rpc"
)

// atOnce is how many calls of Gather are under way at the same time.
const atOnce = 128

// Gather is [rpc.Gather] for any number of items, of which so many are dealt
// with at a time as connections can bear. fn gets the index of the item, too.
// It ends after the first failures.
func Gather[T, R any](ctx context.Context, items []T, fn func(ctx context.Context, i int, item T) (R, error)) ([]R, error) {
	indexes := make([]int, len(items))
	for i := range indexes {
		indexes[i] = i
	}
	results := make([]R, 0, len(items))
	for chunk := range slices.Chunk(indexes, atOnce) {
		some, err := rpc.Gather(ctx, chunk, func(ctx context.Context, i int) (R, error) { return fn(ctx, i, items[i]) })
		if err != nil {
			return nil, err
		}
		results = append(results, some...)
	}
	return results, nil
}

// Each is [Gather] of what has no result.
func Each[T any](ctx context.Context, items []T, fn func(ctx context.Context, i int, item T) error) error {
	_, err := Gather(ctx, items, func(ctx context.Context, i int, item T) (struct{}, error) {
		return struct{}{}, fn(ctx, i, item)
	})
	return err
}

// Ask calls the same function of many agents, and returns the results in their
// order.
func Ask[R any](ctx context.Context, agents []rpc.Remote, contract rpc.Func0[R]) ([]R, error) {
	return Gather(ctx, agents, func(ctx context.Context, _ int, agent rpc.Remote) (R, error) {
		return contract.Call(ctx, agent)
	})
}
