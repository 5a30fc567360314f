package clock_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/turn"
)

// A Heater asks its clock for everything that has to do with time.
type Heater struct {
	Clock clock.Clock
}

// Heat says when it begins and when it has ended.
func (h Heater) Heat(ctx context.Context, d time.Duration) error {
	fmt.Println(h.Clock.Date().Format(time.TimeOnly), "on")
	if err := clock.Sleep(ctx, h.Clock, d); err != nil {
		return err
	}
	fmt.Println(h.Clock.Date().Format(time.TimeOnly), "off")
	return nil
}

func ExampleSleep() {
	began := time.Now()
	err := clock.Sleep(context.Background(), clock.Real{}, 20*time.Millisecond)
	fmt.Println(err, time.Since(began) >= 20*time.Millisecond)
	// Output: <nil> true
}

func ExampleSleepUntil() {
	ctx := context.Background()
	c := clock.NewExternal(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), time.Hour)
	err := clock.SleepUntil(ctx, c, 59*time.Minute)
	if past, ok := errors.AsType[*clock.PastError](err); ok {
		fmt.Println("late by", past.Now-past.Time)
	}
	fmt.Println(err)
	// Output:
	// late by 1m0s
	// clock: 59m0s is not in the future: it is 1h0m0s
}

func ExampleExternal() {
	midnight := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	c := clock.NewExternal(midnight, 0)
	say := func(what string) func() {
		return func() { fmt.Println(c.Date().Format(time.TimeOnly), what) }
	}
	_, err1 := c.In(time.Hour, say("an hour has passed"))
	_, err2 := c.At(30*time.Minute, say("half an hour has passed"))
	supper, err3 := clock.AtDate(c, midnight.Add(19*time.Hour), say("supper"))
	fmt.Println(errors.Join(err1, err2, err3))

	fmt.Println(c.Set(45 * time.Minute))
	fmt.Println("no supper:", supper.Stop())
	fmt.Println(c.Set(24 * time.Hour))
	fmt.Println(c.Set(12 * time.Hour))
	// Output:
	// <nil>
	// 00:45:00 half an hour has passed
	// <nil>
	// no supper: true
	// 00:00:00 an hour has passed
	// <nil>
	// clock: 12h0m0s is not in the future: it is 24h0m0s
}

// simulate runs a task and the steps of a simulator in one turn, until the task
// has ended.
func simulate(c *clock.External, step time.Duration, task func(ctx context.Context)) {
	var world turn.Own
	ctx := turn.With(context.Background(), &world)
	ended := make(chan error)
	running := true // belongs to the turn
	world.Start(turn.Func(func() {
		task(ctx)
		running = false
	}))
	world.Start(turn.Func(func() {
		var err error
		for running && err == nil {
			err = c.Set(c.Now() + step)
			if err == nil {
				err = clock.Sleep(ctx, c, 0) // whoever Set woke is before us in the queue
			}
		}
		ended <- err
	}))
	if err := <-ended; err != nil {
		fmt.Println(err)
	}
}

func ExampleExternal_Set() {
	c := clock.NewExternal(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), 0)
	simulate(c, 15*time.Minute, func(ctx context.Context) {
		h := Heater{Clock: c}
		if err := h.Heat(ctx, 40*time.Minute); err != nil {
			fmt.Println(err)
		}
	})
	// Output:
	// 00:00:00 on
	// 00:45:00 off
}

func ExampleExternal_Set_rest() {
	c := clock.NewExternal(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), 0)
	var all turn.Group
	for _, name := range []string{"first", "second"} {
		own := new(turn.Own)
		own.Join(&all, name)
		ctx := turn.With(context.Background(), own)
		own.Start(turn.Func(func() {
			if name == "second" {
				_ = clock.Sleep(ctx, c, 30*time.Minute)
			}
			for clock.Sleep(ctx, c, time.Hour) == nil && c.Now() < 3*time.Hour {
				fmt.Println(name, "at", c.Now())
			}
		}))
	}

	err := all.Wait(context.Background())
	for err == nil && c.Now() < 4*time.Hour {
		err = errors.Join(c.Set(c.Now()+30*time.Minute), all.Wait(context.Background()))
	}
	fmt.Println("end at", c.Now(), err)
	// Output:
	// first at 1h0m0s
	// second at 1h30m0s
	// first at 2h0m0s
	// second at 2h30m0s
	// end at 4h0m0s <nil>
}

var errDone = errors.New("done")

func ExampleEvery() {
	c := clock.NewExternal(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), 0)
	simulate(c, 15*time.Minute, func(ctx context.Context) {
		last := c.Now()
		err := clock.Every(ctx, c, 30*time.Minute, func(ctx context.Context) error {
			fmt.Printf("it is %v, %v after the last time\n", c.Now(), c.Now()-last)
			last = c.Now()
			if c.Now() >= 2*time.Hour {
				return errDone
			}
			// Takes until 1h15m the first time: 1h is skipped.
			return clock.SleepUntil(ctx, c, max(c.Now(), 75*time.Minute))
		})
		fmt.Println(err)
	})
	// Output:
	// it is 30m0s, 30m0s after the last time
	// it is 1h30m0s, 1h0m0s after the last time
	// it is 2h0m0s, 30m0s after the last time
	// done
}

func ExampleWithTimeout() {
	c := clock.NewExternal(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), 0)
	ctx, cancel := clock.WithTimeout(context.Background(), c, time.Hour)
	defer cancel()
	_, onTheWall := ctx.Deadline()
	fmt.Println("has a deadline on the wall:", onTheWall)

	fmt.Println(c.Set(59*time.Minute), ctx.Err())
	fmt.Println(c.Set(60*time.Minute), ctx.Err())
	// Output:
	// has a deadline on the wall: false
	// <nil> <nil>
	// <nil> context deadline exceeded
}
