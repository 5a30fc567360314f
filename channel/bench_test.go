package channel_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/turn"
)

// adder answers [a, b] with their sum.
func adder(r *channel.Request) {
	turn.Free{}.Start(turn.Func(func() {
		ctx := context.Background()
		v, err := channel.Content[[]int](r)
		if err != nil {
			_ = r.Fail(ctx, err)
			return
		}
		sum := v[0] + v[1]
		_ = r.Reply(ctx, &sum)
	}))
}

func addPair(b *testing.B) *channel.Conn {
	ctx := context.Background()
	srv, err := channel.ListenDispatch(ctx, "tcp://127.0.0.1:0", func(*channel.Conn) channel.Dispatcher { return channel.DispatchFunc(adder) }, nil)
	if err != nil {
		b.Fatal(err)
	}
	conn, err := channel.Dial(ctx, srv.Addr(), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = conn.Close()
		_ = conn.Wait(ctx)
		_ = srv.Shutdown(ctx)
	})
	return conn
}

// parallel has a number of callers run, b.N times in all, what caller returns
// for each of them.
func parallel(b *testing.B, callers int, caller func(i int) func()) {
	b.ReportAllocs()
	var wg sync.WaitGroup
	b.ResetTimer()
	for i := range callers {
		n := b.N / callers
		if i < b.N%callers {
			n++
		}
		fn := caller(i)
		wg.Go(func() {
			for range n {
				fn()
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}

func BenchmarkAsk(b *testing.B) {
	for name, callers := range map[string]int{"one caller": 1, "64 callers": 64, "1024 callers": 1024} {
		b.Run(name, func(b *testing.B) {
			conn := addPair(b)
			ctx := context.Background()
			parallel(b, callers, func(int) func() {
				return func() {
					var sum int
					if err := conn.Ask(ctx, []int{3, 4}, &sum); err != nil || sum != 7 {
						b.Error(sum, err)
					}
				}
			})
		})
	}
}

// BenchmarkTimeout compares ways to bound an ask, with 64 callers.
func BenchmarkTimeout(b *testing.B) {
	background := context.Background()
	bounded := channel.Timeout(background, time.Minute)
	none := func() {}
	for _, way := range []struct {
		name string
		ctx  func() (context.Context, context.CancelFunc)
	}{
		{"none", func() (context.Context, context.CancelFunc) { return background, none }},
		{"channel.Timeout", func() (context.Context, context.CancelFunc) { return bounded, none }},
		{"context.WithTimeout", func() (context.Context, context.CancelFunc) {
			return context.WithTimeout(background, time.Minute)
		}},
	} {
		b.Run(way.name, func(b *testing.B) {
			conn := addPair(b)
			parallel(b, 64, func(int) func() {
				return func() {
					ctx, cancel := way.ctx()
					defer cancel()
					var sum int
					if err := conn.Ask(ctx, []int{3, 4}, &sum); err != nil || sum != 7 {
						b.Error(sum, err)
					}
				}
			})
		})
	}
}

// BenchmarkRaw is the limit: as many bytes to and fro without any messages.
func BenchmarkRaw(b *testing.B) {
	b.Run("ping-pong", func(b *testing.B) {
		x, y := sockets(b)
		go func() { _, _ = io.Copy(y, y) }()
		buf := make([]byte, 30)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := x.Write(buf); err != nil {
				b.Fatal(err)
			}
			if _, err := io.ReadFull(x, buf); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
	})
	for name, callers := range map[string]int{"multiplexed, 64 callers": 64, "multiplexed, 1024 callers": 1024} {
		b.Run(name, func(b *testing.B) {
			x, y := sockets(b)
			waiting := make([]chan struct{}, callers)
			for i := range waiting {
				waiting[i] = make(chan struct{}, 1)
			}
			var out, back gatherer
			out.w, back.w = x, y
			go cut(y, func(f []byte) { go back.send(append([]byte(nil), f...)) })
			go cut(x, func(f []byte) { waiting[binary.BigEndian.Uint32(f)] <- struct{}{} })
			parallel(b, callers, func(i int) func() {
				f := make([]byte, 30)
				binary.BigEndian.PutUint32(f, uint32(i))
				return func() {
					out.send(f)
					<-waiting[i]
				}
			})
		})
	}
}

func cut(r io.Reader, fn func([]byte)) {
	buf := make([]byte, 64<<10)
	n := 0
	for {
		k, err := r.Read(buf[n:])
		if err != nil {
			return
		}
		n += k
		i := 0
		for ; n-i >= 30; i += 30 {
			fn(buf[i : i+30])
		}
		n = copy(buf, buf[i:n])
	}
}

type gatherer struct {
	w         io.Writer
	mu        sync.Mutex
	out, next []byte
	busy      bool
}

func (g *gatherer) send(f []byte) {
	g.mu.Lock()
	g.out = append(g.out, f...)
	if g.busy {
		g.mu.Unlock()
		return
	}
	g.busy = true
	g.mu.Unlock()
	runtime.Gosched()
	g.mu.Lock()
	for len(g.out) > 0 {
		b := g.out
		g.out = g.next[:0]
		g.mu.Unlock()
		_, _ = g.w.Write(b)
		g.mu.Lock()
		g.next = b
	}
	g.busy = false
	g.mu.Unlock()
}

func sockets(b *testing.B) (x, y net.Conn) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer ln.Close()
	if x, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		b.Fatal(err)
	}
	if y, err = ln.Accept(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = x.Close(); _ = y.Close() })
	return x, y
}
