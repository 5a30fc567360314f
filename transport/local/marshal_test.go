package local_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport/local"
)

// slow is a text that takes its time.
type slow struct{ ctx context.Context }

func (s slow) MarshalText() ([]byte, error) {
	return []byte("slow"), clock.Sleep(s.ctx, clock.For(s.ctx), time.Second)
}

func TestACallFailsWhoseConnectionEndsWhileAMarshalerWaits(t *testing.T) {
	for name, breaks := range map[string]bool{"it does not end": false, "it ends": true} {
		t.Run(name, func(t *testing.T) {
			inside(t, nil, func(ctx context.Context, n *local.Network) error {
				_, a, err1 := newAdderAt(ctx, "a", nil)
				_, b, err2 := newAdderAt(ctx, "b", nil)
				if err := errors.Join(err1, err2); err != nil {
					return err
				}
				rpc.Func1[string, string]("echo(text)").Handle(b.Services(), func(_ context.Context, text string) (string, error) {
					return text, nil
				})
				there, err := a.Connect(ctx, b.URL())
				if err != nil {
					return err
				}
				if breaks {
					if _, err := n.Clock().In(time.Millisecond, func() { n.Reset("a", "b") }); err != nil {
						return err
					}
				}
				return a.Do(ctx, func(ctx context.Context) error {
					got, err := rpc.Func1[slow, string]("echo(text)").Call(ctx, there, slow{ctx})
					if now := n.Clock().Now(); now != time.Second || errors.Is(err, local.ErrReset) != breaks || !breaks && got != "slow" {
						t.Errorf("%q, %v at %v", got, err, now)
					}
					return a.Sleep(ctx, time.Second)
				})
			})
		})
	}
}
