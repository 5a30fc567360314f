package clock_test

import (
	"context"
	"testing"
	"time"

	"github.com/gomas/gomas/clock"
)

// BenchmarkTimers makes timers on a clock that holds 100,000 and calls or stops
// them; the figures are for one timer.
func BenchmarkTimers(b *testing.B) {
	const timers = 100_000
	nothing := func() {}
	b.Run("make and call", func(b *testing.B) {
		c := clock.NewExternal(start, 0)
		b.ReportAllocs()
		for made := 0; made < b.N; {
			n := min(timers, b.N-made)
			for i := range n {
				_, _ = c.In(time.Duration(1+i*7919%timers), nothing)
			}
			_ = c.Set(c.Now() + timers)
			made += n
		}
	})
	b.Run("make and stop", func(b *testing.B) {
		c := clock.NewExternal(start, 0)
		for i := range timers {
			_, _ = c.In(time.Duration(1+i), nothing)
		}
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			i++
			timer, _ := c.In(time.Duration(1+i*7919%timers), nothing)
			timer.Stop()
		}
	})
	b.Run("real make and stop", func(b *testing.B) {
		var c clock.Real
		for range timers {
			timer, _ := c.In(time.Hour, nothing)
			defer timer.Stop()
		}
		b.ReportAllocs()
		for b.Loop() {
			timer, _ := c.In(time.Minute, nothing)
			timer.Stop()
		}
	})
}

func BenchmarkSet(b *testing.B) {
	for name, due := range map[string]int{"nothing due": 0, "one timer due": 1} {
		b.Run(name, func(b *testing.B) {
			c := clock.NewExternal(start, 0)
			b.ReportAllocs()
			for b.Loop() {
				for range due {
					_, _ = c.In(1, func() {})
				}
				_ = c.Set(c.Now() + 1)
			}
		})
	}
}

// BenchmarkSleep sleeps and is woken under an agent's turn.
func BenchmarkSleep(b *testing.B) {
	for name, ctx := range map[string]context.Context{
		"context that cannot end": context.Background(), "context that can end": b.Context(),
	} {
		b.Run(name, func(b *testing.B) {
			a := newUncheckedAgent(ctx)
			c := clock.NewExternal(start, 0)
			ended := make(chan bool)
			b.ReportAllocs()
			a.start(func(ctx context.Context) {
				for clock.Sleep(ctx, c, 1) == nil && a.log == nil {
				}
				close(ended)
			})
			_ = a.do(func(ctx context.Context) error {
				for b.Loop() {
					_ = c.Set(c.Now() + 1)
					_ = clock.Sleep(ctx, c, 0) // the sleeper goes on, and sleeps
				}
				a.log = []string{"end"}
				return c.Set(c.Now() + 1)
			})
			<-ended
		})
	}
	b.Run("zero", func(b *testing.B) {
		a := newUncheckedAgent(context.Background())
		c := clock.NewExternal(start, 0)
		b.ReportAllocs()
		_ = a.do(func(ctx context.Context) error {
			for b.Loop() {
				_ = clock.Sleep(ctx, c, 0)
			}
			return nil
		})
	})
}

func BenchmarkWithTimeout(b *testing.B) {
	c := clock.NewExternal(start, 0)
	b.ReportAllocs()
	for b.Loop() {
		_, cancel := clock.WithTimeout(b.Context(), c, time.Second)
		cancel()
	}
}
