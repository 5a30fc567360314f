package local_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/gomastest"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport/local"
)

func TestARunWhoseHandlersPanicIsTheSameEachTime(t *testing.T) {
	const boom rpc.Proc0 = "boom()"
	gomastest.Repeatable(t, &local.Options{Seed: 1}, func(ctx context.Context) error {
		here, err1 := gomas.NewContainer(ctx, "local://here", nil)
		there, err2 := gomas.NewContainer(ctx, "local://there", nil)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		boom.Handle(there.Services(), func(context.Context) error { panic("boom") })
		a, err := gomas.Spawn(ctx, there, newAdder)
		if err != nil {
			return err
		}
		remote, err := here.Connect(ctx, a.URL())
		if err != nil {
			return err
		}
		var failed *rpc.RemoteError
		if err := boom.Call(ctx, remote.Root()); !errors.As(err, &failed) || failed.Trace == "" {
			return fmt.Errorf("no panic with its stack: %v", err)
		}
		return nil
	})
}
