package gomas_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/internal/stack"
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

func TestAnAgentOfTheSameContainerIsCalledOnTheCallersGoroutine(t *testing.T) {
	const where rpc.Func0[uint64] = "where()"
	c := containerWith(t, &gomas.Options{CheckTurns: true})
	callee, err := gomas.Spawn(t.Context(), c, func(_ context.Context, a *gomas.Agent) (*gomas.Agent, error) {
		where.Handle(a.Services(), func(context.Context) (uint64, error) { return stack.Goroutine(), nil })
		return a, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	caller, err := gomas.Spawn(t.Context(), c, func(_ context.Context, a *gomas.Agent) (*gomas.Agent, error) { return a, nil })
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	if err := caller.Go(func(ctx context.Context) {
		defer close(done)
		here := stack.Goroutine()
		for range 3 {
			if there, err := where.Call(ctx, callee.Remote()); err != nil || there != here {
				t.Errorf("goroutine %d called %d, error %v", here, there, err)
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	<-done
}

func TestAnAgentThatHasStoppedIsNotFoundByThoseWhoHaveCalledIt(t *testing.T) {
	const ping rpc.Func0[int] = "ping()"
	c := containerWith(t, &gomas.Options{CheckTurns: true})
	caller, err := gomas.Spawn(t.Context(), c, func(_ context.Context, a *gomas.Agent) (*gomas.Agent, error) { return a, nil })
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		callee, err := gomas.Spawn(t.Context(), c, func(_ context.Context, a *gomas.Agent) (*gomas.Agent, error) {
			ping.Handle(a.Services(), func(context.Context) (int, error) { return 1, nil })
			return a, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		calls := func(want error) {
			ended := make(chan struct{})
			if err := caller.Go(func(ctx context.Context) {
				defer close(ended)
				bounded, cancel := context.WithTimeout(ctx, time.Hour)
				defer cancel()
				for range 3 {
					for _, ctx := range []context.Context{ctx, bounded} {
						if n, err := ping.Call(ctx, callee.Remote()); !errors.Is(err, want) || (n == 1) != (want == nil) {
							t.Errorf("got %d, %v, want %v", n, err, want)
						}
					}
				}
			}); err != nil {
				t.Error(err)
			}
			<-ended
		}
		calls(nil)
		if err := callee.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		calls(gomas.ErrStopped)
	}
}
