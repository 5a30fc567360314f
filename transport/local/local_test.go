package local_test

import (
	"context"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport/local"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const add rpc.Func2[int, int, int] = "add(a, b)"

type adder struct{ *gomas.Agent }

func newAdder(_ context.Context, a *gomas.Agent) (*adder, error) {
	add.Handle(a.Services(), func(_ context.Context, x, y int) (int, error) { return x + y, nil })
	return &adder{a}, nil
}

func TestSmoke(t *testing.T) {
	err := local.Run(t.Context(), nil, func(ctx context.Context) error {
		a, err := gomas.NewContainer(ctx, "local://a", nil)
		if err != nil {
			return err
		}
		b, err := gomas.NewContainer(ctx, "local://b", nil)
		if err != nil {
			return err
		}
		x, err := gomas.Spawn(ctx, a, newAdder)
		if err != nil {
			return err
		}
		y, err := gomas.Spawn(ctx, b, newAdder)
		if err != nil {
			return err
		}
		for _, url := range []string{y.URL(), x.URL()} {
			if err := x.Do(ctx, func(ctx context.Context) error {
				r, err := x.Connect(ctx, url)
				if err != nil {
					return err
				}
				sum, err := add.Call(ctx, r, 3, 4)
				if sum != 7 {
					t.Errorf("%s: %d", r, sum)
				}
				return err
			}); err != nil {
				return err
			}
		}
		if err := x.Sleep(ctx, time.Hour); err == nil {
			t.Log(a.Clock().Now())
		}
		if err := a.Shutdown(ctx); err != nil {
			return err
		}
		return b.Shutdown(ctx)
	})
	if err != nil {
		t.Fatal(err)
	}
}
