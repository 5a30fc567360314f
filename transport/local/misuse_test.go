package local_test

import (
	"context"
	"errors"
	"testing"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport/local"
	"github.com/gomas/gomas/turn"
)

func TestWithCheckTurnsGoroutinesThatWaitWithAContextOfTheNetworkEndIt(t *testing.T) {
	for range 20 {
		err := local.Run(t.Context(), &local.Options{CheckTurns: true}, func(ctx context.Context) error {
			a, err := spawnAdder(ctx, "local://a")
			if err != nil {
				return err
			}
			return a.Do(ctx, func(ctx context.Context) error {
				there, err := a.Connect(ctx, a.URL())
				if err != nil {
					return err
				}
				bare := make(chan error)
				go func() {
					_, err := add.Call(ctx, there, 1, 2)
					bare <- err
				}()
				if err := <-bare; !errors.Is(err, turn.ErrMisuse) {
					t.Errorf("the goroutine is told %v", err)
				}
				return a.Sleep(ctx, 1)
			})
		})
		if !errors.Is(err, turn.ErrMisuse) {
			t.Errorf("the network ends with %v", err)
		}
	}
}

func TestAnAgentThatCallsWithoutItsContextKeepsItsTurnAsOnSockets(t *testing.T) {
	const increase rpc.Func0[int] = "increase()"
	inside(t, &local.Options{Seed: 4}, func(ctx context.Context, _ *local.Network) error {
		other, err := spawnAdder(ctx, "local://b")
		if err != nil {
			return err
		}
		c, err := gomas.NewContainer(ctx, "local://a", nil)
		if err != nil {
			return err
		}
		there, err := c.Connect(ctx, other.URL())
		if err != nil {
			return err
		}
		count := 0
		a, err := gomas.Spawn(ctx, c, func(_ context.Context, a *gomas.Agent) (*adder, error) {
			increase.Handle(a.Services(), func(context.Context) (int, error) {
				old := count
				if _, err := add.Call(ctx, there, 1, 2); err != nil { // of main, not of the agent
					return 0, err
				}
				count = old + 1
				return count, nil
			})
			return &adder{a}, nil
		})
		if err != nil {
			return err
		}
		here, err := c.Connect(ctx, a.URL())
		if err != nil {
			return err
		}
		if _, err := rpc.Gather(ctx, make([]int, 10), func(ctx context.Context, _ int) (int, error) {
			return increase.Call(ctx, here)
		}); err != nil {
			return err
		}
		if count != 10 {
			t.Errorf("ten increased it to %d", count)
		}
		return nil
	})
}
