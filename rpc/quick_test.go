package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/internal/stack"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/turn"
)

func TestOnlyQuickFunctionsRunOnTheGoroutineThatReads(t *testing.T) {
	const text = "whereItIsQuick()"
	svc := calculator()
	rpc.Func0[uint64](text).Handle(svc, func(context.Context) (uint64, error) { return stack.Goroutine(), nil })
	defer rpc.Quicken(text, false)
	each(t, func(t *testing.T, addr string) {
		conn := dial(t, serve(t, addr, svc, nil), nil, nil)
		for _, quick := range []bool{false, true, false} {
			rpc.Quicken(text, quick)
			var at [2]uint64
			for i := range at {
				var err error
				if at[i], err = rpc.Func0[uint64](text).Call(within(t), conn.Remote()); err != nil {
					t.Fatal(err)
				}
			}
			if same := at[0] == at[1]; same != quick {
				t.Errorf("quick is %v, and the calls ran on goroutines %d and %d", quick, at[0], at[1])
			}
		}
	})
}

func TestAFunctionThatWaitsIsNotKnownAsQuickAnyMore(t *testing.T) {
	const text = "wait(n)"
	wait := rpc.Proc1[int](text)
	svc, began, release := calculator(), make(chan struct{}, 1), make(chan struct{})
	wait.Handle(svc, func(_ context.Context, n int) error {
		if n > 0 {
			began <- struct{}{}
			<-release
		}
		return nil
	})
	conn := dial(t, serve(t, anyPort, svc, nil), nil, nil)
	rpc.Quicken(text, true)
	if err := wait.Call(within(t), conn.Remote(), 0); err != nil || !rpc.IsQuick(text) {
		t.Fatalf("it is known as quick: %v, error %v", rpc.IsQuick(text), err)
	}
	waited := make(chan error)
	go func() { waited <- wait.Call(within(t), conn.Remote(), 1) }()
	<-began
	mustAdd(t, conn.Remote()) // read when the goroutine has been lent for too long
	close(release)
	if err := <-waited; err != nil {
		t.Error(err)
	}
	for ctx := within(t); rpc.IsQuick(text); runtime.Gosched() {
		if ctx.Err() != nil {
			t.Fatal("a function that has waited is known as quick")
		}
	}
}

// What has been quick for a thousand calls may wait in the next one, for what
// the connection is to bring.
func TestAQuickFunctionThatWaitsHoldsUpNobody(t *testing.T) {
	const text = "behave()"
	behave := rpc.Func0[int](text)
	defer rpc.Quicken(text, false)
	back := rpc.NewService()
	add.Handle(back, func(_ context.Context, a, b int) (int, error) { return a + b, nil })
	for name, test := range map[string]struct {
		behave func(ctx context.Context, poke <-chan struct{}) (int, error)
		want   func(err error) bool
	}{
		"for another call": {behave: func(_ context.Context, poke <-chan struct{}) (int, error) {
			<-poke
			return 7, nil
		}},
		"for the caller": {behave: func(ctx context.Context, _ <-chan struct{}) (int, error) {
			return add.Call(ctx, rpc.Caller(ctx).Remote(), 3, 4)
		}},
		"for the caller, with another context": {behave: func(ctx context.Context, _ <-chan struct{}) (int, error) {
			return add.Call(context.Background(), rpc.Caller(ctx).Remote(), 3, 4)
		}},
		"for another call, with a context made of its own": {behave: func(ctx context.Context, poke <-chan struct{}) (int, error) {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			select {
			case <-poke:
				return 7, nil
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		}},
		"for another call, outside of its turn": {behave: func(ctx context.Context, poke <-chan struct{}) (int, error) {
			err := turn.Await(ctx, func() { <-poke })
			return 7, err
		}},
		"and then panics": {
			behave: func(_ context.Context, poke <-chan struct{}) (int, error) {
				<-poke
				panic("no")
			},
			want: func(err error) bool { return err != nil },
		},
		"and then ends its goroutine": {
			behave: func(_ context.Context, poke <-chan struct{}) (int, error) {
				<-poke
				runtime.Goexit()
				return 0, nil
			},
			want: func(err error) bool { return err != nil },
		},
		"not, but ends its goroutine": {
			behave: func(context.Context, <-chan struct{}) (int, error) {
				runtime.Goexit()
				return 0, nil
			},
			want: func(err error) bool { return err != nil },
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, own := range []bool{false, true} {
				svc, poke := calculator(), make(chan struct{})
				target := svc
				if own {
					target = withTurn(rpc.NewService())
					svc.Mount("agent", target)
				}
				behave.Handle(target, func(ctx context.Context) (int, error) { return test.behave(ctx, poke) })
				rpc.Proc0("poke()").Handle(svc, func(context.Context) error {
					close(poke)
					return nil
				})
				rpc.Quicken(text, true)
				rpc.Quicken("poke()", true)
				conn := dial(t, serve(t, anyPort, svc, nil), back, nil)
				remote := conn.Remote()
				if own {
					remote = remote.Sub("agent")
				}
				done := make(chan error, 1)
				go func() {
					got, err := behave.Call(within(t), remote)
					if err == nil && got != 7 {
						err = fmt.Errorf("it returns %d", got)
					}
					done <- err
				}()
				for range 10 {
					mustAdd(t, conn.Remote())
				}
				if err := rpc.Proc0("poke()").Call(within(t), conn.Remote()); err != nil {
					t.Error(err)
				}
				err := <-done
				if test.want == nil && err != nil || test.want != nil && !test.want(err) {
					t.Errorf("with a turn of its own: %v, error %v", own, err)
				}
				mustAdd(t, conn.Remote())
			}
		})
	}
}

func TestAQuickFunctionThatWaitsLearnsThatItIsGivenUp(t *testing.T) {
	for name, giveUp := range map[string]func(conn *rpc.Conn, cancel func()){
		"by its caller":              func(_ *rpc.Conn, cancel func()) { cancel() },
		"by the end of a connection": func(conn *rpc.Conn, _ func()) { _ = conn.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			rpc.Quicken("watch()", true)
			defer rpc.Quicken("watch()", false)
			svc, began, ended := watcher()
			conn := dial(t, serve(t, anyPort, svc, nil), nil, nil)
			mustAdd(t, conn.Remote()) // the peers know each other
			ctx, cancel := context.WithCancel(within(t))
			defer cancel()
			done := make(chan error, 1)
			go func() { done <- watch.Call(ctx, conn.Remote()) }()
			<-began
			giveUp(conn, cancel)
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("the handler's context ended with %v", err)
			}
			if err := <-done; err == nil {
				t.Error("the call was answered")
			}
		})
	}
}

func TestTheEndOfAConnectionIsSeenWhileAQuickFunctionWaits(t *testing.T) {
	const text = "stay()"
	rpc.Quicken(text, true)
	defer rpc.Quicken(text, false)
	svc, began, release := rpc.NewService(), make(chan struct{}), make(chan struct{})
	rpc.Proc0(text).Handle(svc, func(context.Context) error {
		close(began)
		<-release
		return nil
	})
	lost := make(chan error, 1)
	srv := serve(t, anyPort, svc, &rpc.Options{Lost: func(_ *channel.Conn, reason error) { lost <- reason }})
	conn := dial(t, srv, nil, nil)
	done := make(chan error, 1)
	go func() { done <- rpc.Proc0(text).Call(within(t), conn.Remote()) }()
	<-began
	_ = conn.Close() // never fails
	<-lost
	if err := <-done; !errors.Is(err, channel.ErrClosed) {
		t.Errorf("error %v", err)
	}
	close(release)
}

func TestTheCallsOfAnAgentKeepTheirOrderWhetherQuickOrNot(t *testing.T) {
	const calls, text = 2000, "note(n)"
	defer rpc.Quicken(text, false)
	note := rpc.Proc1[int](text)
	svc := withTurn(rpc.NewService())
	var got []int
	all := make(chan struct{})
	note.Handle(svc, func(_ context.Context, n int) error {
		rpc.Quicken(text, rand.N(3) > 0)
		runtime.Gosched()
		if got = append(got, n); len(got) == calls {
			close(all)
		}
		return nil
	})
	order := rpc.Func0[[]int]("order()")
	order.Handle(svc, func(context.Context) ([]int, error) { return got, nil })
	conn := dial(t, serve(t, anyPort, svc, nil), nil, nil)
	for n := range calls {
		if err := rpc.Notify(within(t), conn.Remote(), "note", n); err != nil {
			t.Fatal(err)
		}
	}
	<-all
	list, err := order.Call(within(t), conn.Remote())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSorted(list) {
		t.Errorf("the calls ran in the order %v", list)
	}
}

func TestQuickAndSlowCallsOfManyCallersAreAllAnswered(t *testing.T) {
	const text = "sometimes(n)"
	defer rpc.Quicken(text, false)
	sometimes := rpc.Func1[int, int](text)
	svc := rpc.NewService()
	var gate sync.Mutex
	sometimes.Handle(svc, func(ctx context.Context, n int) (int, error) {
		rpc.Quicken(text, true)
		switch n % 7 {
		case 1:
			gate.Lock()
			defer gate.Unlock()
			runtime.Gosched()
		case 2:
			m, err := sometimes.Call(ctx, rpc.Caller(ctx).Remote(), 7*n)
			return m / 7, err
		case 3:
			runtime.Goexit()
		}
		return n, nil
	})
	each(t, func(t *testing.T, addr string) {
		conn := dial(t, serve(t, addr, svc, nil), svc, nil)
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				for n := i; n < i+200; n++ {
					got, err := sometimes.Call(within(t), conn.Remote(), n)
					if n%7 == 3 {
						if remote := remoteError(t, err); remote.Type != "RuntimeError" {
							t.Errorf("%d: error %v", n, err)
						}
					} else if err != nil || got != n {
						t.Errorf("%d is %d, error %v", n, got, err)
					}
				}
			})
		}
		wg.Wait()
	})
}

func TestAConnectionEndsWhileQuickCallsAreDelivered(t *testing.T) {
	const text, calls = "tick()", 3000
	rpc.Quicken(text, true)
	defer rpc.Quicken(text, false)
	for range 3 {
		conns, some := make(chan *channel.Conn, 1), make(chan struct{})
		svc := rpc.NewService()
		var n atomic.Int32
		rpc.Proc0(text).Handle(svc, func(context.Context) error {
			if n.Add(1) == calls/3 {
				close(some)
			}
			return nil
		})
		srv := serve(t, anyPort, svc, &rpc.Options{Connected: func(c *channel.Conn) { conns <- c }})
		client := dial(t, srv, nil, nil)
		for range calls {
			if err := rpc.Proc0(text).Notify(within(t), client.Remote()); err != nil {
				t.Fatal(err)
			}
		}
		c := <-conns
		ctx, cancel := context.WithCancel(within(t))
		for range 1000 { // to end them takes the goroutine that closes some time
			go func() { _, _ = rpc.Call[any](ctx, rpc.Of(c).Remote(), "nothing") }()
		}
		<-some
		_ = c.Close() // never fails
		if err := c.Wait(within(t)); !errors.Is(err, channel.ErrClosed) {
			t.Error(err)
		}
		cancel()
	}
}

func TestNoFunctionIsKnownAsQuickByAClockThatStandsStill(t *testing.T) {
	const text = "burn()"
	defer rpc.Quicken(text, false)
	rpc.Quicken(text, false)
	synctest.Test(t, func(t *testing.T) {
		svc := rpc.NewService()
		rpc.Proc0(text).Handle(svc, func(context.Context) error { return nil })
		srv, err := rpc.Listen(t.Context(), anyPort, svc, nil)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := rpc.Dial(t.Context(), srv.Addr(), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		for range 2000 {
			if err := rpc.Proc0(text).Call(t.Context(), conn.Remote()); err != nil {
				t.Fatal(err)
			}
		}
		_ = conn.Close() // never fails
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
	})
	if rpc.IsQuick(text) {
		t.Error("it is known as quick")
	}
}
