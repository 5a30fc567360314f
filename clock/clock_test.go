package clock_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/turn"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Date(2010, 3, 27, 12, 0, 0, 0, time.UTC)

// set sets the clock, and in a bubble waits until all have done what they do
// at that time.
func set(t *testing.T, c *clock.External, to time.Duration) {
	t.Helper()
	if err := c.Set(to); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
}

// agent is the least that an agent is: a turn, and state without a lock.
type agent struct {
	turn.Own
	ctx context.Context
	log []string // the race detector watches it
}

// newAgent returns an agent whose waits are checked.
func newAgent(ctx context.Context) *agent {
	a := newUncheckedAgent(ctx)
	a.Check()
	return a
}

func newUncheckedAgent(ctx context.Context) *agent {
	a := new(agent)
	a.ctx = turn.With(ctx, &a.Own)
	return a
}

func (a *agent) start(fn func(ctx context.Context)) {
	a.Start(turn.Func(func() { fn(a.ctx) }))
}

// wantPast checks that err says that wanted is not after now.
func wantPast(t *testing.T, what string, err error, wanted, now time.Duration) {
	t.Helper()
	past, ok := errors.AsType[*clock.PastError](err)
	if !ok || *past != (clock.PastError{Time: wanted, Now: now}) {
		t.Errorf("%s: %v, want that %v is not after %v", what, err, wanted, now)
	}
}

func TestTimersInThePastAreErrorsThatSayWhatTimeItIs(t *testing.T) {
	c := clock.NewExternal(start.Add(-(5 * time.Second)), 5*time.Second)
	never := func() { t.Error("was called") }
	for name, test := range map[string]struct {
		make   func() (clock.Timer, error)
		wanted time.Duration
	}{
		"at a time that is over": {func() (clock.Timer, error) { return c.At(4*time.Second, never) }, 4 * time.Second},
		"at the present time":    {func() (clock.Timer, error) { return c.At(5*time.Second, never) }, 5 * time.Second},
		"in no time":             {func() (clock.Timer, error) { return c.In(0, never) }, 5 * time.Second},
		"in negative time":       {func() (clock.Timer, error) { return c.In(-time.Second, never) }, 4 * time.Second},
		"long before the first time there is": {
			func() (clock.Timer, error) { return c.In(math.MinInt64, never) }, math.MinInt64 + 5*time.Second,
		},
		"at the present date": {
			func() (clock.Timer, error) { return clock.AtDate(c, start, never) }, 5 * time.Second,
		},
		"at a date that is over": {
			func() (clock.Timer, error) { return clock.AtDate(c, start.Add(-time.Second), never) }, 4 * time.Second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			timer, err := test.make()
			wantPast(t, "error", err, test.wanted, 5*time.Second)
			if timer != nil {
				t.Error("there is a timer, too")
			}
		})
	}
	if err := c.Set(time.Hour); err != nil {
		t.Error(err)
	}
}

func TestErrorsOfDatesNameTheDate(t *testing.T) {
	c := clock.NewExternal(start, 0)
	_, err := clock.AtDate(c, start.Add(-time.Second).In(time.FixedZone("", 3600)), func() {})
	const want = "clock: date 2010-03-27T11:59:59Z: clock: -1s is not in the future: it is 0s"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestATimerAtADateIsCalledAtThatDate(t *testing.T) {
	c := clock.NewExternal(start.Add(-time.Hour), time.Hour)
	called := false
	if _, err := clock.AtDate(c, start.Add(time.Minute), func() { called = true }); err != nil {
		t.Fatal(err)
	}
	if err := c.Set(time.Hour + time.Minute - 1); err != nil || called {
		t.Errorf("too early: %v, %v", called, err)
	}
	if err := c.Set(time.Hour + time.Minute); err != nil || !called {
		t.Errorf("not at the date: %v, %v", called, err)
	}
}

func TestDatesBeyondTheRangeOfDurationsAreItsEnds(t *testing.T) {
	far := start.AddDate(1000, 0, 0)
	for _, c := range []clock.Clock{clock.Real{}, clock.NewExternal(start.Add(-time.Hour), time.Hour), new(clock.External)} {
		if got := c.TimeOf(far); got != math.MaxInt64 {
			t.Errorf("%T: the year 3010 is %v", c, got)
		}
		timer, err := clock.AtDate(c, far, func() { t.Error("was called") })
		if err != nil || !timer.Stop() {
			t.Errorf("%T: a timer in the year 3010: %v", c, err)
		}
	}
	for _, c := range []clock.Clock{clock.Real{}, clock.NewExternal(start.Add(-time.Hour), time.Hour)} {
		if _, err := clock.AtDate(c, time.Time{}, func() {}); err == nil {
			t.Errorf("%T: a timer in the year 1", c)
		}
	}
}
