package local_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport/local"
	"github.com/gomas/gomas/turn"
)

// newAdderAt starts a container with an adder.
func newAdderAt(ctx context.Context, name string, opts *gomas.Options) (*gomas.Container, *adder, error) {
	c, err := gomas.NewContainer(ctx, "local://"+name, opts)
	if err != nil {
		return nil, nil, err
	}
	a, err := gomas.Spawn(ctx, c, newAdder)
	return c, a, err
}

func tenMilliseconds(string, string) local.Link {
	return local.Link{Delay: local.Fixed(10 * time.Millisecond)}
}

func TestACrashEndsAlsoTheTaskThatCausesItInItsOwnContainer(t *testing.T) {
	inside(t, nil, func(ctx context.Context, n *local.Network) error {
		_, a, err := newAdderAt(ctx, "a", nil)
		if err != nil {
			return err
		}
		wentOn, deferred := false, false
		err = a.Go(func(ctx context.Context) {
			defer func() { deferred = true }()
			if err := n.Crash("a"); err != nil {
				t.Error(err)
			}
			_ = a.Sleep(ctx, 1)
			wentOn = true
		})
		if err := errors.Join(err, clock.Sleep(ctx, n.Clock(), time.Second)); err != nil {
			return err
		}
		if wentOn || !deferred {
			t.Errorf("went on %v, deferred %v", wentOn, deferred)
		}
		return nil
	})
}

func TestWhoUsesAContainerWhileItCrashesLearnsOfIt(t *testing.T) {
	type use = func(ctx context.Context, n *local.Network, a *gomas.Container, x, y *adder) error
	call := func(ctx context.Context, _ *local.Network, a *gomas.Container, _, y *adder) error {
		r, err := a.Connect(ctx, y.URL())
		for err == nil {
			_, err = add.Call(ctx, r, 1, 2)
		}
		return err
	}
	for what, test := range map[string]struct {
		at  time.Duration
		use use
	}{
		"before a connection has got through": {5 * time.Millisecond, call},
		"before a connection is known":        {15 * time.Millisecond, call},
		"before an agent is known":            {25 * time.Millisecond, call},
		"in a call":                           {55 * time.Millisecond, call},
		"in the turn of an agent": {1, func(ctx context.Context, _ *local.Network, _ *gomas.Container, x, _ *adder) error {
			return x.Do(ctx, func(ctx context.Context) error { return x.Sleep(ctx, time.Hour) })
		}},
		"while an agent stops": {1, func(ctx context.Context, _ *local.Network, _ *gomas.Container, x, _ *adder) error {
			x.OnStop(func(ctx context.Context) error { return x.Sleep(ctx, time.Hour) })
			return x.Stop(ctx)
		}},
		"while it shuts down": {1, func(ctx context.Context, n *local.Network, a *gomas.Container, x, _ *adder) error {
			if err := x.Go(func(context.Context) {
				_ = clock.Sleep(turn.With(context.Background(), turn.From(ctx)), n.Clock(), time.Hour)
			}); err != nil {
				return err
			}
			return a.Shutdown(ctx)
		}},
		"while it starts": {1, func(ctx context.Context, n *local.Network, _ *gomas.Container, _, _ *adder) error {
			turn.From(ctx).Start(turn.Func(func() { _ = n.Crash("c") }))
			return n.Boot(ctx, "c", func(context.Context) error { return nil })
		}},
	} {
		t.Run(what, func(t *testing.T) {
			inside(t, &local.Options{Links: tenMilliseconds}, func(ctx context.Context, n *local.Network) error {
				a, x, err1 := newAdderAt(ctx, "a", nil)
				_, y, err2 := newAdderAt(ctx, "b", nil)
				_, err3 := n.Clock().In(test.at, func() { _ = n.Crash("a") })
				if err := errors.Join(err1, err2, err3); err != nil {
					return err
				}
				if err := test.use(ctx, n, a, x, y); !errors.Is(err, local.ErrCrashed) {
					t.Error(err)
				}
				return nil
			})
		})
	}
}

func TestNothingRunsInAContainerThatHasCrashed(t *testing.T) {
	inside(t, nil, func(ctx context.Context, n *local.Network) error {
		c, a, err := newAdderAt(ctx, "a", nil)
		if err != nil {
			return err
		}
		a.OnStop(func(context.Context) error { t.Error("it says its last words"); return nil })
		if err := errors.Join(a.Go(func(context.Context) { t.Error("a task begins") }), n.Crash("a")); err != nil {
			return err
		}
		for what, err := range map[string]error{
			"a turn":   a.Do(ctx, func(context.Context) error { t.Error("somebody has its turn"); return nil }),
			"an end":   a.Stop(ctx),
			"a closer": c.Shutdown(ctx),
			"an agent": func() error { _, err := gomas.Spawn(ctx, c, newAdder); return err }(),
		} {
			if !errors.Is(err, local.ErrCrashed) {
				t.Errorf("%s: %v", what, err)
			}
		}
		return nil
	})
}

func TestWhatIsScheduledOnTheClockOfAContainerEndsWithIt(t *testing.T) {
	type schedule = func(ctx context.Context, n *local.Network, c clock.Clock, fn func()) error
	in := func(c clock.Clock, fn func()) error {
		_, err1 := c.In(2*time.Second, fn)
		_, err2 := c.At(c.Now()+3*time.Second, fn)
		_, err3 := clock.AtDate(c, c.Date().Add(4*time.Second), fn)
		return errors.Join(err1, err2, err3)
	}
	for name, test := range map[string]struct {
		how  schedule
		want int
	}{
		"from outside": {func(_ context.Context, _ *local.Network, c clock.Clock, fn func()) error {
			return in(c, fn)
		}, 0},
		"by code inside": {func(ctx context.Context, _ *local.Network, _ clock.Clock, fn func()) error {
			return in(clock.For(ctx), fn)
		}, 0},
		"and on that of the network does not": {func(_ context.Context, n *local.Network, _ clock.Clock, fn func()) error {
			return in(n.Clock(), fn)
		}, 3},
	} {
		for how, boots := range map[string]bool{"by Boot": true, "without it": false} {
			t.Run(name+", "+how, func(t *testing.T) {
				inside(t, nil, func(ctx context.Context, n *local.Network) error {
					got, first := 0, true
					start := func(ctx context.Context) error {
						c, a, err := newAdderAt(ctx, "a", nil)
						if err != nil || !first {
							return err
						}
						first = false
						return a.Do(ctx, func(ctx context.Context) error {
							return test.how(ctx, n, c.Clock(), func() { got++ })
						})
					}
					if boots {
						if err := n.Boot(ctx, "a", start); err != nil {
							return err
						}
					} else if err := start(ctx); err != nil {
						return err
					}
					if err := errors.Join(clock.Sleep(ctx, n.Clock(), time.Second), n.Crash("a")); err != nil {
						return err
					}
					if boots {
						if err := n.Restart("a"); err != nil {
							return err
						}
					}
					if err := clock.Sleep(ctx, n.Clock(), time.Minute); err != nil || got != test.want {
						t.Errorf("%d of 3 happened, want %d; %v", got, test.want, err)
					}
					return nil
				})
			})
		}
	}
}

func TestOthersMayGoOnSleepingByTheClockOfAContainerThatHasCrashed(t *testing.T) {
	inside(t, nil, func(ctx context.Context, n *local.Network) error {
		c, _, err1 := newAdderAt(ctx, "a", nil)
		_, err2 := n.Clock().In(1, func() { _ = n.Crash("a") })
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		bounded, cancel := clock.WithTimeout(ctx, c.Clock(), time.Minute)
		defer cancel()
		err := errors.Join(
			clock.Sleep(ctx, c.Clock(), time.Second),
			clock.SleepUntil(ctx, c.Clock(), 2*time.Second),
			clock.SleepUntilDate(ctx, c.Clock(), c.Clock().Date().Add(time.Second)),
		)
		if now := c.Clock().Now(); err != nil || now != 3*time.Second {
			t.Errorf("at %v: %v", now, err)
		}
		if err := clock.Sleep(bounded, n.Clock(), time.Hour); err != context.DeadlineExceeded || c.Clock().Now() != time.Minute {
			t.Errorf("at %v: %v", c.Clock().Now(), err)
		}
		return nil
	})
}

func TestAContainerThatCrashesIsNotToldThatAConnectionWasLostJustBefore(t *testing.T) {
	inside(t, nil, func(ctx context.Context, n *local.Network) error {
		a, _, err1 := newAdderAt(ctx, "a", &gomas.Options{Lost: func(*rpc.Conn, error) { t.Error("it was told") }})
		_, y, err2 := newAdderAt(ctx, "b", nil)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		if _, err := a.Connect(ctx, y.URL()); err != nil {
			return err
		}
		n.Reset("a", "b")
		return errors.Join(n.Crash("a"), clock.Sleep(ctx, n.Clock(), time.Minute))
	})
}

func TestConnectionsThatAreGivenUpWhileTheyAreMadeTakeNoRoom(t *testing.T) {
	opts := new(gomas.Options)
	opts.Limits.Conns = 1
	for seed := range uint64(20) {
		inside(t, &local.Options{Seed: seed, Links: tenMilliseconds}, func(ctx context.Context, n *local.Network) error {
			a, _, err1 := newAdderAt(ctx, "a", nil)
			b, y, err2 := newAdderAt(ctx, "b", opts)
			client, err3 := rpc.NewClient(b.Addr(), nil, nil)
			_, err4 := n.Clock().In(15*time.Millisecond, func() { _ = n.Crash("a") })
			if err := errors.Join(err1, err2, err3, err4); err != nil {
				return err
			}
			if _, err := a.Connect(ctx, y.URL()); !errors.Is(err, local.ErrCrashed) {
				t.Error(err)
			}
			// Just when the answer comes.
			if _, err := n.Clock().In(20*time.Millisecond, func() { _ = client.Close() }); err != nil {
				return err
			}
			if _, err := client.Connect(ctx); err == nil {
				return errors.New("closed, and has a connection")
			}
			if err := clock.Sleep(ctx, n.Clock(), time.Minute); err != nil {
				return err
			}
			third, _, err := newAdderAt(ctx, "c", nil)
			if err == nil {
				_, err = third.Connect(ctx, y.URL())
			}
			return err
		})
	}
}

func TestAFunctionOfALinkThatPanicsEndsTheNetworkAndNobodyHangs(t *testing.T) {
	for what, links := range map[string]func(string, string) local.Link{
		"the link": func(string, string) local.Link { panic("ouch") },
		"the delay": func(string, string) local.Link {
			return local.Link{Delay: func(p local.Packet) time.Duration {
				if p.Size > 0 {
					panic("ouch")
				}
				return 0
			}}
		},
	} {
		err := local.Run(t.Context(), &local.Options{Links: links}, func(ctx context.Context) error {
			a, _, err1 := newAdderAt(ctx, "a", nil)
			b, y, err2 := newAdderAt(ctx, "b", nil)
			if err := errors.Join(err1, err2); err != nil {
				return err
			}
			defer a.Close() //nolint:errcheck // the network has ended
			defer b.Close() //nolint:errcheck // the network has ended
			_, err := a.Connect(ctx, y.URL())
			return err
		})
		if _, ok := errors.AsType[*local.PanicError](err); !ok {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestADelayForEverDoesNotTurnTimeBack(t *testing.T) {
	forEver := func(string, string) local.Link { return local.Link{Delay: local.Fixed(1<<63 - 1)} }
	inside(t, &local.Options{Links: forEver}, func(ctx context.Context, n *local.Network) error {
		if err := clock.Sleep(ctx, n.Clock(), time.Hour); err != nil {
			return err
		}
		bounded, cancel := clock.WithTimeout(ctx, n.Clock(), time.Hour)
		defer cancel()
		if _, _, err := newAdderAt(ctx, "b", nil); err != nil {
			return err
		}
		_, err := rpc.Dial(bounded, "local://b", nil, nil)
		if now := n.Clock().Now(); now != 2*time.Hour || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v at %v", err, now)
		}
		return nil
	})
}
