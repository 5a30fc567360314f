package clock_test

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gomas/gomas/clock"
)

func TestAnExternalClockStandsStillUntilItIsSet(t *testing.T) {
	c := clock.NewExternal(start.Add(-10*time.Second).In(time.FixedZone("Berlin", 3600)), 10*time.Second)
	if c.Now() != 10*time.Second || c.Date() != start {
		t.Errorf("at first %v, %v", c.Now(), c.Date())
	}
	if err := c.Set(12 * time.Second); err != nil {
		t.Fatal(err)
	}
	if c.Now() != 12*time.Second || c.Date() != start.Add(2*time.Second) {
		t.Errorf("then %v, %v", c.Now(), c.Date())
	}
	if got := c.TimeOf(start.Add(5 * time.Second)); got != 15*time.Second {
		t.Errorf("five seconds from the start are %v", got)
	}
}

func TestTheZeroExternalClockBeginsWithTheZeroDate(t *testing.T) {
	var c clock.External
	if c.Now() != 0 || !c.Date().IsZero() {
		t.Errorf("%v, %v", c.Now(), c.Date())
	}
	if err := c.Set(1); err != nil || c.Date() != (time.Time{}).Add(1) {
		t.Errorf("after Set: %v, %v", c.Date(), err)
	}
}

func TestTheStartDateHasNoMonotonicReading(t *testing.T) {
	if d := clock.NewExternal(time.Now(), 0).Date(); d != d.Round(0) {
		t.Errorf("%v", d)
	}
}

func TestAnExternalClockOnlyMovesForward(t *testing.T) {
	c := clock.NewExternal(start.Add(-5), 5)
	for _, to := range []time.Duration{5, 4, 0, -1, math.MinInt64} {
		wantPast(t, "Set", c.Set(to), to, 5)
	}
	if c.Now() != 5 {
		t.Errorf("it is %v", c.Now())
	}
}

func TestWhatIsDueSeesTheNewTimeAndIsCalledBeforeSetReturns(t *testing.T) {
	c := clock.NewExternal(start, 0)
	var got []string
	for _, at := range []time.Duration{3, 1, 4, 2} {
		if _, err := c.At(at, func() {
			got = append(got, fmt.Sprintf("%d at %d, %d", at, c.Now(), c.Date().Sub(start)))
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Set(3); err != nil {
		t.Fatal(err)
	}
	want := []string{"1 at 3, 3", "2 at 3, 3", "3 at 3, 3"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestADueFunctionMakesTimersForLaterOnly(t *testing.T) {
	c := clock.NewExternal(start, 0)
	var now, later bool
	_, _ = c.At(1, func() {
		_, err := c.At(2, func() { now = true })
		wantPast(t, "at the time that is set", err, 2, 2)
		if _, err = c.At(3, func() { later = true }); err != nil {
			t.Error(err)
		}
	})
	if err := c.Set(2); err != nil || now || later {
		t.Errorf("Set(2): %v, now %v, later %v", err, now, later)
	}
	if err := c.Set(3); err != nil || now || !later {
		t.Errorf("Set(3): %v, now %v, later %v", err, now, later)
	}
}

func TestADueFunctionMayStopAnother(t *testing.T) {
	c := clock.NewExternal(start, 0)
	var second clock.Timer
	first, _ := c.At(1, func() {
		if !second.Stop() {
			t.Error("it was not stopped")
		}
	})
	second, _ = c.At(1, func() { t.Error("the second was called") })
	if err := c.Set(1); err != nil {
		t.Fatal(err)
	}
	if first.Stop() || second.Stop() {
		t.Error("Stop counted after the call, or twice")
	}
}

func TestSetInADueFunctionIsAnErrorAndNotADeadlock(t *testing.T) {
	c, other := clock.NewExternal(start, 0), clock.NewExternal(start, 0)
	_, _ = c.At(1, func() {
		if err := c.Set(2); !errors.Is(err, clock.ErrNestedSet) {
			t.Errorf("the same clock: %v", err)
		}
		if err := other.Set(2); err != nil {
			t.Errorf("another clock: %v", err)
		}
	})
	if err := c.Set(1); err != nil || c.Now() != 1 {
		t.Errorf("it is %v: %v", c.Now(), err)
	}
	if err := c.Set(2); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestAFunctionIsRefusedToWaitForASetOfAnotherClock(t *testing.T) {
	c, other := clock.NewExternal(start, 0), clock.NewExternal(start, 0)
	// Each clock's function sets the other: two that wait would wait for ever.
	var both, refusals sync.WaitGroup
	both.Add(2)
	refusals.Add(2)
	var refused atomic.Int32
	cross := func(to *clock.External) func() {
		return func() {
			both.Done()
			both.Wait()
			if err := to.Set(2); errors.Is(err, clock.ErrNestedSet) {
				refused.Add(1)
			}
			refusals.Done()
			refusals.Wait()
		}
	}
	_, _ = c.At(1, cross(other))
	_, _ = other.At(1, cross(c))
	var sets sync.WaitGroup
	for _, clock := range []*clock.External{c, other} {
		sets.Go(func() {
			if err := clock.Set(1); err != nil {
				t.Error(err)
			}
		})
	}
	if sets.Wait(); refused.Load() != 2 {
		t.Errorf("%d of 2 were refused", refused.Load())
	}
}

func TestSetIsFoundToBeNestedHoweverDeep(t *testing.T) {
	for _, depth := range []int{0, 50, 55, 60, 65, 500} {
		c := clock.NewExternal(start, 0)
		var set func(depth int) error
		set = func(depth int) error {
			if depth == 0 {
				return c.Set(2)
			}
			return set(depth - 1)
		}
		_, _ = c.At(1, func() {
			if err := set(depth); !errors.Is(err, clock.ErrNestedSet) {
				t.Errorf("%d calls deep: %v", depth, err)
			}
		})
		if err := c.Set(1); err != nil {
			t.Error(err)
		}
	}
}

func TestSetsAtTheSameTimeFollowOneAnother(t *testing.T) {
	c := clock.NewExternal(start, 0)
	var got []string // the clock's Sets order the calls
	entered, leave := make(chan bool), make(chan bool)
	_, _ = c.At(1, func() {
		close(entered)
		<-leave
		got = append(got, fmt.Sprint("first at ", int(c.Now())))
	})
	_, _ = c.At(2, func() { got = append(got, fmt.Sprint("second at ", int(c.Now()))) })
	var sets sync.WaitGroup
	set := func(to time.Duration) {
		if err := c.Set(to); err != nil {
			t.Error(err)
		}
	}
	sets.Go(func() { set(1) })
	<-entered
	sets.Go(func() { set(2) })
	for range 100 {
		runtime.Gosched() // time for the second to do harm
	}
	close(leave)
	sets.Wait()
	if want := []string{"first at 1", "second at 2"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAFunctionThatPanicsOrExitsLeavesTheRestToTheNextSet(t *testing.T) {
	for name, end := range map[string]func(){"panic": func() { panic("in a function") }, "exit": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			c := clock.NewExternal(start, 0)
			called := false
			_, _ = c.At(1, end)
			_, _ = c.At(1, func() { called = true })
			var setter sync.WaitGroup
			setter.Go(func() {
				defer func() { _ = recover() }()
				_ = c.Set(1)
				t.Error("Set returned")
			})
			setter.Wait()
			if called {
				t.Error("the rest was called")
			}
			if err := c.Set(2); err != nil || !called {
				t.Errorf("the rest was called: %v, %v", called, err)
			}
		})
	}
}

func TestTimersAreCalledOnceInOrderOfTimeThenOfMakingAndNotOnceStopped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := clock.NewExternal(start, time.Duration(rapid.IntRange(-5, 5).Draw(t, "initial")))
		type timer struct {
			at   time.Duration
			n    int
			stop clock.Timer
		}
		var pending []timer // the model
		var got, want []int
		made := 0
		add := func(at time.Duration, chain bool) {
			n := made
			made++
			var stop clock.Timer
			stop, err := c.At(at, func() {
				got = append(got, n)
				if stop.Stop() {
					t.Error("a timer that was called was stopped")
				}
				if chain { // a timer made by a function that is due
					next := timer{at: c.Now() + 2, n: -n - 1}
					next.stop, _ = c.In(2, func() { got = append(got, next.n) })
					pending = append(pending, next)
				}
			})
			if at <= c.Now() != (err != nil) {
				t.Fatalf("a timer at %d when it is %d: %v", at, c.Now(), err)
			}
			if err == nil {
				pending = append(pending, timer{at, n, stop})
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"make": func(t *rapid.T) {
				add(c.Now()+time.Duration(rapid.IntRange(-1, 8).Draw(t, "in")), rapid.Bool().Draw(t, "chain"))
			},
			"stop": func(t *rapid.T) {
				if len(pending) == 0 {
					return
				}
				i := rapid.IntRange(0, len(pending)-1).Draw(t, "which")
				if !pending[i].stop.Stop() || pending[i].stop.Stop() {
					t.Error("a timer to come is stopped once")
				}
				pending = slices.Delete(pending, i, i+1)
			},
			"set": func(t *rapid.T) {
				now := c.Now() + time.Duration(rapid.IntRange(1, 6).Draw(t, "step"))
				var due, rest []timer
				for _, p := range pending {
					if p.at <= now {
						due = append(due, p)
					} else {
						rest = append(rest, p)
					}
				}
				slices.SortStableFunc(due, func(a, b timer) int { return int(a.at - b.at) })
				for _, p := range due {
					want = append(want, p.n)
				}
				pending = rest
				if err := c.Set(now); err != nil {
					t.Fatal(err)
				}
			},
			"": func(t *rapid.T) {
				if !slices.Equal(got, want) {
					t.Fatalf("called %v, want %v", got, want)
				}
			},
		})
	})
}

func TestEveryTimerIsCalledOrStoppedOnceWhateverRunsAtTheSameTime(t *testing.T) {
	c := clock.NewExternal(start, 0)
	const makers, timers, steps = 8, 500, 200
	var called, stopped, refused atomic.Int64
	var running sync.WaitGroup
	for m := range makers {
		running.Go(func() {
			for i := range timers {
				timer, err := c.At(time.Duration(1+(i*7+m)%steps), func() { called.Add(1) })
				switch {
				case err != nil:
					refused.Add(1)
				case i%3 == 0 && timer.Stop():
					stopped.Add(1)
				}
				runtime.Gosched()
			}
		})
	}
	var past atomic.Int64
	for range 2 {
		running.Go(func() {
			for i := range time.Duration(steps) {
				if c.Set(i+1) != nil {
					past.Add(1)
				}
				runtime.Gosched()
			}
		})
	}
	running.Wait()
	if past.Load() != steps {
		t.Errorf("%d of %d times were set twice", steps-past.Load(), steps)
	}
	if err := c.Set(steps + 1); err != nil {
		t.Fatal(err)
	}
	if n := called.Load() + stopped.Load() + refused.Load(); n != makers*timers {
		t.Errorf("%d called, %d stopped, %d refused: %d of %d", called.Load(), stopped.Load(), refused.Load(), n, makers*timers)
	}
}

func TestTheStartDateIsThatOfTimeZeroWhateverTheInitialTimeIs(t *testing.T) {
	c := clock.NewExternal(start, time.Hour)
	if got, want := c.Date(), start.Add(time.Hour); !got.Equal(want) {
		t.Errorf("at one hour it is %v, want %v", got, want)
	}
	if got := c.TimeOf(start); got != 0 {
		t.Errorf("the start is at %v, want 0", got)
	}
}
