package clock_test

import (
	"context"
	"testing"
	"time"

	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/turn"
)

// Agents sleep, or wait with contexts that end when the clock says so, and each
// then makes the next one work. All of that is over before the next step.
func TestWhatASetWakesCanBeWaitedFor(t *testing.T) {
	c := clock.NewExternal(start, 0)
	var all turn.Group
	const steps, chain = 100, 20
	done := 0 // passed on from turn to turn
	var visit func(left int) func(ctx context.Context)
	visit = func(left int) func(ctx context.Context) {
		a := newUncheckedAgent(t.Context())
		a.Join(&all, left)
		return func(context.Context) {
			a.start(func(ctx context.Context) {
				if err := clock.Sleep(ctx, c, 0); err != nil {
					t.Error(err)
				}
				if done++; left > 0 {
					visit(left - 1)(ctx)
				}
			})
		}
	}
	for name, wait := range map[string]func(ctx context.Context){
		"sleep": func(ctx context.Context) {
			if err := clock.Sleep(ctx, c, time.Second); err != nil {
				t.Error(err)
			}
		},
		"context": func(ctx context.Context) {
			ctx, cancel := clock.WithTimeout(ctx, c, time.Second)
			defer cancel()
			var never turn.Event
			_ = never.Wait(ctx, nil, "test")
		},
		"context of package context": func(ctx context.Context) {
			ctx, cancel := clock.WithTimeout(ctx, c, time.Second)
			defer cancel()
			ctx, cancelInner := context.WithCancel(ctx)
			defer cancelInner()
			var never turn.Event
			_ = never.Wait(ctx, nil, "test")
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := newUncheckedAgent(t.Context())
			a.Join(&all, name)
			for range steps {
				done = 0
				a.start(func(ctx context.Context) {
					wait(ctx)
					visit(chain - 1)(ctx)
				})
				if err := all.Wait(t.Context()); err != nil {
					t.Fatal(err)
				}
				if err := c.Set(c.Now() + time.Second); err != nil {
					t.Fatal(err)
				}
				if err := all.Wait(t.Context()); err != nil || done != chain {
					t.Fatalf("at rest after %d of %d: %v", done, chain, err)
				}
			}
		})
	}
}
