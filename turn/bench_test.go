package turn_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/gomas/gomas/turn"
)

// BenchmarkTurn measures a turn alone, one in a group, and one that is watched.
func BenchmarkTurn(b *testing.B) {
	for _, kind := range []struct {
		name string
		join func(t *turn.Own)
	}{
		{"alone", func(*turn.Own) {}},
		{"in a group", func(t *turn.Own) { t.Join(new(turn.Group), "test") }},
		{"watched", func(t *turn.Own) {
			g := new(turn.Group)
			g.Watch(10*time.Second, func(turn.Holding) {})
			t.Join(g, "test")
		}},
	} {
		b.Run(kind.name, func(b *testing.B) {
			a := newAgent()
			kind.join(&a.Own)
			benchmarkTurn(b, a)
		})
	}
}

func benchmarkTurn(b *testing.B, a *agent) {
	b.Run("take and pass on", func(b *testing.B) {
		ctx := context.Background()
		b.ReportAllocs()
		for b.Loop() {
			_ = a.Do(ctx, func() {})
		}
	})
	b.Run("wait and be woken", func(b *testing.B) {
		b.ReportAllocs()
		_ = a.Do(context.Background(), func() {
			for b.Loop() {
				w, _ := turn.Begin(a.ctx, nil)
				w.Wake(nil)
				_ = w.Block(a.ctx, nil)
			}
		})
	})
	b.Run("wait with a context that can end", func(b *testing.B) {
		ctx, cancel := context.WithCancel(a.ctx)
		defer cancel()
		b.ReportAllocs()
		_ = a.Do(context.Background(), func() {
			for b.Loop() {
				w, _ := turn.Begin(ctx, nil)
				w.Wake(nil)
				_ = w.Block(ctx, nil)
			}
		})
	})
	b.Run("run a task", func(b *testing.B) {
		over := make(chan bool)
		item := turn.Func(func() { over <- true })
		b.ReportAllocs()
		for b.Loop() {
			a.Start(item)
			<-over
		}
	})
	b.Run("run tasks of a full queue", func(b *testing.B) {
		b.ReportAllocs()
		var wg sync.WaitGroup
		wg.Add(b.N)
		item := make([]turn.Item, b.N)
		_ = a.Do(context.Background(), func() {
			for i := range item {
				item[i].Task = &task{func() {}, wg.Done}
				a.Start(&item[i])
			}
			b.ResetTimer()
		})
		wg.Wait()
	})
}

// BenchmarkInParallel measures turns that share nothing, or a group.
func BenchmarkInParallel(b *testing.B) {
	for name, g := range map[string]*turn.Group{"alone": nil, "in a group": new(turn.Group)} {
		b.Run(name, func(b *testing.B) {
			b.RunParallel(func(pb *testing.PB) {
				a := newAgent()
				if g != nil {
					a.Join(g, "test")
				}
				for pb.Next() {
					_ = a.Do(context.Background(), func() {})
				}
			})
		})
	}
}

func BenchmarkYield(b *testing.B) {
	a := newAgent()
	b.ReportAllocs()
	_ = a.Do(context.Background(), func() {
		for b.Loop() {
			_ = turn.Yield(a.ctx)
		}
	})
}

// BenchmarkRest waits for a group to come to rest, after a step in which one
// turn is used, while many tasks wait with contexts that can end.
func BenchmarkRest(b *testing.B) {
	g := new(turn.Group)
	ctx, cancel := context.WithCancel(context.Background())
	for range 10_000 {
		a := newMember(g, "waiting")
		a.Start(turn.Func(func() { block(turn.With(ctx, &a.Own)) }))
	}
	_ = g.Wait(context.Background())
	a := newMember(g, "stepping")
	b.ReportAllocs()
	for b.Loop() {
		a.Start(turn.Func(runtime.Gosched))
		_ = g.Wait(context.Background())
	}
	cancel()
	_ = g.Wait(context.Background())
}
