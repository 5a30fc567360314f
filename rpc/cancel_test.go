package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/internal/pypeer"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/turn"
)

// watcher returns a service whose function watch lasts as long as its context,
// and tells its beginning, and why it ended, if anybody listens.
func watcher() (svc *rpc.Service, began chan struct{}, ended chan error) {
	began, ended = make(chan struct{}), make(chan error, 1)
	svc = calculator()
	watch.Handle(svc, func(ctx context.Context) error {
		select {
		case began <- struct{}{}:
		case <-ctx.Done(): // see giveUp
			return ctx.Err()
		}
		<-ctx.Done()
		ended <- turn.Err(ctx)
		return ctx.Err()
	})
	return svc, began, ended
}

const watch rpc.Proc0 = "watch()"

// aWhile is mostly long enough for a call to begin.
const aWhile = 100 * time.Millisecond

// ways to give a call up: each returns a context that ends after a time, or has
// what ends it once the call has begun.
var waysToGiveUp = map[string]struct {
	begin func(ctx context.Context, after time.Duration) (context.Context, func())
	want  error
}{
	"cancelled": {
		func(ctx context.Context, _ time.Duration) (context.Context, func()) { return context.WithCancel(ctx) },
		context.Canceled,
	},
	"past its deadline": {
		func(ctx context.Context, after time.Duration) (context.Context, func()) {
			ctx, cancel := context.WithTimeout(ctx, after)
			context.AfterFunc(ctx, cancel)
			return ctx, func() {}
		},
		context.DeadlineExceeded,
	},
	"past its time-out": {
		func(ctx context.Context, after time.Duration) (context.Context, func()) {
			return rpc.Timeout(ctx, after), func() {}
		},
		context.DeadlineExceeded,
	},
	"past the deadline, with a longer time-out": {
		func(ctx context.Context, after time.Duration) (context.Context, func()) {
			ctx, cancel := context.WithTimeout(ctx, after)
			context.AfterFunc(ctx, cancel)
			return rpc.Timeout(ctx, patience), func() {}
		},
		context.DeadlineExceeded,
	},
}

// giveUp makes a call of watch, gives it up in one of the ways, and returns its
// error. A call that was given up before it began is made again with more time:
// a busy machine may be that slow.
func giveUp(t *testing.T, r rpc.Remote, began <-chan struct{}, begin func(context.Context, time.Duration) (context.Context, func())) error {
	t.Helper()
	mustAdd(t, r) // now the peers know each other
	for after := aWhile; ; after *= 4 {
		ctx, end := begin(t.Context(), after)
		done := make(chan error, 1)
		go func() { done <- watch.Call(ctx, r) }()
		select {
		case <-began:
			end()
			return <-done
		case err := <-done:
			if after > patience {
				t.Fatal("the call ended before it began:", err)
			}
		}
	}
}

func TestTheContextOfAHandlerEndsWhenItsCallerGivesUp(t *testing.T) {
	for name, way := range waysToGiveUp {
		t.Run(name, func(t *testing.T) {
			var began chan struct{}
			var ended chan error
			eachWay(t, nil, func() (svc *rpc.Service) { svc, began, ended = watcher(); return svc }, func(t *testing.T, r rpc.Remote) {
				err := giveUp(t, r, began, way.begin)
				var remote *rpc.RemoteError
				if !errors.Is(err, way.want) || errors.As(err, &remote) {
					t.Errorf("the caller got %v, want %v", err, way.want)
				}
				// A little earlier or later than the handler's own clock says.
				if why := <-ended; !errors.Is(why, channel.ErrGivenUp) && !errors.Is(why, way.want) {
					t.Errorf("the context of the handler ended with %v", why)
				}
				mustAdd(t, r)
			})
		})
	}
}

func TestAHandlerKnowsUntilWhenItsCallerWaits(t *testing.T) {
	const left rpc.Func0[float64] = "left()" // seconds, 0 if it does not know
	service := func() *rpc.Service {
		svc := calculator()
		left.Handle(svc, func(ctx context.Context) (float64, error) {
			end, ok := ctx.Deadline()
			if !ok {
				return 0, nil
			}
			return time.Until(end).Seconds(), nil
		})
		return svc
	}
	inAnHour, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	for name, test := range map[string]struct {
		ctx  context.Context
		opts *rpc.Options
		want time.Duration
	}{
		"for ever":                      {t.Context(), nil, 0},
		"a deadline":                    {inAnHour, nil, time.Hour},
		"a time-out":                    {rpc.Timeout(t.Context(), time.Hour), nil, time.Hour},
		"a time-out before a deadline":  {rpc.Timeout(inAnHour, time.Minute), nil, time.Minute},
		"a deadline before a time-out":  {rpc.Timeout(inAnHour, 24*time.Hour), nil, time.Hour},
		"a time-out of all calls":       {t.Context(), &rpc.Options{Timeout: time.Minute}, time.Minute},
		"a time-out of this call":       {rpc.Timeout(t.Context(), time.Hour), &rpc.Options{Timeout: time.Minute}, time.Hour},
		"no time-out of this call":      {rpc.Timeout(t.Context(), 0), &rpc.Options{Timeout: time.Minute}, 0},
		"a time-out longer than a life": {rpc.Timeout(t.Context(), channel.Forever), nil, -1},
	} {
		t.Run(name, func(t *testing.T) {
			eachWay(t, test.opts, service, func(t *testing.T, r rpc.Remote) {
				mustAdd(t, r)
				seconds, err := left.Call(test.ctx, r)
				if err != nil {
					t.Fatal(err)
				}
				want := test.want.Seconds()
				if test.want < 0 {
					if seconds != 0 && seconds < 3e9 {
						t.Errorf("%v s left", seconds)
					}
				} else if seconds > want+1 || seconds < want-patience.Seconds() {
					t.Errorf("%v s left, want %v", seconds, want)
				}
			})
		})
	}
}

// relay returns a service that passes on to r the calls that it gets.
func relay(r rpc.Remote) *rpc.Service {
	svc := calculator()
	watch.Handle(svc, func(ctx context.Context) error { return watch.Call(ctx, r) })
	return svc
}

func TestGivingUpReachesTheLastOfAChainOfCalls(t *testing.T) {
	for name, way := range waysToGiveUp {
		t.Run(name, func(t *testing.T) {
			var began chan struct{}
			var ended chan error
			chain := func() *rpc.Service {
				var last *rpc.Service
				last, began, ended = watcher()
				over := remote(t, last)
				mustAdd(t, over)
				return relay(relay(over).Remote())
			}
			eachWay(t, nil, chain, func(t *testing.T, r rpc.Remote) {
				if err := giveUp(t, r, began, way.begin); !errors.Is(err, way.want) {
					t.Errorf("the caller got %v, want %v", err, way.want)
				}
				if why := <-ended; !errors.Is(why, channel.ErrGivenUp) && !errors.Is(why, way.want) {
					t.Errorf("the context of the last handler ended with %v", why)
				}
			})
		})
	}
}

func TestACallThatIsGivenUpWhileItWaitsForItsTurnIsNotExecuted(t *testing.T) {
	var busy chan struct{}
	var executed chan string
	service := func() *rpc.Service {
		busy, executed = make(chan struct{}), make(chan string, 2)
		svc := calculator()
		svc.UseTurn(new(turn.Own))
		svc.Handle("work(name)", func(name string) {
			executed <- name
			if name == "first" {
				busy <- struct{}{}
				busy <- struct{}{}
			}
		})
		return svc
	}
	work := func(ctx context.Context, r rpc.Remote, name string) error {
		_, err := rpc.Call[any](ctx, r, "work", name)
		return err
	}
	eachWay(t, nil, service, func(t *testing.T, r rpc.Remote) {
		mustAdd(t, r)
		done := make(chan error)
		go func() { done <- work(within(t), r, "first") }()
		<-busy
		if err := work(rpc.Timeout(t.Context(), aWhile), r, "second"); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		// On the same connection, this comes after the news of that.
		_, err := rpc.Call[any](within(t), r, "nothing") // which needs no turn
		wantFailure(t, err, "LookupError", `Name "nothing" not found in ""`)
		third := make(chan error)
		go func() { third <- work(within(t), r, "third") }()
		<-busy
		if err := errors.Join(<-done, <-third); err != nil {
			t.Error(err)
		}
		if a, b := <-executed, <-executed; a != "first" || b != "third" {
			t.Errorf("executed %s and %s", a, b)
		}
	})
}

func TestTheContextOfAHandlerEndsWithItsReturnUnlessItHasATurn(t *testing.T) {
	for name, own := range map[string]*turn.Own{"no turn": nil, "a turn": new(turn.Own)} {
		t.Run(name, func(t *testing.T) {
			var kept context.Context
			service := func() *rpc.Service {
				svc := calculator()
				if own != nil {
					svc.UseTurn(own)
				}
				svc.Handle("keep", func(ctx context.Context) { kept = ctx })
				return svc
			}
			eachWay(t, nil, service, func(t *testing.T, r rpc.Remote) {
				mustAdd(t, r)
				if _, err := rpc.Call[any](rpc.Timeout(t.Context(), time.Hour), r, "keep"); err != nil {
					t.Fatal(err)
				}
				if own == nil {
					<-kept.Done()
					if err := turn.Err(kept); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "has returned") {
						t.Errorf("error %v", err)
					}
					if _, err := add.Call(kept, r, 1, 2); !errors.Is(err, context.Canceled) {
						t.Errorf("a call with the context: %v", err)
					}
					return
				}
				mustAdd(t, r)
				if _, ok := kept.Deadline(); ok || kept.Err() != nil {
					t.Errorf("the context has a deadline: %v, error %v", ok, kept.Err())
				}
				err := own.Do(t.Context(), func() { // as code of the same turn
					if n, err := add.Call(kept, r, 3, 4); n != 7 || err != nil {
						t.Errorf("a call with the context: %d, %v", n, err)
					}
				})
				if err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestContextsThatAHandlerMadeEndWithItsCaller(t *testing.T) {
	svc, began, ended := calculator(), make(chan struct{}), make(chan error, 2)
	watch.Handle(svc, func(ctx context.Context) error {
		child, cancel := context.WithTimeout(context.WithValue(ctx, userKey{}, "Ada"), time.Hour)
		defer cancel()
		context.AfterFunc(ctx, func() { ended <- ctx.Err() })
		began <- struct{}{}
		<-child.Done()
		ended <- child.Err()
		return nil
	})
	way := waysToGiveUp["cancelled"]
	if err := giveUp(t, remote(t, svc), began, way.begin); !errors.Is(err, way.want) {
		t.Error(err)
	}
	for range 2 {
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}

func TestPythonIsNotToldOfCallsThatAreGivenUp(t *testing.T) {
	began, goOn := make(chan struct{}, 1), make(chan struct{})
	svc := rpc.NewService()
	get.Handle(svc, func(ctx context.Context, x string) ([]string, error) {
		if _, ok := ctx.Deadline(); ok {
			return nil, errors.New("a call by Python has a deadline")
		}
		began <- struct{}{}
		<-goOn
		return []string{x}, ctx.Err()
	})
	r := dialPython(t, anyPort, svc, nil)
	mustAdd(t, r)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := rpc.Call[any](ctx, r, "callback", svc, "hi")
		done <- err
	}()
	<-began
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	mustAdd(t, r)
	close(goOn) // Python's call goes on, and its own reply is dropped
	for range 10 {
		if answer, err := rpc.Call[any](rpc.Timeout(t.Context(), patience), r, "callback", svc, "hi"); err != nil || !reflect.DeepEqual(answer, []any{"peer said", []any{"hi"}}) {
			t.Fatalf("got %v, %v", answer, err)
		}
		<-began
	}
}

func TestACallByPythonEndsWithItsConnectionOnly(t *testing.T) {
	svc, began, ended := watcher()
	srv := serve(t, anyPort, svc, nil)
	p := pypeer.Start(t, "script")
	p.Do(t, map[string]any{"op": "dial", "addr": srv.Addr()})
	raw := dialWire(t, srv)
	if err := raw.send(`[0, 1, ["watch", [], {}]]`); err != nil {
		t.Fatal(err)
	}
	<-began
	result := p.Do(t, map[string]any{"op": "call", "path": "add", "args": []any{3, 4}})
	if fmt.Sprint(result["reply"]) != "7" {
		t.Errorf("got %v", result)
	}
	if err := raw.Close(); err != nil {
		t.Error(err)
	}
	var lost *channel.LostError
	if err := <-ended; !errors.As(err, &lost) {
		t.Errorf("ended with %v", err)
	}
}
