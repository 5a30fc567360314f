package clock_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/turn"
)

// sleeps are the ways to sleep for two seconds from time 5s, the start.
var sleeps = map[string]func(context.Context, clock.Clock) error{
	"for a while":  func(ctx context.Context, c clock.Clock) error { return clock.Sleep(ctx, c, 2*time.Second) },
	"until a time": func(ctx context.Context, c clock.Clock) error { return clock.SleepUntil(ctx, c, 7*time.Second) },
	"until a date": func(ctx context.Context, c clock.Clock) error {
		return clock.SleepUntilDate(ctx, c, start.Add(2*time.Second))
	},
}

func TestSleepersWakeWhenTheClockSaysSo(t *testing.T) {
	for name, sleep := range sleeps {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := clock.NewExternal(start.Add(-(5 * time.Second)), 5*time.Second)
				awake := false
				go func() {
					if err := sleep(t.Context(), c); err != nil {
						t.Error(err)
					}
					awake = true
				}()
				synctest.Wait()
				if set(t, c, 7*time.Second-1); awake {
					t.Error("too early")
				}
				if set(t, c, 7*time.Second); !awake {
					t.Error("too late")
				}
			})
		})
	}
}

func TestSleepEndsEarlyWithTheErrorOfItsContext(t *testing.T) {
	for name, sleep := range sleeps {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := clock.NewExternal(start.Add(-(5 * time.Second)), 5*time.Second)
				cause := errors.New("enough")
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(time.Hour, func() { cancel(cause) })
				for _, when := range []string{"during the sleep", "before the sleep"} {
					if err := sleep(ctx, c); !errors.Is(err, context.Canceled) || !errors.Is(err, cause) {
						t.Errorf("%s: %v", when, err)
					}
				}
				if err := clock.Sleep(ctx, c, 0); !errors.Is(err, cause) {
					t.Errorf("before a sleep of zero: %v", err)
				}
			})
		})
	}
}

func TestSleepingIntoThePastIsAnErrorAndUntilNowIsNot(t *testing.T) {
	c := clock.NewExternal(start.Add(-(5 * time.Second)), 5*time.Second)
	ctx := t.Context()
	for name, err := range map[string]error{
		"for no time":      clock.Sleep(ctx, c, 0),
		"until now":        clock.SleepUntil(ctx, c, 5*time.Second),
		"until today":      clock.SleepUntilDate(ctx, c, start),
		"in a task's turn": newAgent(ctx).do(func(ctx context.Context) error { return clock.Sleep(ctx, c, 0) }),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, err := range map[string]error{
		"for negative time": clock.Sleep(ctx, c, -time.Second),
		"until the past":    clock.SleepUntil(ctx, c, 4*time.Second),
		"until yesterday":   clock.SleepUntilDate(ctx, c, start.Add(-time.Second)),
		"in a task's turn": newAgent(ctx).do(func(ctx context.Context) error {
			return clock.Sleep(ctx, c, -time.Second)
		}),
	} {
		wantPast(t, name, err, 4*time.Second, 5*time.Second)
	}
}

// do runs fn in the agent's turn.
func (a *agent) do(fn func(ctx context.Context) error) (err error) {
	misuse := a.Do(context.Background(), func() { err = fn(a.ctx) })
	return errors.Join(misuse, err)
}

func TestASleepOfZeroLetsTheOthersRunThatAreReady(t *testing.T) {
	a := newAgent(t.Context())
	c := clock.NewExternal(start, 0)
	done := make(chan bool)
	err := a.do(func(ctx context.Context) error {
		for i := range 3 {
			a.start(func(ctx context.Context) {
				a.log = append(a.log, fmt.Sprint("task ", i))
				if err := clock.Sleep(ctx, c, 0); err != nil {
					t.Error(err)
				}
				if a.log = append(a.log, fmt.Sprint("again ", i)); i == 2 {
					close(done)
				}
			})
		}
		a.log = append(a.log, "first")
		err := clock.Sleep(ctx, c, 0)
		a.log = append(a.log, "first again")
		return err
	})
	<-done
	want := []string{"first", "task 0", "task 1", "task 2", "first again", "again 0", "again 1", "again 2"}
	if err != nil || !slices.Equal(a.log, want) {
		t.Errorf("got %q, %v\nwant %q", a.log, err, want)
	}
}

func TestSleepersGiveTheTurnUpAndGetItBackInTheOrderOfTheirTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAgent(t.Context())
		c := clock.NewExternal(start, 0)
		for _, d := range []time.Duration{3, 1, 2, 1} {
			a.start(func(ctx context.Context) {
				err := clock.Sleep(ctx, c, d)
				a.log = append(a.log, fmt.Sprint(d, c.Now(), err))
			})
			synctest.Wait()
		}
		a.log = append(a.log, "all asleep")
		set(t, c, 5)
		want := []string{"all asleep", "1ns 5ns <nil>", "1ns 5ns <nil>", "2ns 5ns <nil>", "3ns 5ns <nil>"}
		if !slices.Equal(a.log, want) {
			t.Errorf("got %q, want %q", a.log, want)
		}
	})
}

func TestTasksThatSetWakesAreQueuedForTheirTurnWhenItReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAgent(t.Context())
		c := clock.NewExternal(start, 0)
		a.start(func(ctx context.Context) {
			_ = clock.Sleep(ctx, c, 1)
			a.log = append(a.log, "sleeper")
		})
		synctest.Wait()
		err := a.do(func(context.Context) error {
			err := c.Set(1) // by a task, which goes on until it waits
			a.log = append(a.log, "setter")
			a.start(func(context.Context) { a.log = append(a.log, "later task") })
			return err
		})
		synctest.Wait()
		if want := []string{"setter", "sleeper", "later task"}; err != nil || !slices.Equal(a.log, want) {
			t.Errorf("got %q, %v, want %q", a.log, err, want)
		}
	})
}

func TestSleepRefusesAContextWhoseTurnNobodyHolds(t *testing.T) {
	c := clock.NewExternal(start, 0)
	if err := clock.Sleep(newAgent(t.Context()).ctx, c, 1); !errors.Is(err, turn.ErrMisuse) {
		t.Errorf("got %v", err)
	}
}

func TestASleepThatEndsEarlyLeavesNoTimerBehind(t *testing.T) {
	c := &counting{Clock: clock.NewExternal(start, 0)}
	ctx, cancel := context.WithCancel(t.Context())
	c.made = cancel
	if err := clock.Sleep(ctx, c, 1); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if !c.last.stopped {
		t.Error("the timer is still there")
	}
}

// counting is a clock that notes what becomes of its timers.
type counting struct {
	clock.Clock
	made func()
	last *stopNoted
}

type stopNoted struct {
	clock.Timer
	stopped bool
}

func (s *stopNoted) Stop() bool {
	s.stopped = s.Timer.Stop()
	return s.stopped
}

func (c *counting) In(d time.Duration, fn func()) (clock.Timer, error) {
	timer, err := c.Clock.In(d, fn)
	c.last = &stopNoted{Timer: timer}
	c.made()
	return c.last, err
}
