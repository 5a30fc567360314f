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

func TestTheContextsOfCallsStayTheirOwnWhenOthersAreGivenUp(t *testing.T) {
	const keep rpc.Func1[bool, bool] = "keep(wait)"
	inside(t, nil, func(ctx context.Context, n *local.Network) error {
		_, a, err1 := newAdderAt(ctx, "a", nil)
		_, b, err2 := newAdderAt(ctx, "b", nil)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		var kept []context.Context
		keep.Handle(b.Services(), func(ctx context.Context, wait bool) (bool, error) {
			kept = append(kept, ctx)
			if wait {
				return true, b.Sleep(ctx, time.Hour)
			}
			return false, nil
		})
		return a.Do(ctx, func(ctx context.Context) error {
			there, err := a.Connect(ctx, b.URL())
			if err != nil {
				return err
			}
			for i := range 6 {
				bounded, cancel := clock.WithTimeout(ctx, n.Clock(), time.Second)
				waited, err := keep.Call(bounded, there, i%2 == 1)
				cancel()
				if i%2 == 0 && (waited || err != nil) || i%2 == 1 && err == nil {
					t.Errorf("call %d: %v, %v", i, waited, err)
				}
			}
			if err := clock.Sleep(ctx, n.Clock(), time.Second); err != nil {
				return err
			}
			for i, ctx := range kept {
				if ended := ctx.Err() != nil; ended != (i%2 == 1) {
					t.Errorf("the context of call %d has ended: %v", i, ended)
				}
			}
			return nil
		})
	})
}
