package rpc_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/internal/stack"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/turn"
)

const (
	double rpc.Func1[int, int]       = "double(n)"
	hold   rpc.Func1[string, string] = "hold(text)"
)

// inAnHour runs fn as a task with a deadline that is far away, whose goroutine has
// a helper.
func inAnHour(t *testing.T, fn func(ctx context.Context)) {
	warm := withTurn(rpc.NewService())
	double.Handle(warm, func(_ context.Context, n int) (int, error) { return 2 * n, nil })
	task(func(ctx context.Context, _ func(error)) {
		ctx, cancel := context.WithTimeout(ctx, time.Hour)
		defer cancel()
		for n := range 3 {
			if got, err := double.Call(ctx, warm.Remote(), n); got != 2*n || err != nil {
				t.Errorf("got %d, %v", got, err)
			}
		}
		fn(ctx)
	})
}

func TestCallsWithADeadlineHaveOneGoroutineForAllOfThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		goroutines := make(map[uint64]bool)
		svc := withTurn(rpc.NewService())
		double.Handle(svc, func(ctx context.Context, n int) (int, error) {
			goroutines[stack.Goroutine()] = true
			date, ok := ctx.Deadline()
			if left := time.Until(date); !ok || left <= 59*time.Minute || left > time.Hour {
				t.Errorf("%v are left, %t", left, ok)
			}
			return 2 * n, nil
		})
		svc.Bound(1, rpc.PushBack)
		inAnHour(t, func(ctx context.Context) {
			goroutines[stack.Goroutine()] = true
			for n := range 10 {
				if got, err := double.Call(ctx, svc.Remote(), n); got != 2*n || err != nil {
					t.Errorf("got %d, %v", got, err)
				}
			}
		})
		if len(goroutines) != 2 {
			t.Errorf("%d goroutines", len(goroutines))
		}
	})
}

func TestCallsWithATimeoutHaveOneGoroutineForAllOfThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		goroutines := make(map[uint64]bool)
		svc := withTurn(rpc.NewService())
		double.Handle(svc, func(ctx context.Context, n int) (int, error) {
			goroutines[stack.Goroutine()] = true
			if date, ok := ctx.Deadline(); !ok || time.Until(date) != time.Minute {
				t.Errorf("until %v, %t", date, ok)
			}
			return 2 * n, nil
		})
		inAnHour(t, func(ctx context.Context) {
			goroutines[stack.Goroutine()] = true
			for n := range 10 {
				if got, err := double.Call(rpc.Timeout(ctx, time.Minute), svc.Remote(), n); got != 2*n || err != nil {
					t.Errorf("got %d, %v", got, err)
				}
			}
		})
		if len(goroutines) != 2 {
			t.Errorf("%d goroutines", len(goroutines))
		}
	})
}

func TestACallReturnsAtItsTimeoutAndItsHandlerIsToldAndGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc := withTurn(rpc.NewService())
		var ended []error
		hold.Handle(svc, func(ctx context.Context, text string) (string, error) {
			time.Sleep(time.Minute) // not a wait
			ended = append(ended, turn.Err(ctx))
			return text, nil
		})
		inAnHour(t, func(ctx context.Context) {
			var late *channel.TimeoutError
			for _, d := range []time.Duration{time.Second, 2 * time.Second, time.Second} {
				start := time.Now()
				text, err := hold.Call(rpc.Timeout(ctx, d), svc.Remote(), "late")
				if took := time.Since(start); text != "" || !errors.As(err, &late) || late.After != d || took != d {
					t.Errorf("%q, %v after %v", text, err, took)
				}
				if text, err := hold.Call(rpc.Timeout(ctx, 2*time.Minute), svc.Remote(), "in time"); text != "in time" || err != nil {
					t.Errorf("%q, %v", text, err)
				}
			}
			soon, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			if _, err := hold.Call(rpc.Timeout(soon, time.Minute), svc.Remote(), ""); !errors.Is(err, context.DeadlineExceeded) || errors.As(err, new(*channel.TimeoutError)) {
				t.Error("the earlier end is that of the context:", err)
			}
		})
		svc.Close(errShut)
		if err := svc.Idle(t.Context()); err != nil {
			t.Error(err)
		}
		for i, err := range ended {
			if late := i%2 == 0; late != errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the context of call %d has ended with %v", i, err)
			}
		}
	})
}

func TestACallReturnsAtItsDeadlineAndItsHandlerIsToldAndGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc := withTurn(rpc.NewService())
		var ended error
		hold.Handle(svc, func(ctx context.Context, text string) (string, error) {
			time.Sleep(time.Minute) // not a wait
			ended = turn.Err(ctx)
			return text, nil
		})
		inAnHour(t, func(ctx context.Context) {
			for range 2 {
				soon, cancel := context.WithTimeout(ctx, time.Second)
				defer cancel()
				start := time.Now()
				text, err := hold.Call(soon, svc.Remote(), "late")
				if took := time.Since(start); text != "" || !errors.Is(err, context.DeadlineExceeded) || took != time.Second {
					t.Errorf("%q, %v after %v", text, err, took)
				}
				if _, err := double.Call(soon, svc.Remote(), 1); !errors.Is(err, context.DeadlineExceeded) {
					t.Error("after its end:", err)
				}
				// It waits for its turn, and then its time is not over.
				if text, err := hold.Call(ctx, svc.Remote(), "in time"); text != "in time" || err != nil || ended != nil {
					t.Errorf("%q, %v, the handler's context: %v", text, err, ended)
				}
			}
			cancelled, cancel := context.WithCancel(ctx)
			time.AfterFunc(time.Second, cancel)
			if _, err := hold.Call(cancelled, svc.Remote(), ""); !errors.Is(err, context.Canceled) {
				t.Error("cancelled:", err)
			}
		})
		svc.Close(errShut)
		if err := svc.Idle(t.Context()); err != nil {
			t.Error(err)
		}
		if !errors.Is(ended, context.Canceled) || !errors.Is(ended, channel.ErrGivenUp) {
			t.Error("the last handler's context ended with", ended)
		}
	})
}

func TestAHandlerThatEndsItsGoroutineOrPanicsEndsNoCallerWithADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc := withTurn(rpc.NewService())
		hold.Handle(svc, func(_ context.Context, how string) (string, error) {
			if how == "exit" {
				runtime.Goexit()
			}
			panic(how)
		})
		went := false
		inAnHour(t, func(ctx context.Context) {
			for range 3 {
				_, err := hold.Call(ctx, svc.Remote(), "exit")
				wantFailure(t, err, "RuntimeError", "the handler ended its goroutine")
				if _, err = hold.Call(ctx, svc.Remote(), "leak"); err == nil {
					t.Error("a panic is no failure")
				}
			}
			went = true
		})
		if !went {
			t.Error("the caller's task was ended")
		}
		svc.Close(errShut)
		if err := svc.Idle(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// repeater is a peer of this program whose calls are made again when they have
// taken too long.
type repeater struct{ *rpc.Service }

func (r repeater) Connect(context.Context) (*rpc.Conn, error) { return nil, errShut }
func (r repeater) Addr() string                               { return "" }
func (r repeater) URL(string) string                          { return "" }
func (r repeater) Describe(string) string                     { return "repeater" }
func (r repeater) Inside() *rpc.Service                       { return r.Service }

func (r repeater) Interceptors() []rpc.Interceptor {
	return []rpc.Interceptor{func(ctx context.Context, _ rpc.Info, next func(context.Context) error) error {
		for {
			soon, cancel := context.WithTimeout(ctx, time.Second)
			err := next(soon)
			cancel()
			if !errors.Is(err, context.DeadlineExceeded) {
				return err
			}
		}
	}}
}

// The race detector watches the variables of the call, which each try needs for
// itself.
func TestACallThatIsGivenUpAndMadeAgainDoesNotMeetItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc := rpc.NewService()
		agent := withTurn(rpc.NewService())
		tries := 0
		hold.Handle(agent, func(ctx context.Context, text string) (string, error) {
			if tries++; tries%2 == 1 {
				if err := turn.Sleep(context.WithoutCancel(ctx), nil, 1500*time.Millisecond); err != nil {
					t.Error(err)
				}
				return "too late", nil
			}
			return text, turn.Sleep(ctx, nil, 500*time.Millisecond)
		})
		svc.Mount("agent", agent)
		inAnHour(t, func(ctx context.Context) {
			for range 4 {
				if text, err := hold.Call(ctx, rpc.NewRemote(repeater{svc}, "agent"), "text"); text != "text" || err != nil {
					t.Errorf("%q, %v", text, err)
				}
			}
		})
	})
}
