package gomas_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/internal/stack"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/turn"
)

func TestTenThousandConcurrentCallsOfAgentsWithoutLocks(t *testing.T) {
	here, there := container(t), container(t)
	const agents, calls, concurrent = 10, 10_000, 200
	var all [agents]*counter
	var remotes [agents]rpc.Remote
	for i := range all {
		all[i] = spawn(t, there)
		remotes[i] = connect(t, here, all[i])
	}
	// Agents share what belongs to one of them only by calling it.
	var wg sync.WaitGroup
	for i := range concurrent {
		wg.Go(func() {
			for k := range calls / concurrent {
				fn := add
				if k%2 == 0 {
					fn = slow
				}
				if _, err := fn.Call(t.Context(), remotes[(i+k)%agents], 1); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	total := 0
	for _, a := range all {
		if err := a.Do(t.Context(), func(context.Context) error { total += a.n; return nil }); err != nil {
			t.Error(err)
		}
	}
	if total != calls {
		t.Errorf("counted %d calls of %d", total, calls)
	}
}

func TestAgentsThatCallEachOtherDoNotDeadlock(t *testing.T) {
	here, there := container(t), container(t)
	a, b := spawn(t, here), spawn(t, there)
	self := spawn(t, here)
	a.other, b.other = connect(t, here, b), connect(t, there, a)
	self.other = connect(t, here, self)
	for name, start := range map[string]rpc.Remote{
		"A calls B calls A":  connect(t, there, a),
		"A calls itself":     connect(t, there, self),
		"B from its own end": connect(t, there, b),
	} {
		t.Run(name, func(t *testing.T) {
			var wg sync.WaitGroup
			for range 20 {
				wg.Go(func() {
					if n, err := down.Call(t.Context(), start, 50); n != 50 || err != nil {
						t.Errorf("got %d, %v", n, err)
					}
				})
			}
			wg.Wait()
		})
	}
}

func TestTwoAgentsOverlapInTime(t *testing.T) {
	c := container(t)
	meet := make(chan bool)
	const handshake rpc.Proc0 = "handshake"
	var wg sync.WaitGroup
	for _, fn := range []func(){func() { meet <- true }, func() { <-meet }} {
		a := spawn(t, c)
		handshake.Handle(a.Services(), func(context.Context) error {
			fn() // holds the turn until the other agent is inside too
			return nil
		})
		r := connect(t, c, a)
		wg.Go(func() {
			if err := handshake.Call(t.Context(), r); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestWaitsGiveTheTurnUp(t *testing.T) {
	c := container(t)
	const wait rpc.Proc0 = "wait"
	for name, pause := range map[string]func(a *counter, ctx context.Context, released chan bool) error{
		"Await": func(a *counter, ctx context.Context, released chan bool) error {
			return a.Await(ctx, func() error { <-released; return nil })
		},
		"Sleep": func(a *counter, ctx context.Context, released chan bool) error {
			for {
				select {
				case <-released:
					return nil
				default:
				}
				if err := a.Sleep(ctx, time.Microsecond); err != nil {
					return err
				}
			}
		},
		"Connect": func(a *counter, ctx context.Context, released chan bool) error {
			for {
				select {
				case <-released:
					return nil
				default:
				}
				if _, err := a.Connect(ctx, a.URL()); err != nil {
					return err
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := spawn(t, c)
			inside, released := make(chan bool), make(chan bool)
			wait.Handle(a.Services(), func(ctx context.Context) error {
				close(inside)
				return pause(a, ctx, released)
			})
			r := connect(t, c, a)
			var wg sync.WaitGroup
			wg.Go(func() {
				if err := wait.Call(t.Context(), r); err != nil {
					t.Error(err)
				}
			})
			<-inside
			if _, err := add.Call(t.Context(), r, 1); err != nil {
				t.Error(err)
			}
			close(released)
			wg.Wait()
		})
	}
}

func TestTasksRunInTheTurnAndEndWithTheContainer(t *testing.T) {
	c, err := gomas.NewContainer(t.Context(), "tcp://127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	a := spawn(t, c)
	started := make(chan bool)
	var ended error
	if err := a.Go(func(ctx context.Context) {
		a.n++
		close(started)
		ended = a.Sleep(ctx, time.Hour)
		a.n++
	}); err != nil {
		t.Fatal(err)
	}
	<-started
	if err := a.Do(t.Context(), func(context.Context) error { a.n++; return nil }); err != nil {
		t.Error(err)
	}
	if err := c.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if a.n != 3 || !errors.Is(ended, context.Canceled) || !errors.Is(ended, gomas.ErrClosed) {
		t.Errorf("n %d, the task's sleep ended with %v", a.n, ended)
	}
	if err := a.Go(func(context.Context) { t.Error("ran") }); !errors.Is(err, gomas.ErrClosed) {
		t.Errorf("a task after the end: %v", err)
	}
	if _, err := gomas.Spawn(t.Context(), c, newCounter); !errors.Is(err, gomas.ErrClosed) {
		t.Errorf("an agent after the end: %v", err)
	}
	if _, err := c.Connect(t.Context(), "tcp://127.0.0.1:1/0"); !errors.Is(err, gomas.ErrClosed) {
		t.Errorf("a connection after the end: %v", err)
	}
}

func TestAConstructorMayWait(t *testing.T) {
	c := container(t)
	first := spawn(t, c)
	second, err := gomas.Spawn(t.Context(), c, func(ctx context.Context, a *gomas.Agent) (*counter, error) {
		k, err := newCounter(ctx, a)
		if err != nil {
			return nil, err
		}
		if k.other, err = a.Connect(ctx, first.URL()); err != nil {
			return nil, err
		}
		k.n, err = add.Call(ctx, k.other, 5)
		return k, err
	})
	if err != nil || second.n != 5 {
		t.Fatalf("got %+v, %v", second, err)
	}
}

func TestAnAgentMaySpawnAnAgentThatCallsItBack(t *testing.T) {
	c := container(t)
	parent := spawn(t, c)
	const breed rpc.Func0[string] = "breed"
	breed.Handle(parent.Services(), func(ctx context.Context) (string, error) {
		child, err := gomas.Spawn(ctx, c, func(ctx context.Context, a *gomas.Agent) (*counter, error) {
			r, err := a.Connect(ctx, parent.URL())
			if err != nil {
				return nil, err
			}
			_, err = add.Call(ctx, r, 1) // needs the turn of the parent, who waits
			return &counter{Agent: a}, err
		})
		if err != nil {
			return "", err
		}
		return child.URL(), nil
	})
	url, err := breed.Call(t.Context(), connect(t, c, parent))
	if err != nil || url != c.Addr()+"/1" || parent.n != 1 {
		t.Errorf("got %q, %v; the parent was called %d times", url, err, parent.n)
	}
}

func TestAFailedConstructorLeavesNothing(t *testing.T) {
	c := container(t)
	boom := errors.New("boom")
	_, err := gomas.Spawn(t.Context(), c, func(context.Context, *gomas.Agent) (*counter, error) { return nil, boom })
	if !errors.Is(err, boom) || err.Error() != "gomas: spawn counter: boom" {
		t.Errorf("got %v", err)
	}
	func() {
		defer func() {
			if p := recover(); p != boom {
				t.Errorf("recovered %v", p)
			}
		}()
		_, _ = gomas.Spawn(t.Context(), c, func(context.Context, *gomas.Agent) (*counter, error) { panic(boom) })
	}()
	if n := len(c.Agents()); n != 0 {
		t.Errorf("%d agents", n)
	}
	if _, err := c.Connect(t.Context(), c.Addr()+"/0"); !errors.Is(err, gomas.ErrNoAgent) {
		t.Errorf("connect: %v", err)
	}
	if a := spawn(t, c); a.ID() != "2" {
		t.Errorf("the next agent has id %s: ids are not used twice", a.ID())
	}
}

func TestCheckTurnsFindsAGoroutineThatIsNotTheAgents(t *testing.T) {
	c := container(t)
	a := spawn(t, c)
	const bare rpc.Proc0 = "bare"
	bare.Handle(a.Services(), func(ctx context.Context) error {
		got := make(chan error)
		go func() { got <- a.Sleep(ctx, time.Hour) }()
		if err := <-got; !errors.Is(err, turn.ErrMisuse) {
			t.Errorf("a bare goroutine may sleep: %v", err)
		}
		return nil
	})
	if err := bare.Call(t.Context(), connect(t, c, a)); err != nil {
		t.Error(err)
	}
}

func TestTheContextOfAnotherAgentIsRefused(t *testing.T) {
	c := container(t)
	a, b := spawn(t, c), spawn(t, c)
	var foreign context.Context
	if err := b.Do(t.Context(), func(ctx context.Context) error { foreign = ctx; return nil }); err != nil {
		t.Fatal(err)
	}
	if err := a.Do(t.Context(), func(context.Context) error { return a.Sleep(foreign, 0) }); !errors.Is(err, turn.ErrMisuse) {
		t.Errorf("got %v", err)
	}
}

func TestAContextThatWasCapturedGoesOnWorking(t *testing.T) {
	c := container(t)
	a := spawn(t, c)
	var kept context.Context
	const keep, use rpc.Proc0 = "keep", "use"
	keep.Handle(a.Services(), func(ctx context.Context) error { kept = ctx; return nil })
	use.Handle(a.Services(), func(context.Context) error { return a.Sleep(kept, 0) })
	r := connect(t, c, a)
	for _, fn := range []rpc.Proc0{keep, use} {
		if err := fn.Call(t.Context(), r); err != nil {
			t.Errorf("%s: %v", fn, err)
		}
	}
}

func TestIdleAgentsHaveNoGoroutine(t *testing.T) {
	c := container(t)
	spawn(t, c)
	before := stack.Count()
	for range 1000 {
		spawn(t, c)
	}
	if after := stack.Count(); after > before {
		t.Errorf("%d goroutines before, %d after", before, after)
	}
}

func TestPanicsAreFailuresAndTheAgentLivesOn(t *testing.T) {
	c := container(t)
	a := spawn(t, c)
	const boom rpc.Proc0 = "boom"
	boom.Handle(a.Services(), func(context.Context) error { panic("boom") })
	r := connect(t, c, a)
	err := boom.Call(t.Context(), r)
	var remote *rpc.RemoteError
	if !errors.As(err, &remote) || remote.Type != "PanicError" || remote.Message != "panic: boom" || !strings.Contains(remote.Trace, "agent_test.go") {
		t.Errorf("got %+v", err)
	}
	if n, err := add.Call(t.Context(), r, 1); n != 1 || err != nil {
		t.Errorf("afterwards: %d, %v", n, err)
	}
}

func TestRequestsAreServedInOrderOfArrival(t *testing.T) {
	here, there := container(t), container(t)
	a := spawn(t, there)
	var last atomic.Int64
	const note rpc.Proc1[int64] = "note(n)"
	note.Handle(a.Services(), func(_ context.Context, n int64) error {
		if before := last.Swap(n); before != n-1 {
			return fmt.Errorf("%d after %d", n, before)
		}
		return nil
	})
	// One connection, and each call begins after the frame of the one before
	// has been queued: the caller's turn is given up only then.
	caller := spawn(t, here)
	r := connect(t, here, a)
	const calls = 200
	var wg sync.WaitGroup
	for n := range int64(calls) {
		wg.Add(1)
		if err := caller.Go(func(ctx context.Context) {
			defer wg.Done()
			if err := note.Call(ctx, r, n+1); err != nil {
				t.Error(err)
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
}

const (
	introduce rpc.Func1[rpc.Remote, string]             = "introduce(agent)"
	forward   rpc.Func2[rpc.Remote, rpc.Remote, string] = "forward(to, agent)"
	self      rpc.Func0[rpc.Remote]                     = "self"
)

// host is an agent that others can be introduced to.
type host struct {
	*gomas.Agent
	met []rpc.Remote
}

func newHost(_ context.Context, a *gomas.Agent) (*host, error) {
	h := &host{Agent: a}
	introduce.Handle(a.Services(), func(ctx context.Context, guest rpc.Remote) (string, error) {
		h.met = append(h.met, guest)
		n, err := add.Call(ctx, guest, 1)
		return fmt.Sprintf("%s at %s: %d", guest, guest.URL(), n), err
	})
	forward.Handle(a.Services(), func(ctx context.Context, to, guest rpc.Remote) (string, error) {
		return introduce.Call(ctx, to, guest)
	})
	self.Handle(a.Services(), func(context.Context) (rpc.Remote, error) { return a.Remote(), nil })
	return h, nil
}

func TestAnAgentIsHandedOnFromOneToTheNextUntilItIsHomeAgain(t *testing.T) {
	home, near, far := container(t), container(t), container(t)
	guest := spawn(t, home)
	first, err := gomas.Spawn(t.Context(), near, newHost)
	if err != nil {
		t.Fatal(err)
	}
	second, err := gomas.Spawn(t.Context(), far, newHost)
	if err != nil {
		t.Fatal(err)
	}
	own, err := gomas.Spawn(t.Context(), home, newHost)
	if err != nil {
		t.Fatal(err)
	}
	toFirst := connect(t, home, first.Agent)
	for range 2 {
		if got, err := introduce.Call(t.Context(), toFirst, guest.Remote()); err != nil || !strings.Contains(got, guest.URL()) {
			t.Errorf("introduced to the first: %q, %v", got, err)
		}
		if got, err := forward.Call(t.Context(), toFirst, connect(t, home, second.Agent), guest.Remote()); err != nil || !strings.Contains(got, guest.URL()) {
			t.Errorf("forwarded to the second: %q, %v", got, err)
		}
		if got, err := forward.Call(t.Context(), toFirst, own.Remote(), guest.Remote()); err != nil || !strings.Contains(got, guest.URL()) {
			t.Errorf("forwarded back home: %q, %v", got, err)
		}
	}
	if last := own.met[len(own.met)-1]; last != guest.Remote() {
		t.Errorf("back home, %v is not %v", last, guest.Remote())
	}
	if got, err := self.Call(t.Context(), toFirst); got != toFirst || err != nil {
		t.Errorf("the first calls itself %v, not %v; %v", got, toFirst, err)
	}
}

func TestAnAgentItselfAsAnArgumentIsRefused(t *testing.T) {
	c := container(t)
	a := spawn(t, c)
	r := connect(t, c, a)
	for _, arg := range []any{a, a.Agent} {
		_, err := rpc.Call[int](t.Context(), r, "add", arg)
		var unsupported *codec.UnsupportedError
		if !errors.As(err, &unsupported) || !strings.Contains(err.Error(), "Remote") {
			t.Errorf("%T: %v", arg, err)
		}
	}
}

func TestParallelCallsOfOneAgent(t *testing.T) {
	here, there := container(t), container(t)
	caller := spawn(t, here)
	const gather rpc.Func0[int] = "gather"
	const meet rpc.Proc0 = "meet"
	remotes := make([]rpc.Remote, 5)
	var inside sync.WaitGroup
	inside.Add(len(remotes))
	for i := range remotes {
		a := spawn(t, there)
		meet.Handle(a.Services(), func(context.Context) error {
			inside.Done()
			inside.Wait() // until all have been called
			return nil
		})
		remotes[i] = connect(t, here, a)
	}
	gather.Handle(caller.Services(), func(ctx context.Context) (int, error) {
		var fns []func(context.Context) error
		for _, r := range remotes {
			fns = append(fns, func(ctx context.Context) error {
				if err := meet.Call(ctx, r); err != nil {
					return err
				}
				caller.n++ // no lock
				return nil
			})
		}
		err := caller.Parallel(ctx, fns...)
		return caller.n, err
	})
	if n, err := gather.Call(t.Context(), connect(t, there, caller)); n != len(remotes) || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	first, second := errors.New("first"), errors.New("second")
	if err := caller.Parallel(t.Context(),
		func(context.Context) error { return first },
		func(context.Context) error { return nil },
		func(context.Context) error { return second },
	); !errors.Is(err, first) || !errors.Is(err, second) {
		t.Errorf("errors: %v", err)
	}
	if err := caller.Parallel(t.Context()); err != nil {
		t.Errorf("nothing: %v", err)
	}
}
