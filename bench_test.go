package gomas_test

import (
	"context"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/rpc"
)

// BenchmarkCall measures calls between agents: of two containers, over TCP on
// the loopback interface with both ends in this process, and of one container.
func BenchmarkCall(b *testing.B) {
	for _, callers := range []int{1, 64, 1024} {
		b.Run(strconv.Itoa(callers)+" agents calling", func(b *testing.B) {
			benchmarkCall(b, callers, plainContainer(b), plainContainer(b))
		})
		b.Run(strconv.Itoa(callers)+" agents calling within their container", func(b *testing.B) {
			c := plainContainer(b)
			benchmarkCall(b, callers, c, c)
		})
	}
}

// benchmarkCall has agents of one container call those of another, or the same.
func benchmarkCall(b *testing.B, callers int, here, there *gomas.Container) {
	targets := make([]rpc.Remote, min(callers, 64))
	for i := range targets {
		targets[i] = connect(b, here, spawn(b, there))
	}
	b.ReportAllocs()
	b.ResetTimer()
	var wg sync.WaitGroup
	for i := range callers {
		n := b.N / callers
		if i < b.N%callers {
			n++
		}
		wg.Add(1)
		if err := spawn(b, here).Go(func(ctx context.Context) {
			defer wg.Done()
			for range n {
				if _, err := add.Call(ctx, targets[i%len(targets)], 1); err != nil {
					b.Error(err)
					return
				}
			}
		}); err != nil {
			b.Fatal(err)
		}
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}

// BenchmarkSpawn measures how fast agents are made, and what an idle one with
// a function holds in memory.
func BenchmarkSpawn(b *testing.B) {
	c := plainContainer(b)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		_, err := gomas.Spawn(context.Background(), c, func(_ context.Context, a *gomas.Agent) (*gomas.Agent, error) {
			add.Handle(a.Services(), func(context.Context, int) (int, error) { return 0, nil })
			return a, nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(b.N), "idle-B/agent")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "agents/s")
	runtime.KeepAlive(c)
}

func plainContainer(b *testing.B) *gomas.Container {
	c, err := gomas.NewContainer(context.Background(), "tcp://127.0.0.1:0", nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := c.Shutdown(context.Background()); err != nil {
			b.Error(err)
		}
	})
	return c
}
