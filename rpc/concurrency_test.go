package rpc_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/turn"
)

// down calls itself at the other end, until n is 0, and returns how often.
const down rpc.Func1[int, int] = "down(n)"

// descending returns a service that calls its caller back, under a turn or
// none.
func descending(t turn.Turn) *rpc.Service {
	svc := rpc.NewService()
	if t != nil {
		svc.UseTurn(t)
	}
	down.Handle(svc, func(ctx context.Context, n int) (int, error) {
		if n == 0 {
			return 0, nil
		}
		depth, err := down.Call(ctx, rpc.Caller(ctx).Remote(), n-1)
		return depth + 1, err
	})
	return svc
}

func TestBothEndsOfAConnectionCallEachOtherAHundredDeep(t *testing.T) {
	for name, newTurn := range map[string]func() turn.Turn{
		"without turns": func() turn.Turn { return nil },
		"with turns": func() turn.Turn {
			own := new(turn.Own)
			own.Check()
			return own
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, addr string) {
				srv := serve(t, addr, descending(newTurn()), nil)
				r := dial(t, srv, descending(newTurn()), nil).Remote()
				var wg sync.WaitGroup
				for range 8 {
					wg.Go(func() {
						if n, err := down.Call(within(t), r, 100); err != nil || n != 100 {
							t.Errorf("depth %d, error %v", n, err)
						}
					})
				}
				wg.Wait()
			})
		})
	}
}

func TestManyCallsAreUnderWayAtOnce(t *testing.T) {
	each(t, func(t *testing.T, addr string) {
		const square rpc.Func1[int, int] = "square(n)"
		svc := rpc.NewService()
		var mu sync.Mutex
		waiting, all := 0, make(chan struct{})
		square.Handle(svc, func(ctx context.Context, n int) (int, error) {
			mu.Lock()
			if waiting++; waiting == manyCalls {
				close(all)
			}
			mu.Unlock()
			select {
			case <-all:
				return n * n, nil
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		})
		ctx, r := within(t), dial(t, serve(t, addr, svc, nil), nil, nil).Remote()
		var wg sync.WaitGroup
		for i := range manyCalls {
			wg.Go(func() {
				if n, err := square.Call(ctx, r, i); err != nil || n != i*i {
					t.Errorf("%d² is %d, error %v", i, n, err)
				}
			})
		}
		wg.Wait()
	})
}

// account is state that is not safe for concurrent use. The race detector
// sees if two handlers touch it at a time, and so does busy without it.
type account struct {
	balance int
	busy    bool
}

func (a *account) deposit(_ context.Context, n int) (int, error) {
	if a.busy {
		return 0, fmt.Errorf("two deposits at a time")
	}
	a.busy = true
	balance := a.balance + n
	runtime.Gosched()
	a.balance, a.busy = balance, false
	return balance, nil
}

const deposit rpc.Func1[int, int] = "deposit(n)"

func TestFunctionsUnderATurnRunOneAtATimeInItsNestedServicesToo(t *testing.T) {
	const callers, calls = 16, 50
	own := new(turn.Own)
	root, sub, inner := rpc.NewService(), rpc.NewService(), rpc.NewService()
	root.UseTurn(own)
	root.Mount("sub", sub)
	sub.Mount("inner", inner)
	var shared account
	for _, svc := range []*rpc.Service{root, sub, inner} {
		deposit.Handle(svc, shared.deposit)
	}
	srv := serve(t, anyPort, root, nil)
	var wg sync.WaitGroup
	for i := range callers {
		r := dial(t, srv, nil, nil).Remote().Sub([]string{"", "sub", "sub/inner"}[i%3])
		wg.Go(func() {
			for range calls {
				if _, err := deposit.Call(within(t), r, 1); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := own.Do(context.Background(), func() {
		if shared.balance != callers*calls {
			t.Errorf("balance %d, want %d", shared.balance, callers*calls)
		}
	}); err != nil {
		t.Error(err)
	}
}

func TestFunctionsWithoutATurnOverlap(t *testing.T) {
	const meet rpc.Proc0 = "meet()"
	svc := rpc.NewService()
	met := make(chan struct{})
	meet.Handle(svc, func(ctx context.Context) error {
		select { // either gives or takes: it needs two at a time
		case met <- struct{}{}:
		case <-met:
		case <-ctx.Done():
			return ctx.Err()
		}
		return nil
	})
	ctx, r := within(t), remote(t, svc)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			if err := meet.Call(ctx, r); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestTheContextOfAHandlerNamesTheTurnOfTheNearestService(t *testing.T) {
	const check rpc.Func0[string] = "check()"
	outer, inner := new(turn.Own), new(turn.Own)
	report := func(ctx context.Context) (string, error) {
		switch turn.From(ctx) {
		case turn.Turn(outer):
			return "outer", nil
		case turn.Turn(inner):
			return "inner", nil
		}
		return "none of them", nil
	}
	plain, sub, own, below := rpc.NewService(), rpc.NewService(), rpc.NewService(), rpc.NewService()
	for _, svc := range []*rpc.Service{plain, sub, own, below} {
		check.Handle(svc, report)
	}
	sub.UseTurn(outer)
	own.UseTurn(inner)
	plain.Mount("sub", sub)
	sub.Mount("own", own)
	own.Mount("below", below)
	r := remote(t, plain)
	for path, want := range map[string]string{
		"": "none of them", "sub": "outer", "sub/own": "inner", "sub/own/below": "inner",
	} {
		if name, err := check.Call(within(t), rpc.NewRemote(r.Peer(), path)); err != nil || name != want {
			t.Errorf("under %q the turn is %q, want %q; error %v", path, name, want, err)
		}
	}
}

func TestATurnIsGivenUpWhileAHandlerWaitsForACall(t *testing.T) {
	const first, second rpc.Func0[string] = "first()", "second()"
	const ask rpc.Func0[string] = "ask()"
	own := new(turn.Own)
	own.Check()
	svc := rpc.NewService()
	svc.UseTurn(own)
	state := "unset"
	first.Handle(svc, func(ctx context.Context) (string, error) {
		_, err := ask.Call(ctx, rpc.Caller(ctx).Remote())
		return state, err
	})
	second.Handle(svc, func(context.Context) (string, error) {
		state = "set by the second"
		return "", nil
	})
	// The answer to first's question needs second, which has the same turn.
	caller := rpc.NewService()
	ask.Handle(caller, func(ctx context.Context) (string, error) {
		return second.Call(ctx, rpc.Caller(ctx).Remote())
	})
	conn := dial(t, serve(t, anyPort, svc, nil), caller, nil)
	if text, err := first.Call(within(t), conn.Remote()); err != nil || text != "set by the second" {
		t.Errorf("got %q, error %v", text, err)
	}
}
