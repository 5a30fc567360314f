package local_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport/local"
)

// pair makes two containers with an adder each, and runs fn as code of the first.
func pair(b *testing.B, opts *local.Options, fn func(ctx context.Context, x *adder, there rpc.Remote) error) {
	b.Helper()
	err := local.Run(b.Context(), opts, func(ctx context.Context) error {
		x, err := spawnAdder(ctx, "local://a")
		if err != nil {
			return err
		}
		y, err := spawnAdder(ctx, "local://b")
		if err != nil {
			return err
		}
		return x.Do(ctx, func(ctx context.Context) error {
			there, err := x.Connect(ctx, y.URL())
			if err != nil {
				return err
			}
			return fn(ctx, x, there)
		})
	})
	if err != nil {
		b.Fatal(err)
	}
}

func spawnAdder(ctx context.Context, addr string) (*adder, error) {
	c, err := gomas.NewContainer(ctx, addr, nil)
	if err != nil {
		return nil, err
	}
	return gomas.Spawn(ctx, c, newAdder)
}

// BenchmarkCalls is calls between two containers, one after another: the figures
// are for one call there and back, on one core.
func BenchmarkCalls(b *testing.B) {
	for _, how := range []struct {
		name string
		opts func() *local.Options
	}{
		{"first in first out", func() *local.Options { return nil }},
		{"seed", func() *local.Options { return &local.Options{Seed: 1} }},
		{"traced by hash", func() *local.Options { return &local.Options{Trace: local.NewTrace(0)} }},
		{"traced in full", func() *local.Options { return &local.Options{Trace: local.NewTrace(1000)} }},
		{"with delays", func() *local.Options {
			return &local.Options{Links: func(string, string) local.Link {
				return local.Link{Delay: local.Uniform(time.Millisecond, 2*time.Millisecond)}
			}}
		}},
	} {
		b.Run(how.name, func(b *testing.B) {
			b.ReportAllocs()
			pair(b, how.opts(), func(ctx context.Context, _ *adder, there rpc.Remote) error {
				b.ResetTimer()
				defer b.StopTimer()
				for range b.N {
					if _, err := add.Call(ctx, there, 3, 4); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}
}

// BenchmarkCallsOfMany is calls of 64 tasks at a time.
func BenchmarkCallsOfMany(b *testing.B) {
	b.ReportAllocs()
	pair(b, &local.Options{Seed: 1}, func(ctx context.Context, x *adder, there rpc.Remote) error {
		b.ResetTimer()
		defer b.StopTimer()
		callers := make([]func(context.Context) error, 64)
		for i := range callers {
			callers[i] = func(ctx context.Context) error {
				for range b.N / len(callers) {
					if _, err := add.Call(ctx, there, 3, 4); err != nil {
						return err
					}
				}
				return nil
			}
		}
		return x.Parallel(ctx, callers...)
	})
}

// BenchmarkTimers is tasks that sleep; the figures are for one wake-up.
func BenchmarkTimers(b *testing.B) {
	b.ReportAllocs()
	pair(b, nil, func(ctx context.Context, x *adder, _ rpc.Remote) error {
		b.ResetTimer()
		defer b.StopTimer()
		sleepers := make([]func(context.Context) error, 100)
		for i := range sleepers {
			sleepers[i] = func(ctx context.Context) error {
				for range b.N / len(sleepers) {
					if err := x.Sleep(ctx, time.Duration(1+i)*time.Second); err != nil {
						return err
					}
				}
				return nil
			}
		}
		return x.Parallel(ctx, sleepers...)
	})
}

// BenchmarkDay is a day of 1,000 agents that wake every 15 minutes.
func BenchmarkDay(b *testing.B) {
	b.ReportAllocs()
	for range b.N {
		woken := 0
		if err := local.Run(b.Context(), nil, func(ctx context.Context) error {
			c, err := gomas.NewContainer(ctx, "local://a", nil)
			if err != nil {
				return err
			}
			for range 1000 {
				a, err := gomas.Spawn(ctx, c, newAdder)
				if err != nil {
					return err
				}
				if err := a.Every(15*time.Minute, func(context.Context) error {
					woken++
					return nil
				}); err != nil {
					return err
				}
			}
			return sleep(ctx, 24*time.Hour)
		}); err != nil {
			b.Fatal(err)
		}
		if woken < 95_000 {
			b.Fatalf("woken %d times", woken)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/day")
}

// BenchmarkIdle is the memory of agents that do nothing.
func BenchmarkIdle(b *testing.B) {
	if err := local.Run(b.Context(), nil, func(ctx context.Context) error {
		c, err := gomas.NewContainer(ctx, "local://a", nil)
		if err != nil {
			return err
		}
		before := heap()
		b.ResetTimer()
		for range b.N {
			if _, err := gomas.Spawn(ctx, c, newAdder); err != nil {
				return err
			}
		}
		b.StopTimer()
		b.ReportMetric(float64(heap()-before)/float64(b.N), "B/agent")
		return nil
	}); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkSuspended is the memory of agents that wait for the reply to a call,
// beyond that of idle ones: their stacks, and the request, which a partition holds.
func BenchmarkSuspended(b *testing.B) {
	if err := local.Run(b.Context(), nil, func(ctx context.Context) error {
		c, err := gomas.NewContainer(ctx, "local://a", nil)
		if err != nil {
			return err
		}
		y, err := spawnAdder(ctx, "local://b")
		if err != nil {
			return err
		}
		n := min(b.N, 10_000) // the other side takes no more requests than 16,384
		agents := make([]*adder, n)
		for i := range agents {
			if agents[i], err = gomas.Spawn(ctx, c, newAdder); err != nil {
				return err
			}
		}
		there, err := c.Connect(ctx, y.URL())
		if err != nil {
			return err
		}
		local.From(ctx).Partition([]string{"a"}, []string{"b"})
		before := total()
		for _, a := range agents {
			if err := a.Go(func(ctx context.Context) {
				if _, err := add.Call(ctx, there, 3, 4); err != nil {
					b.Error(err)
				}
			}); err != nil {
				return err
			}
		}
		if err := sleep(ctx, time.Second); err != nil {
			return err
		}
		b.ReportMetric(float64(total()-before)/float64(n), "B/suspended")
		local.From(ctx).Heal()
		return sleep(ctx, time.Second)
	}); err != nil {
		b.Fatal(err)
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// total is heap with stacks, of which each collection halves those that are
// hardly used.
func total() uint64 {
	for range 3 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

func sleep(ctx context.Context, d time.Duration) error {
	return clock.Sleep(ctx, clock.For(ctx), d)
}
