package rpc_test

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/internal/stack"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/turn"
)

// task runs fn as a task of an agent with a turn of its own, with a context that
// ends only when end says so, and returns when the turn has been given up.
func task(fn func(ctx context.Context, end func(cause error))) {
	own, done := new(turn.Own), make(chan struct{})
	own.Check()
	ctx := turn.NewContext(own)
	own.Start(&turn.Item{Task: taskFuncs{
		run:    func() { fn(ctx, func(cause error) { ctx.Come(context.Canceled, cause) }) },
		finish: func() { close(done) },
	}})
	<-done
}

type taskFuncs struct{ run, finish func() }

func (f taskFuncs) Run()    { f.run() }
func (f taskFuncs) Finish() { f.finish() }

// withTurn gives a service a turn of its own.
func withTurn(svc *rpc.Service) *rpc.Service {
	own := new(turn.Own)
	own.Check()
	svc.UseTurn(own)
	return svc
}

func TestACallTakesNoGoroutineWhereNothingCanEndItEarlier(t *testing.T) {
	const where rpc.Func0[uint64] = "where()"
	callee := func() *rpc.Service {
		svc := rpc.NewService()
		where.Handle(svc, func(context.Context) (uint64, error) { return stack.Goroutine(), nil })
		return svc
	}
	agent, bounded := withTurn(callee()), withTurn(callee())
	bounded.Bound(1, rpc.PushBack)
	task(func(ctx context.Context, _ func(error)) {
		type key struct{}
		inAnHour, cancel := context.WithTimeout(ctx, time.Hour)
		defer cancel()
		here := stack.Goroutine()
		for name, test := range map[string]struct {
			ctx     context.Context
			to      *rpc.Service
			visited bool
		}{
			"an agent":            {ctx, agent, true},
			"a bounded agent":     {ctx, bounded, true},
			"with values":         {context.WithValue(ctx, key{}, 1), agent, true},
			"with a deadline":     {inAnHour, agent, false},
			"with a time-out":     {rpc.Timeout(ctx, time.Hour), agent, false},
			"a service of nobody": {ctx, callee(), false},
		} {
			if there, err := where.Call(test.ctx, test.to.Remote()); err != nil || (there == here) != test.visited {
				t.Errorf("%s: goroutine %d called %d, error %v", name, here, there, err)
			}
		}
	})
	if there, err := where.Call(t.Context(), agent.Remote()); err != nil || there == stack.Goroutine() {
		t.Errorf("a goroutine of the user's was used, error %v", err)
	}
}

func TestAgentsCallEachOtherDeepWithContextsThatTheyHaveKept(t *testing.T) {
	const depth = 10_000
	a, b := withTurn(rpc.NewService()), withTurn(rpc.NewService())
	goroutines := make(map[uint64]bool)
	frames := make([]uintptr, 4096)
	most := 0
	handler := func(svc, other *rpc.Service) {
		var kept *turn.Context
		deeper.Handle(svc, func(ctx context.Context, n int) (int, error) {
			goroutines[stack.Goroutine()] = true // one runs at a time
			most = max(most, runtime.Callers(0, frames))
			if kept == nil {
				kept = turn.NewContext(turn.From(ctx))
			}
			if n == 0 {
				return 0, nil
			}
			m, err := deeper.Call(kept, other.Remote(), n-1)
			return m + 1, err
		})
	}
	handler(a, b)
	handler(b, a)
	if n, err := deeper.Call(t.Context(), a.Remote(), depth); n != depth || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	if n := len(goroutines); n < depth/40 || n > depth/20 || most > 1000 {
		t.Errorf("%d deep, %d goroutines and up to %d frames", depth, n, most)
	}
}

func TestTheContextOfAVisitorIsHeededByTheHandler(t *testing.T) {
	errRetired := errors.New("retired")
	for name, test := range map[string]struct {
		wait func(ctx context.Context)
		asks bool
	}{
		"by Done":   {func(ctx context.Context) { <-ctx.Done() }, true},
		"by Err":    {func(context.Context) {}, false},
		"by a wait": {func(ctx context.Context) { _ = turn.Sleep(ctx, nil, time.Hour) }, true},
		"by AfterFunc": {func(ctx context.Context) {
			over := make(chan int)
			context.AfterFunc(ctx, func() { close(over) })
			<-over
		}, true},
		"by a call": {func(ctx context.Context) {
			svc := rpc.NewService()
			svc.Handle("sleep", func(ctx context.Context) error { return turn.Sleep(ctx, nil, time.Hour) })
			_, _ = rpc.Call[any](ctx, withTurn(svc).Remote(), "sleep")
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			task(func(ctx context.Context, end func(error)) {
				svc := withTurn(rpc.NewService())
				watch.Handle(svc, func(inner context.Context) error {
					if inner.Err() != nil {
						t.Error("ended before it began")
					}
					if test.asks {
						go end(errRetired)
					} else {
						end(errRetired)
					}
					test.wait(inner)
					if err := turn.Err(inner); !errors.Is(err, context.Canceled) || !errors.Is(err, channel.ErrGivenUp) {
						t.Errorf("it ended with %v", err)
					}
					return nil
				})
				if err := watch.Call(ctx, svc.Remote()); !errors.Is(err, context.Canceled) || !errors.Is(err, errRetired) {
					t.Errorf("the caller got %v", err)
				}
			})
		})
	}
}

func TestAContextThatAVisitedHandlerHasKeptDoesNotEndWithItsCaller(t *testing.T) {
	task(func(ctx context.Context, end func(error)) {
		svc := withTurn(rpc.NewService())
		var kept []context.Context
		watch.Handle(svc, func(inner context.Context) error {
			if kept = append(kept, inner); len(kept) == 2 {
				_ = inner.Done()
			}
			return nil
		})
		for range 3 {
			if err := watch.Call(ctx, svc.Remote()); err != nil {
				t.Error(err)
			}
		}
		_ = kept[2].Done()
		end(nil)
		for i, inner := range kept {
			if err := inner.Err(); err != nil {
				t.Errorf("the context of call %d has ended: %v", i, err)
			}
		}
	})
}

// A goroutine cannot be kept from ending, so the caller's task ends as well, in
// good order.
func TestAVisitedHandlerThatEndsItsGoroutineEndsTheTaskOfItsCaller(t *testing.T) {
	callee, caller := withTurn(garden()), withTurn(rpc.NewService())
	caller.Handle("delegate", func(ctx context.Context) error {
		defer mustAdd(t, callee.Remote())
		_, err := failing.Call(ctx, callee.Remote(), "exit")
		t.Error("it went on, error", err)
		return nil
	})
	for range 3 {
		_, err := rpc.Call[any](within(t), caller.Remote(), "delegate")
		wantFailure(t, err, "RuntimeError", "the handler ended its goroutine")
		mustAdd(t, callee.Remote())
	}
	errClosed := errors.New("closed")
	for _, svc := range []*rpc.Service{caller, callee} {
		svc.Close(errClosed)
		if err := svc.Idle(within(t)); err != nil {
			t.Error("calls are still counted:", err)
		}
	}
}

func TestIdleWaitsForHandlersThatRunForTheirCallersAlsoWhileTheyWait(t *testing.T) {
	for name, caller := range map[string]func(t *testing.T, fn func(ctx context.Context)){
		"on the callers' goroutines": func(_ *testing.T, fn func(ctx context.Context)) {
			task(func(ctx context.Context, _ func(error)) { fn(ctx) })
		},
		"on those that they keep": inAnHour,
	} {
		for when, closing := range map[string]time.Duration{"while one has the turn": 2500 * time.Millisecond, "while both wait": 4 * time.Second} {
			t.Run(name+", "+when, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					svc, ended := withTurn(rpc.NewService()), 0
					hold.Handle(svc, func(ctx context.Context, _ string) (string, error) {
						time.Sleep(time.Second) // not a wait
						err := turn.Sleep(ctx, nil, time.Minute)
						ended++
						return "", err
					})
					for i := range 2 {
						time.AfterFunc(time.Duration(2*i)*time.Second, func() {
							caller(t, func(ctx context.Context) {
								if _, err := hold.Call(ctx, svc.Remote(), ""); err != nil {
									t.Error(err)
								}
							})
						})
					}
					time.Sleep(closing)
					svc.Close(errShut)
					if err := svc.Idle(t.Context()); err != nil || ended != 2 {
						t.Errorf("%v when %d of 2 have ended", err, ended)
					}
					synctest.Wait()
				})
			})
		}
	}
}

func TestAFailedCallHasNoResultOfItsHandler(t *testing.T) {
	const both rpc.Func1[int, int] = "both(n)"
	svc := withTurn(rpc.NewService())
	both.Handle(svc, func(_ context.Context, n int) (int, error) { return n, errTired })
	task(func(ctx context.Context, _ func(error)) {
		if n, err := both.Call(ctx, svc.Remote(), 5); n != 0 || err == nil {
			t.Errorf("got %d, %v", n, err)
		}
	})
}

func TestIdleIsNotReachedWhileAVisitorWaitsHoweverCallsEndMeanwhile(t *testing.T) {
	const stay, quick rpc.Proc0 = "stay()", "quick()"
	for range 500 {
		svc, own := rpc.NewService(), new(turn.Own)
		svc.UseTurn(own)
		inside, out := make(chan struct{}), make(chan struct{})
		var gone atomic.Bool
		stay.Handle(svc, func(ctx context.Context) error {
			err := turn.Await(ctx, func() { close(inside); <-out })
			gone.Store(true)
			return err
		})
		quick.Handle(svc, func(context.Context) error { return nil })
		top := svc // the way up makes Close take longer
		for range 200 {
			next := rpc.NewService()
			next.Mount("sub", top)
			top = next
		}
		visited := make(chan struct{})
		go func() {
			defer close(visited)
			task(func(ctx context.Context, _ func(error)) {
				if err := stay.Call(ctx, svc.Remote()); err != nil {
					t.Error(err)
				}
			})
		}()
		<-inside
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			svc.Close(errors.New("shut"))
		}()
		for quick.Call(context.Background(), svc.Remote()) == nil { // until it is closed
		}
		<-closed
		soon, cancel := context.WithTimeout(t.Context(), 100*time.Microsecond)
		if err := svc.Idle(soon); err == nil && !gone.Load() {
			t.Error("idle while a visitor is there")
		}
		cancel()
		close(out)
		<-visited
		if err := svc.Idle(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
