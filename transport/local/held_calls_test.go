package local_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/gomas/gomas/transport/local"
)

// TestCallsThatAreLongOnTheirWayArriveInOrder has so many calls on their way that
// their frames are packed: by delays, by a partition, and by both.
func TestCallsThatAreLongOnTheirWayArriveInOrder(t *testing.T) {
	const calls = 300
	for _, test := range []struct {
		name    string
		delay   time.Duration
		divided bool
	}{
		{"delays", time.Second, false},
		{"a partition", 0, true},
		{"delays and a partition", time.Second, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			opts := &local.Options{Links: func(string, string) local.Link {
				return local.Link{Delay: local.Fixed(test.delay)}
			}}
			if err := local.Run(t.Context(), opts, func(ctx context.Context) error {
				x, err := spawnAdder(ctx, "local://a")
				if err != nil {
					return err
				}
				y, err := spawnAdder(ctx, "local://b")
				if err != nil {
					return err
				}
				return x.Do(ctx, func(ctx context.Context) error {
					there, err := x.Connect(ctx, y.URL())
					if err != nil {
						return err
					}
					n := local.From(ctx)
					if test.divided {
						n.Partition([]string{"a"}, []string{"b"})
					}
					var order []int
					callers := make([]func(context.Context) error, calls)
					for i := range callers {
						callers[i] = func(ctx context.Context) error {
							sum, err := add.Call(ctx, there, i, 1<<40)
							if err == nil && sum != i+1<<40 {
								err = fmt.Errorf("%d: got %d", i, sum)
							}
							order = append(order, i)
							return err
						}
					}
					heal := func(ctx context.Context) error {
						defer n.Heal()
						return x.Sleep(ctx, 10*time.Second)
					}
					if err := x.Parallel(ctx, append(callers, heal)...); err != nil {
						return err
					}
					for i, caller := range order {
						if i != caller {
							return fmt.Errorf("reply number %d is that of call %d", i, caller)
						}
					}
					return nil
				})
			}); err != nil {
				t.Error(err)
			}
		})
	}
}
