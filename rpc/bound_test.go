package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/turn"
)

const note rpc.Proc1[int] = "note(n)"

// notebook is a service under a turn of its own that notes with what it is
// called. Beside it is a calculator without a turn.
type notebook struct {
	own  turn.Own
	svc  *rpc.Service
	root *rpc.Service
	got  []int // belongs to the turn
}

func newNotebook(most int) *notebook {
	b := &notebook{svc: rpc.NewService(), root: calculator()}
	b.svc.UseTurn(&b.own)
	b.svc.Bound(most, rpc.PushBack)
	note.Handle(b.svc, func(_ context.Context, n int) error { b.got = append(b.got, n); return nil })
	b.root.Mount("book", b.svc)
	return b
}

// hold takes the turn until release is called.
func (b *notebook) hold(t *testing.T) (release func()) {
	t.Helper()
	held, released, done := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		done <- b.own.Do(context.Background(), func() { close(held); <-released })
	}()
	<-held
	return func() {
		t.Helper()
		close(released)
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// noted returns what has been noted.
func (b *notebook) noted(t *testing.T) (got []int) {
	t.Helper()
	if err := b.own.Do(context.Background(), func() { got = slices.Clone(b.got) }); err != nil {
		t.Error(err)
	}
	return got
}

func TestCallsThatArePushedBackAreExecutedInOrderOfArrival(t *testing.T) {
	const calls = 100
	for _, most := range []int{1, 2, 7, calls} {
		b := newNotebook(most)
		for name, r := range map[string]rpc.Remote{
			"from within":         b.root.Remote().Sub("book"),
			"over the connection": remote(t, b.root).Sub("book"),
		} {
			t.Run(fmt.Sprintf("%s, behind %d", name, most), func(t *testing.T) {
				b.got = nil
				release := b.hold(t)
				for i := range calls {
					if err := note.Notify(t.Context(), r, i); err != nil {
						t.Error(err)
					}
				}
				release()
				if err := note.Call(within(t), r, calls); err != nil {
					t.Error(err)
				}
				if got := b.noted(t); !slices.Equal(got, upTo(calls+1)) {
					t.Errorf("got %d", got)
				}
			})
		}
	}
}

func TestATaskWaitsForNoMoreCallsThanTheBound(t *testing.T) {
	for most, want := range map[int]int{0: 20, 1: 1, 2: 2, 5: 5, 19: 19, 20: 20, 100: 20} {
		b := newNotebook(most)
		if err := b.own.Do(t.Context(), func() {
			for i := range 20 {
				if err := note.Notify(t.Context(), b.svc.Remote(), i); err != nil {
					t.Error(err)
				}
			}
			b.own.Start(turn.Func(func() { b.got = append(b.got, -1) }))
		}); err != nil {
			t.Fatal(err)
		}
		if err := note.Call(within(t), b.svc.Remote(), 20); err != nil {
			t.Error(err)
		}
		if got, want := b.noted(t), slices.Insert(upTo(21), want, -1); !slices.Equal(got, want) {
			t.Errorf("bound %d: got %d, want %d", most, got, want)
		}
	}
}

// isOverload reports whether a call was refused because others before it count
// towards the limit of the connection.
func isOverload(err error) bool {
	var refused *rpc.RemoteError
	return errors.As(err, &refused) && refused.Type == "OverloadError"
}

// overloaded calls add until that is refused, or until it is not.
func overloaded(t *testing.T, r rpc.Remote, want bool) {
	t.Helper()
	for ctx := within(t); ctx.Err() == nil; {
		if _, err := add.Call(ctx, r, 3, 4); isOverload(err) == want {
			return
		}
	}
	t.Fatalf("overloaded is not %v", want)
}

func TestACallThatIsGivenUpWhilePushedBackIsAnsweredAndNeverExecuted(t *testing.T) {
	b := newNotebook(1)
	lost := make(chan struct{}, 1)
	srv := serve(t, anyPort, b.root, &rpc.Options{
		Limits: channel.Limits{Requests: 1},
		Lost:   func(*channel.Conn, error) { lost <- struct{}{} },
	})
	given := dial(t, srv, nil, nil).Remote()
	gone := dial(t, srv, nil, nil)
	for name, test := range map[string]struct {
		on     rpc.Remote
		giveUp func(cancel func())
	}{
		"by its caller": {given, func(cancel func()) {
			cancel()
			overloaded(t, given, false) // answered, while the turn is held
		}},
		"with its connection": {gone.Remote(), func(func()) {
			_ = gone.Close()
			<-lost
		}},
	} {
		t.Run(name, func(t *testing.T) {
			b.got = nil
			release := b.hold(t)
			first := make(chan error, 1)
			ctx, cancel := context.WithCancel(within(t))
			defer cancel()
			if err := note.Notify(ctx, b.svc.Remote(), 0); err != nil {
				t.Fatal(err)
			}
			go func() {
				err := note.Call(ctx, test.on.Sub("book"), 1)
				for isOverload(err) { // by an add of overloaded
					err = note.Call(ctx, test.on.Sub("book"), 1)
				}
				first <- err
			}()
			overloaded(t, test.on, true)
			test.giveUp(cancel)
			if err := <-first; err == nil {
				t.Error("no error")
			}
			release()
			if err := note.Call(within(t), b.svc.Remote(), 2); err != nil {
				t.Error(err)
			}
			if got := b.noted(t); !slices.Equal(got, []int{0, 2}) {
				t.Errorf("got %d", got)
			}
		})
	}
}

func TestCallsThatArePushedBackFailAsOthersWhenTheServiceCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newNotebook(2)
		release := b.hold(t)
		outcomes := make(chan error, 10)
		for i := range 10 {
			go func() { outcomes <- note.Call(t.Context(), b.svc.Remote(), i) }()
		}
		synctest.Wait()
		b.svc.Close(errors.New("out of paper"))
		release()
		for range 10 {
			wantFailure(t, <-outcomes, "Error", "out of paper")
		}
		if err := b.svc.Idle(t.Context()); err != nil {
			t.Error(err)
		}
		if got := b.noted(t); got != nil {
			t.Errorf("executed: %d", got)
		}
	})
}

func TestEachCallOfAStormIsExecutedOrGivenUp(t *testing.T) {
	b := newNotebook(3)
	var executed atomic.Int32
	b.svc.Handle("work", func(ctx context.Context) error {
		executed.Add(1)
		return turn.Await(ctx, func() {})
	})
	over := remote(t, b.root)
	var succeeded, failed atomic.Int32
	var callers sync.WaitGroup
	for i := range 8 {
		r := b.root.Remote()
		if i%2 == 0 {
			r = over
		}
		callers.Go(func() {
			var calls sync.WaitGroup
			for range 100 {
				ctx, cancel := context.WithCancel(within(t))
				calls.Go(func() {
					_, err := rpc.Call[any](ctx, r.Sub("book"), "work")
					switch {
					case err == nil:
						succeeded.Add(1)
					case errors.Is(err, context.Canceled):
						failed.Add(1)
					default:
						t.Error(err)
					}
					cancel()
				})
				if rand.N(3) == 0 {
					cancel()
				}
			}
			calls.Wait()
		})
	}
	callers.Wait()
	b.svc.Close(errors.New("over"))
	if err := b.svc.Idle(within(t)); err != nil {
		t.Error("calls are left:", err)
	}
	if n := succeeded.Load() + failed.Load(); n != 800 || executed.Load() < succeeded.Load() {
		t.Errorf("%d succeeded, %d failed, %d executed", succeeded.Load(), failed.Load(), executed.Load())
	}
}
