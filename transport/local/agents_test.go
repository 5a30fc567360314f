package local_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport/local"
	"github.com/gomas/gomas/turn"
)

func TestSettingAnExternalClockWaitsForRestAlsoHere(t *testing.T) {
	for seed := range uint64(10) {
		inside(t, &local.Options{Seed: seed, Links: func(string, string) local.Link {
			return local.Link{Delay: local.Fixed(time.Millisecond)}
		}}, func(ctx context.Context, _ *local.Network) error {
			external := clock.NewExternal(time.Unix(0, 0), 0)
			var agents []*adder
			for _, id := range []string{"a", "b"} {
				c, err := gomas.NewContainer(ctx, "local://"+id, &gomas.Options{Clock: external})
				if err != nil {
					return err
				}
				a, err := gomas.Spawn(ctx, c, newAdder)
				if err != nil {
					return err
				}
				agents = append(agents, a)
			}
			sum := 0
			a := agents[0]
			if err := a.Every(time.Minute, func(ctx context.Context) error {
				there, err := a.Connect(ctx, agents[1].URL())
				if err == nil {
					sum, err = add.Call(ctx, there, sum, 1)
				}
				return err
			}); err != nil {
				return err
			}
			for minute := 1; minute <= 5; minute++ {
				if err := external.Advance(ctx, time.Duration(minute)*time.Minute); err != nil {
					return err
				}
				if sum != minute {
					t.Errorf("seed %d: after %d minutes the sum is %d", seed, minute, sum)
				}
			}
			return nil
		})
	}
}

func TestRestWaitsForTasksWhoseTimeOutIsDueAlsoHere(t *testing.T) {
	inside(t, nil, func(ctx context.Context, _ *local.Network) error {
		external := clock.NewExternal(time.Unix(0, 0), 0)
		_, a, err := newAdderAt(ctx, "a", &gomas.Options{Clock: external})
		if err != nil {
			return err
		}
		over := false
		if err := a.Go(func(ctx context.Context) {
			ctx, cancel := clock.WithTimeout(ctx, external, time.Second)
			defer cancel()
			over = errors.Is(new(turn.Event).Wait(ctx, nil, "nothing"), context.DeadlineExceeded)
		}); err != nil {
			return err
		}
		if err := errors.Join(turn.Yield(ctx), external.Advance(ctx, time.Second)); err != nil {
			return err
		}
		if !over {
			t.Error("the clock has advanced, and the task has not gone on")
		}
		return nil
	})
}

func TestANetworkThatIsClosedKeepsNoClockFromResting(t *testing.T) {
	external := clock.NewExternal(time.Unix(0, 0), 0)
	inside(t, nil, func(ctx context.Context, _ *local.Network) error {
		_, a, err := newAdderAt(ctx, "a", &gomas.Options{Clock: external})
		if err != nil {
			return err
		}
		return a.Go(func(context.Context) {}) // does not begin any more
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := external.Advance(ctx, time.Second); err != nil {
		t.Error(err)
	}
}

func TestAnAgentDrawsTheSameNumbersInEveryRunOfASeed(t *testing.T) {
	draw := func(seed uint64) (numbers []int) {
		inside(t, &local.Options{Seed: seed}, func(ctx context.Context, _ *local.Network) error {
			for _, addr := range []string{"local://a", "local://b"} {
				a, err := spawnAdder(ctx, addr)
				if err != nil {
					return err
				}
				if err := a.Do(ctx, func(context.Context) error {
					numbers = append(numbers, a.Rand().IntN(1e9), a.Rand().IntN(1e9))
					return nil
				}); err != nil {
					return err
				}
			}
			return nil
		})
		return numbers
	}
	first := draw(1)
	if again := draw(1); !slices.Equal(first, again) {
		t.Errorf("%v, then %v", first, again)
	}
	if slices.Equal(first, draw(2)) {
		t.Error("another seed gives the same")
	}
	if distinct(first) != 4 {
		t.Errorf("numbers repeat: %v", first)
	}
}

func distinct(numbers []int) int {
	return len(slices.Compact(slices.Sorted(slices.Values(numbers))))
}

func TestAnAgentOfAContainerThatIsStartedAgainDrawsNewNumbersInEveryRunTheSame(t *testing.T) {
	for how, again := range map[string]func(ctx context.Context, n *local.Network, c *gomas.Container) error{
		"after a crash":   func(_ context.Context, n *local.Network, _ *gomas.Container) error { return n.Crash("a") },
		"after it closed": func(ctx context.Context, _ *local.Network, c *gomas.Container) error { return c.Shutdown(ctx) },
	} {
		t.Run(how, func(t *testing.T) {
			draw := func() (numbers []int) {
				inside(t, &local.Options{Seed: 1}, func(ctx context.Context, n *local.Network) error {
					for range 3 {
						c, a, err := newAdderAt(ctx, "a", nil)
						if err != nil {
							return err
						}
						numbers = append(numbers, a.Rand().IntN(1e9))
						if err := again(ctx, n, c); err != nil {
							return err
						}
					}
					return nil
				})
				return numbers
			}
			first := draw()
			if second := draw(); !slices.Equal(first, second) {
				t.Errorf("%v, then %v", first, second)
			}
			if first[0] != 943964809 {
				t.Errorf("the first start draws %d", first[0])
			}
			if distinct(first) != 3 {
				t.Errorf("numbers repeat: %v", first)
			}
		})
	}
}

func TestAContainerThatIsRestartedGivesItsAgentsNewNumbers(t *testing.T) {
	inside(t, &local.Options{Seed: 1}, func(ctx context.Context, n *local.Network) error {
		var numbers []int
		err := n.Boot(ctx, "a", func(ctx context.Context) error {
			_, a, err := newAdderAt(ctx, "a", nil)
			if err == nil {
				numbers = append(numbers, a.Rand().IntN(1e9))
			}
			return err
		})
		for range 2 {
			err = errors.Join(err, n.Crash("a"), n.Restart("a"), clock.Sleep(ctx, n.Clock(), time.Second))
		}
		if distinct(numbers) != 3 {
			t.Errorf("%v", numbers)
		}
		return err
	})
}

func TestAgentsThatWaitForEachOtherAreNamedInTheReport(t *testing.T) {
	const ask rpc.Func0[int] = "ask()"
	err := local.Run(t.Context(), nil, func(ctx context.Context) error {
		var agents [2]*adder
		var never turn.Event
		for i, addr := range []string{"local://a", "local://b"} {
			c, err := gomas.NewContainer(ctx, addr, nil)
			if err != nil {
				return err
			}
			if agents[i], err = gomas.Spawn(ctx, c, func(_ context.Context, a *gomas.Agent) (*adder, error) {
				ask.Handle(a.Services(), func(ctx context.Context) (int, error) {
					if i == 1 {
						return 0, never.Wait(ctx, nil, "a permit that nobody gives")
					}
					there, err := a.Connect(ctx, "local://b/0")
					if err != nil {
						return 0, err
					}
					return ask.Call(ctx, there)
				})
				return &adder{a}, nil
			}); err != nil {
				return err
			}
		}
		c, err := gomas.NewContainer(ctx, "local://c", nil)
		if err != nil {
			return err
		}
		there, err := c.Connect(ctx, agents[0].URL())
		if err != nil {
			return err
		}
		_, err = ask.Call(ctx, there)
		return err
	})
	var deadlock *local.DeadlockError
	if !errors.As(err, &deadlock) {
		t.Fatal(err)
	}
	report := strings.Join(deadlock.Tasks, "\n")
	for _, want := range []string{
		"main waits for the reply of local://a to agents/0/ask",
		"agents/0/ask, called by local://c, waits for the reply of local://b to agents/0/ask",
		"agents/0/ask, called by local://a, waits for a permit that nobody gives",
	} {
		if !strings.Contains(report, want) {
			t.Errorf("it does not say %q:\n%s", want, report)
		}
	}
}
