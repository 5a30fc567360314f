package clock_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gomas/gomas/clock"
)

var errEnough = errors.New("enough")

func TestEveryRunsAtWholePeriodsWithoutDriftOrBursts(t *testing.T) {
	const s = time.Second
	for name, test := range map[string]struct {
		sets []time.Duration // of the clock, which is at 10s first; the period is 2s
		work []time.Duration // how long the first runs take
		want []time.Duration // when runs begin
	}{
		"each on time":                                   {sets: []time.Duration{11 * s, 12 * s, 13 * s, 14 * s, 16 * s}, want: []time.Duration{12 * s, 14 * s, 16 * s}},
		"a late run does not move the next":              {sets: []time.Duration{13 * s, 14 * s, 17 * s, 18 * s}, want: []time.Duration{13 * s, 14 * s, 17 * s, 18 * s}},
		"once when the clock steps over several":         {sets: []time.Duration{17 * s, 18 * s}, want: []time.Duration{17 * s, 18 * s}},
		"once when the clock steps onto one":             {sets: []time.Duration{16 * s, 17 * s, 18 * s}, want: []time.Duration{16 * s, 18 * s}},
		"what passes while it runs is skipped":           {sets: []time.Duration{12 * s, 15 * s, 17 * s, 18 * s, 20 * s}, work: []time.Duration{5 * s}, want: []time.Duration{12 * s, 18 * s, 20 * s}},
		"a run that ends at the next time is on time":    {sets: []time.Duration{12 * s, 14 * s, 16 * s}, work: []time.Duration{2 * s}, want: []time.Duration{12 * s, 14 * s, 16 * s}},
		"a run that ends at a later time is on time":     {sets: []time.Duration{12 * s, 14 * s, 16 * s, 18 * s}, work: []time.Duration{4 * s}, want: []time.Duration{12 * s, 16 * s, 18 * s}},
		"a run that is late and takes long is not twice": {sets: []time.Duration{13 * s, 15 * s, 16 * s}, work: []time.Duration{2 * s}, want: []time.Duration{13 * s, 16 * s}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := clock.NewExternal(start.Add(-(10 * s)), 10*s)
				ctx, cancel := context.WithCancel(t.Context())
				var got []time.Duration
				ended := make(chan error, 1)
				go func() {
					ended <- clock.Every(ctx, c, 2*s, func(ctx context.Context) error {
						got = append(got, c.Now())
						if n := len(got); n <= len(test.work) {
							return clock.Sleep(ctx, c, test.work[n-1])
						}
						return nil
					})
				}()
				synctest.Wait()
				for _, to := range test.sets {
					set(t, c, to)
				}
				cancel()
				if err := <-ended; !errors.Is(err, context.Canceled) {
					t.Errorf("ended with %v", err)
				}
				if !slices.Equal(got, test.want) {
					t.Errorf("ran at %v, want %v", got, test.want)
				}
			})
		})
	}
}

func TestEveryKeepsToRealTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c clock.Real
		begin := c.Now()
		n := time.Duration(0)
		err := clock.Every(t.Context(), c, time.Hour, func(ctx context.Context) error {
			n++
			if got := c.Now() - begin; got != n*time.Hour {
				t.Errorf("run %d after %v", n, got)
			}
			if n == 1000 {
				return errEnough
			}
			return clock.Sleep(ctx, c, n*time.Second)
		})
		if err != errEnough {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestEveryRunsInTheTurnOfItsTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAgent(t.Context())
		c := clock.NewExternal(start, 0)
		for _, name := range []string{"a", "b"} {
			a.start(func(ctx context.Context) {
				err := clock.Every(ctx, c, 1, func(ctx context.Context) error {
					a.log = append(a.log, fmt.Sprint(name, int(c.Now())))
					if c.Now() == 2 {
						return errEnough
					}
					return clock.Sleep(ctx, c, 0) // checks that this goroutine has the turn
				})
				if err != errEnough {
					t.Errorf("ended with %v", err)
				}
			})
			synctest.Wait()
		}
		set(t, c, 1)
		set(t, c, 2)
		if want := []string{"a1", "b1", "a2", "b2"}; !slices.Equal(a.log, want) {
			t.Errorf("got %q, want %q", a.log, want)
		}
	})
}

func TestEveryRunsAlsoIfItsTimePassesWhileItGoesToSleep(t *testing.T) {
	c := fleeting{clock.NewExternal(start, 0)}
	err := clock.Every(t.Context(), c, 10, func(context.Context) error { return errEnough })
	if err != errEnough || c.Now() != 11 {
		t.Errorf("at %v: %v", c.Now(), err)
	}
}

// fleeting is a clock whose time passes before a timer is made.
type fleeting struct{ *clock.External }

func (f fleeting) At(t time.Duration, fn func()) (clock.Timer, error) {
	_ = f.Set(t + 1)
	return f.External.At(t, fn)
}

func TestEveryRefusesPeriodsThatAreNotPositive(t *testing.T) {
	c := clock.NewExternal(start.Add(-5), 5)
	for _, period := range []time.Duration{0, -1} {
		err := clock.Every(t.Context(), c, period, func(context.Context) error { return nil })
		wantPast(t, "Every", err, 5+period, 5)
	}
}

func TestEveryOutlivesTheEndOfTime(t *testing.T) {
	for _, period := range []time.Duration{time.Hour, math.MaxInt64} {
		synctest.Test(t, func(t *testing.T) {
			c := clock.NewExternal(start, 0)
			ctx, cancel := context.WithCancel(t.Context())
			runs := 0
			ended := make(chan error, 1)
			go func() {
				ended <- clock.Every(ctx, c, period, func(context.Context) error { runs++; return nil })
			}()
			synctest.Wait()
			set(t, c, math.MaxInt64)
			cancel()
			if err := <-ended; !errors.Is(err, context.Canceled) || runs != 1 {
				t.Errorf("period %v: %d runs, ended with %v", period, runs, err)
			}
		})
	}
}
