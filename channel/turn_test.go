package channel_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/turn"
)

// agent is the least that an agent is: a turn, and state without a lock.
type agent struct {
	turn.Own
	ctx   context.Context
	tasks sync.WaitGroup
	steps []string
}

func newAgent(t *testing.T) *agent {
	a := new(agent)
	a.Check()
	a.ctx = turn.With(t.Context(), &a.Own)
	t.Cleanup(a.tasks.Wait)
	return a
}

// run runs a task of the agent and returns when it is done.
func (a *agent) run(t *testing.T, fn func(ctx context.Context)) {
	t.Helper()
	done := make(chan struct{})
	a.start(func(ctx context.Context) { defer close(done); fn(ctx) })
	receive(t, "end of the task", done)
}

// start starts a task of the agent.
func (a *agent) start(fn func(ctx context.Context)) {
	a.tasks.Add(1)
	a.Start(turn.Func(func() {
		defer a.tasks.Done()
		fn(a.ctx)
	}))
}

func (a *agent) Taker() channel.Taker { return channel.DispatchFunc(a.dispatch).Taker() }

// dispatch makes a task of each request: it answers "ask back, then X" with
// what the asker says to X, and all else with itself.
func (a *agent) dispatch(r *channel.Request) {
	a.start(func(ctx context.Context) {
		text, err := channel.Content[string](r)
		if err != nil {
			_ = r.Fail(ctx, err)
			return
		}
		a.steps = append(a.steps, text)
		if question, ok := strings.CutPrefix(text, "ask back, then "); ok {
			if text, err = channel.Ask[string](ctx, r.Conn(), question); err != nil {
				_ = r.Fail(ctx, err)
				return
			}
			a.steps = append(a.steps, "got "+text)
		}
		_ = r.Reply(ctx, text)
	})
}

// agents returns two agents and the connection of the first to the second.
func agents(t *testing.T) (a, b *agent, c *channel.Conn) {
	t.Helper()
	a, b = newAgent(t), newAgent(t)
	srv, err := channel.ListenDispatch(t.Context(), tcp, func(*channel.Conn) channel.Dispatcher { return b }, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := srv.Shutdown(soon(t)); err != nil {
			t.Error(err)
		}
	})
	c, err = channel.DialDispatch(t.Context(), srv.Addr(), func(*channel.Conn) channel.Dispatcher { return a }, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hangUp(t, c) })
	return a, b, c
}

func TestAnAgentThatAsksCanBeAskedBack(t *testing.T) {
	a, b, c := agents(t)
	a.run(t, func(ctx context.Context) {
		a.steps = append(a.steps, "begin")
		got, err := channel.Ask[string](ctx, c, "ask back, then ask back, then ask back, then stop")
		if got != "stop" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
		a.steps = append(a.steps, "end")
	})
	if want := []string{"begin", "ask back, then ask back, then stop", "stop", "got stop", "end"}; !slices.Equal(a.steps, want) {
		t.Errorf("A did %q", a.steps)
	}
	if want := []string{"ask back, then ask back, then ask back, then stop", "ask back, then stop", "got stop", "got stop"}; !slices.Equal(b.steps, want) {
		t.Errorf("B did %q", b.steps)
	}
}

func TestOnlyWhoWaitsGivesTheTurnUp(t *testing.T) {
	const asks = 50
	a, _, c := agents(t)
	// Each task asks many times. The race detector watches the steps.
	for range 8 {
		a.start(func(ctx context.Context) {
			for range asks {
				a.steps = append(a.steps, "before")
				if err := c.Ask(ctx, "x", nil); err != nil {
					t.Error(err)
				}
				a.steps = append(a.steps, "after")
			}
		})
	}
	a.tasks.Wait()
	if len(a.steps) != 8*asks*2 {
		t.Errorf("%d steps", len(a.steps))
	}
}

func TestTheContentIsEncodedBeforeTheTurnIsGivenUp(t *testing.T) {
	srv := listen(t, tcp, echo, nil)
	c := dial(t, srv.Addr(), nil)
	a := newAgent(t)
	const rounds = 100
	for range rounds {
		content := slices.Repeat([]int{1}, 1000)
		a.run(t, func(ctx context.Context) {
			// It gets the turn as soon as the ask gives it up.
			a.start(func(context.Context) {
				for i := range content {
					content[i] = 2
				}
			})
			got, err := channel.Ask[[]int](ctx, c, content)
			if err != nil || slices.Contains(got, 2) {
				t.Errorf("what was sent has changed: %v, %v", got, err)
			}
			if content[0] != 2 {
				t.Error("the turn was kept")
			}
		})
	}
}

func TestReceivingGivesTheTurnUp(t *testing.T) {
	c, conn := pair(t, tcp, idle, nil)
	a := newAgent(t)
	received := make(chan struct{})
	a.start(func(ctx context.Context) {
		defer close(received)
		req, err := conn.Receive(ctx)
		if err != nil {
			t.Error(err)
			return
		}
		a.steps = append(a.steps, "received")
		if err := req.Reply(ctx, true); err != nil {
			t.Error(err)
		}
	})
	a.run(t, func(context.Context) { a.steps = append(a.steps, "meanwhile") })
	if err := c.Ask(soon(t), 1, nil); err != nil {
		t.Error(err)
	}
	receive(t, "request", received)
	if want := []string{"meanwhile", "received"}; !slices.Equal(a.steps, want) {
		t.Errorf("steps are %q", a.steps)
	}
}

func TestACancelledAskGetsTheTurnBack(t *testing.T) {
	c, r := withRaw(t, nil)
	a := newAgent(t)
	a.run(t, func(ctx context.Context) {
		ctx, cancel := context.WithCancel(ctx)
		a.start(func(context.Context) { // runs when the ask has given the turn up
			r.next()
			cancel()
		})
		if err := c.Ask(ctx, 1, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("ask: %v", err)
		}
		a.steps = append(a.steps, "has the turn")
	})
}

func TestAskingWithATurnThatTheCallerDoesNotHoldIsMisuse(t *testing.T) {
	c := dial(t, listen(t, tcp, echo, nil).Addr(), nil)
	a := newAgent(t)
	if err := c.Ask(a.ctx, 1, nil); !errors.Is(err, turn.ErrMisuse) {
		t.Errorf("while nobody holds it: %v", err)
	}
	a.run(t, func(ctx context.Context) {
		outcome := make(chan error, 1)
		go func() { outcome <- c.Ask(ctx, 1, nil) }()
		if err := <-outcome; !errors.Is(err, turn.ErrMisuse) {
			t.Errorf("in a bare goroutine: %v", err)
		}
		if err := c.Ask(ctx, 1, nil); err != nil {
			t.Errorf("afterwards, as it should be: %v", err)
		}
	})
}

func TestClosingWhileAgentsAskEndsTheirAsks(t *testing.T) {
	c, r := withRaw(t, nil)
	a := newAgent(t)
	outcomes := make(chan error, 10)
	for range cap(outcomes) {
		a.start(func(ctx context.Context) { outcomes <- c.Ask(ctx, 1, nil) })
	}
	for range cap(outcomes) {
		r.next()
	}
	r.farewell(c)
	for range cap(outcomes) {
		if err := receive(t, "outcome", outcomes); !closedHere(err) {
			t.Errorf("ask: %v", err)
		}
	}
}
