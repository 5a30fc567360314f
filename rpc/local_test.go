package rpc_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/codec/msgpack"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/turn"
)

// basket is a value with everything in it that two sides could share.
type basket struct {
	Eggs  []int
	Price map[string]float64
	Next  *basket
}

func newBasket() basket {
	return basket{[]int{3, 1, 2}, map[string]float64{"egg": 0.5}, &basket{Eggs: []int{9}}}
}

// spoil changes all that can be reached.
func (b *basket) spoil() {
	b.Eggs[0] = -1
	b.Price["egg"] = -1
	b.Next.Eggs[0] = -1
	b.Next = nil
}

func (b *basket) isFresh() bool {
	return b.Eggs[0] == 3 && b.Price["egg"] == 0.5 && b.Next != nil && b.Next.Eggs[0] == 9
}

func TestNeitherSideSeesWhatTheOtherDoesWithAValue(t *testing.T) {
	const (
		put      rpc.Func1[basket, basket] = "put(basket)"
		stock    rpc.Func0[*basket]        = "stock()"
		adopt    rpc.Proc2[*int, []byte]   = "adopt(n, text)"
		takeBack rpc.Func0[int]            = "take_back()"
	)
	service := func() *rpc.Service {
		svc := calculator()
		var kept []basket
		put.Handle(svc, func(_ context.Context, b basket) (basket, error) {
			kept = append(kept, b)
			return b, nil
		})
		stock.Handle(svc, func(context.Context) (*basket, error) { return &kept[0], nil })
		var number *int
		adopt.Handle(svc, func(_ context.Context, n *int, _ []byte) error { number = n; *n++; return nil })
		takeBack.Handle(svc, func(context.Context) (int, error) { return *number, nil })
		// What its result points to is changed by the next call.
		svc.Handle("next", func() *int { *number++; return number })
		return svc
	}
	eachWay(t, &rpc.Options{Codec: msgpack.Codec{}}, service, func(t *testing.T, r rpc.Remote) {
		given := newBasket()
		got, err := put.Call(t.Context(), r, given)
		if err != nil || !got.isFresh() {
			t.Fatalf("got %v, %v", got, err)
		}
		given.spoil()
		got.spoil()
		kept, err := stock.Call(t.Context(), r)
		if err != nil || !kept.isFresh() {
			t.Fatalf("the callee has %v, %v", kept, err)
		}
		kept.spoil()
		if again, err := stock.Call(t.Context(), r); err != nil || !again.isFresh() {
			t.Errorf("the callee has %v after its result was changed, %v", again, err)
		}
		n, text := 5, []byte("abc")
		if err := adopt.Call(t.Context(), r, &n, text); err != nil || n != 5 || string(text) != "abc" {
			t.Errorf("the caller has %d and %s, %v", n, text, err)
		}
		n = 7
		if m, err := takeBack.Call(t.Context(), r); err != nil || m != 6 {
			t.Errorf("the callee has %d, %v", m, err)
		}
		var results []*int
		for range 2 {
			m, err := rpc.Call[*int](t.Context(), r, "next")
			if err != nil {
				t.Fatal(err)
			}
			results = append(results, m)
		}
		if *results[0] != 7 || *results[1] != 8 {
			t.Errorf("results %d and %d", *results[0], *results[1])
		}
	})
}

func TestACallWithinTheProgramHasNoCaller(t *testing.T) {
	svc := rpc.NewService()
	svc.Handle("who", func(ctx context.Context) bool { return rpc.Caller(ctx) != nil || ctx.Value(userKey{}) != nil })
	svc.Intercept(func(ctx context.Context, call rpc.Info, next func(context.Context) error) error {
		if call.Conn != nil || call.Path != "who" || call.Remote != (rpc.Remote{}) {
			t.Errorf("call %v", call)
		}
		return next(ctx)
	})
	ctx := context.WithValue(t.Context(), userKey{}, "Ada")
	if is, err := rpc.Call[bool](ctx, svc.Remote(), "who"); is || err != nil {
		t.Errorf("values of the caller's context arrive: %v, %v", is, err)
	}
}

func TestInterceptorsOfAServiceStandAroundCallsFromWithinToo(t *testing.T) {
	service := func() *rpc.Service {
		root, sub := rpc.NewService(), calculator()
		root.Mount("sub", sub)
		denied := &rpc.Error{Type: "PermissionError", Message: "not for you"}
		root.Intercept(func(ctx context.Context, call rpc.Info, next func(context.Context) error) error {
			if call.Path == "sub/secret" {
				return denied
			}
			return next(context.WithValue(ctx, userKey{}, "Ada"))
		})
		sub.Handle("secret", func() string { return "denied" })
		sub.Handle("user", func(ctx context.Context) any { return ctx.Value(userKey{}) })
		sub.Intercept(func(ctx context.Context, call rpc.Info, next func(context.Context) error) error {
			err := next(ctx)
			if call.Path == "sub/add" {
				err = errors.Join(err, next(ctx))
			}
			return err
		})
		return root
	}
	eachWay(t, nil, service, func(t *testing.T, r rpc.Remote) {
		sub := r.Sub("sub")
		_, err := rpc.Call[any](t.Context(), sub, "secret")
		wantFailure(t, err, "PermissionError", "not for you")
		if who, err := rpc.Call[any](t.Context(), sub, "user"); who != "Ada" || err != nil {
			t.Errorf("got %v, %v", who, err)
		}
		_, err = add.Call(t.Context(), sub, 1, 2)
		wantFailure(t, err, "Error", "rpc: an interceptor called next twice")
	})
}

// deeper is a call that is made once more by its handler, until n is 0.
const deeper rpc.Func1[int, int] = "deeper(n)"

// pair returns two services with turns whose functions call each other's.
func pair(turns ...turn.Turn) (a, b *rpc.Service) {
	a, b = rpc.NewService(), rpc.NewService()
	depth := func(other *rpc.Service) func(context.Context, int) (int, error) {
		return func(ctx context.Context, n int) (int, error) {
			if n == 0 {
				return 0, nil
			}
			m, err := deeper.Call(ctx, other.Remote(), n-1)
			return m + 1, err
		}
	}
	deeper.Handle(a, depth(b))
	deeper.Handle(b, depth(a))
	if len(turns) > 0 {
		a.UseTurn(turns[0])
		b.UseTurn(turns[len(turns)-1])
	}
	return a, b
}

func TestServicesOfAProgramCallEachOtherAHundredDeep(t *testing.T) {
	checked := func() *turn.Own {
		own := new(turn.Own)
		own.Check()
		return own
	}
	one := checked()
	for name, turns := range map[string][]turn.Turn{
		"without turns":      nil,
		"with a turn each":   {checked(), checked()},
		"with one turn both": {one},
	} {
		t.Run(name, func(t *testing.T) {
			a, _ := pair(turns...)
			var wg sync.WaitGroup
			for range 10 {
				wg.Go(func() {
					if n, err := deeper.Call(within(t), a.Remote(), 100); n != 100 || err != nil {
						t.Errorf("got %d, %v", n, err)
					}
				})
			}
			wg.Wait()
		})
	}
}

func TestATurnIsGivenUpDuringACallWithinTheProgram(t *testing.T) {
	svc, other := rpc.NewService(), rpc.NewService()
	own := new(turn.Own)
	own.Check()
	svc.UseTurn(own)
	state := "unset"
	svc.Handle("first", func(ctx context.Context) (string, error) {
		_, err := rpc.Call[any](ctx, other.Remote(), "ask")
		return state, err
	})
	svc.Handle("second", func() { state = "set by the second" })
	other.Handle("ask", func(ctx context.Context) error {
		_, err := rpc.Call[any](ctx, svc.Remote(), "second")
		return err
	})
	if text, err := rpc.Call[string](within(t), svc.Remote(), "first"); text != "set by the second" || err != nil {
		t.Errorf("got %q, %v", text, err)
	}
}

func TestACallWithinTheProgramWithTheContextOfAnotherTurnIsRefused(t *testing.T) {
	svc, other := rpc.NewService(), calculator()
	one, two := new(turn.Own), new(turn.Own)
	svc.UseTurn(one)
	svc.Handle("wrong", func(context.Context) error {
		_, err := add.Call(turn.With(context.Background(), two), other.Remote(), 1, 2)
		if !errors.Is(err, turn.ErrMisuse) {
			t.Errorf("error %v, want %v", err, turn.ErrMisuse)
		}
		return nil
	})
	if _, err := rpc.Call[any](within(t), svc.Remote(), "wrong"); err != nil {
		t.Error(err)
	}
	mustAdd(t, other.Remote())
}

// The race detector watches: the handler goes on with its arguments, and makes
// its result, when the caller has long done other things with its own.
func TestACallerThatGivesUpSharesNothingWithTheHandler(t *testing.T) {
	const sort rpc.Func3[[]int, string, rpc.Remote, []int] = "sort(list, order, log)"
	began, goOn := make(chan struct{}), make(chan struct{})
	var handlers sync.WaitGroup
	svc := rpc.NewService()
	sort.Handle(svc, func(_ context.Context, list []int, _ string, _ rpc.Remote) ([]int, error) {
		defer handlers.Done()
		began <- struct{}{}
		<-goOn
		slices.Sort(list)
		return list, nil
	})
	for range 10 {
		handlers.Add(1)
		list := []int{3, 1, 2}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			got, err := sort.Call(ctx, svc.Remote(), list, "up", svc.Remote())
			list[0] = len(got)
			done <- err
		}()
		<-began
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		goOn <- struct{}{}
	}
	handlers.Wait()
}

func TestTheSettingsOfCallsFromWithinAreThoseOfInside(t *testing.T) {
	svc := calculator()
	svc.Handle("wait", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	svc.Inside(&rpc.Options{Timeout: time.Millisecond, Codec: msgpack.Codec{}})
	svc.Handle("echo", func(v any) any { return v })
	if got, err := rpc.Call[[]byte](rpc.Timeout(t.Context(), 0), svc.Remote(), "echo", []byte{0xff}); err != nil || string(got) != "\xff" {
		t.Errorf("got %q, %v", got, err)
	}
	_, err := rpc.Call[any](t.Context(), svc.Remote(), "wait")
	var late *channel.TimeoutError
	if !errors.As(err, &late) || late.After != time.Millisecond || !strings.Contains(err.Error(), "this program") {
		t.Errorf("error %v", err)
	}
	if sum, err := add.Call(rpc.Timeout(t.Context(), 0), svc.Remote(), 3, 4); sum != 7 || err != nil {
		t.Errorf("without a time-out: %d, %v", sum, err)
	}
	wrong := calculator()
	wrong.Inside(&rpc.Options{Types: ownReferences(t)})
	if _, err := rpc.Call[any](within(t), wrong.Remote(), "add", []int{1}); err == nil || !strings.Contains(err.Error(), "registered already") {
		t.Errorf("with a type of references of its own: %v", err)
	}
}
