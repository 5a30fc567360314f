package gomas_test

import (
	"context"
	"testing"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/rpc"
)

// The call has no goroutine of its own, so the end of its caller cannot come
// before the manager has noticed it.
func TestAnAgentCanBeStoppedByTheOneThatItCalls(t *testing.T) {
	const dismiss rpc.Proc0 = "dismiss()"
	c := containerWith(t, &gomas.Options{CheckTurns: true})
	worker, err := gomas.Spawn(t.Context(), c, func(_ context.Context, a *gomas.Agent) (*gomas.Agent, error) { return a, nil })
	if err != nil {
		t.Fatal(err)
	}
	manager, err := gomas.Spawn(t.Context(), c, func(_ context.Context, a *gomas.Agent) (*gomas.Agent, error) {
		dismiss.Handle(a.Services(), func(ctx context.Context) error { return worker.Stop(ctx) })
		return a, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	if err := worker.Go(func(ctx context.Context) { ended <- dismiss.Call(ctx, manager.Remote()) }); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Error("the call of an agent that has stopped succeeded")
	}
	if err := worker.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}
