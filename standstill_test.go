package gomas_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/internal/faulty"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport"
)

func TestCallsIntoABlackHoleEndInTime(t *testing.T) {
	eachKind(t, channel.Limits{}, func(t *testing.T, c *callee) {
		c.check(t)
		c.proxy.Set(faulty.Both(faulty.Stream{Swallow: true}))
		inTime := func(what string) {
			t.Helper()
			began := time.Now()
			_, err := note.Call(rpc.Timeout(soon(t), 20*time.Millisecond), c.via, 1, "")
			var late *channel.TimeoutError
			if !errors.As(err, &late) {
				t.Errorf("%s: %v", what, err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			if _, err := note.Call(ctx, c.via, 1, ""); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s, with a deadline: %v", what, err)
			}
			if took := time.Since(began); took > patience/3 {
				t.Errorf("%s: took %v", what, took)
			}
		}
		inTime("a connection that vanishes")
		lost := c.proxy.Stats().Lost
		outcome := make(chan error, 1)
		go func() {
			_, err := note.Call(soon(t), c.via, 2, strings.Repeat("x", 2000))
			outcome <- err
		}()
		// More than what tells the peer that the calls before were given up.
		c.proxy.Await(func(s faulty.Stats) bool { return s.Lost > lost+1000 })
		c.proxy.Cut(faulty.RST)
		if err := <-outcome; !isLost(err, false) {
			t.Errorf("a call without an end of its own: %v", err)
		}
		c.lines.ended()
		inTime("a connection made into it")
		c.proxy.Set(faulty.Faults{})
		c.proxy.Cut(faulty.RST)
		c.lines.ended()
		c.check(t)
		if c.ran.of(1)+c.ran.of(2) != 0 {
			t.Error("what vanished was executed")
		}
	})
}

func TestASlowReaderOfRepliesHoldsUpNobodyElse(t *testing.T) {
	const repeat rpc.Func2[string, int, string] = "repeat(text, n)"
	svc := rpc.NewService()
	repeat.Handle(svc, func(_ context.Context, text string, n int) (string, error) {
		return strings.Repeat(text, n), nil
	})
	srv, err := rpc.Listen(t.Context(), "tcp://127.0.0.1:0", svc, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer shutdown(t, srv)
	proxy := faulty.New(t, srv.Addr(), 1)
	dial := func(addr string) rpc.Remote {
		conn, err := rpc.Dial(t.Context(), addr, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { shutdown(t, conn) })
		return conn.Remote()
	}
	slow, quick := dial(proxy.Addr()), dial(srv.Addr())
	proxy.Set(faulty.Faults{Down: faulty.Stream{Stuck: true}})
	const size = 100_000
	var calls sync.WaitGroup
	for range 100 { // more than sockets can hold
		calls.Go(func() {
			if got, err := repeat.Call(soon(t), slow, "x", size); len(got) != size || err != nil {
				t.Errorf("in the end came %d bytes, %v", len(got), err)
			}
		})
	}
	ctx := rpc.Timeout(soon(t), 20*time.Millisecond)
	var late *channel.TimeoutError
	if _, err := repeat.Call(ctx, slow, "x", 1); !errors.As(err, &late) {
		t.Errorf("a call in vain: %v", err)
	}
	for range 100 {
		if got, err := repeat.Call(soon(t), quick, "x", size); len(got) != size || err != nil {
			t.Fatalf("another connection: %d bytes, %v", len(got), err)
		}
	}
	proxy.Set(faulty.Faults{Down: faulty.Stream{Delay: 2 * time.Millisecond}})
	calls.Wait()
}

func TestCallersOfAPeerThatDoesNotReadWaitNoLongerThanTheyWant(t *testing.T) {
	eachKind(t, channel.Limits{}, func(t *testing.T, c *callee) {
		c.check(t)
		const calls = 100
		big := strings.Repeat("x", 100_000) // together more than sockets and queues hold
		c.proxy.Set(faulty.Faults{Up: faulty.Stream{Stuck: true}})
		var waiting sync.WaitGroup
		for i := range calls {
			waiting.Go(func() {
				_, err := note.Call(rpc.Timeout(soon(t), 50*time.Millisecond), c.via, i, big)
				var late *channel.TimeoutError
				if !errors.As(err, &late) {
					t.Errorf("impatient call: %v", err)
				}
			})
		}
		waiting.Wait()
		for i := calls; i < 2*calls; i++ {
			waiting.Go(func() {
				if _, err := note.Call(soon(t), c.via, i, big); err != nil || c.ran.of(i) != 1 {
					t.Errorf("patient call, executed %d times: %v", c.ran.of(i), err)
				}
			})
		}
		if n, err := note.Call(soon(t), c.safe, -1, big); n != -1 || err != nil {
			t.Errorf("another connection: %d, %v", n, err)
		}
		c.proxy.Set(faulty.Faults{})
		waiting.Wait()
		c.check(t)
	})
}

func TestTimeLimitsEndAConnectionThatStandsStill(t *testing.T) {
	const limit = 50 * time.Millisecond
	// With a limit that short, a connection may end at any time.
	connected := func(t *testing.T, c *callee) {
		t.Helper()
		if _, err := note.Call(rpc.Repeatable(soon(t)), c.via, -1, ""); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		what   string
		limits channel.Limits
		faults faulty.Faults
		size   int
	}{
		{"nothing received", channel.Limits{Idle: limit}, faulty.Both(faulty.Stream{Swallow: true}), 1},
		{"frame not complete", channel.Limits{FrameTime: limit}, faulty.Faults{Down: faulty.Stream{Rate: 10}}, 1},
		// More than sockets hold.
		{"output not taken", channel.Limits{WriteTime: limit}, faulty.Faults{Up: faulty.Stream{Stuck: true}}, 20 << 20},
	} {
		t.Run(test.what, func(t *testing.T) {
			eachKind(t, test.limits, func(t *testing.T, c *callee) {
				connected(t, c)
				c.proxy.Set(test.faults)
				began := time.Now()
				_, err := note.Call(soon(t), c.via, 1, strings.Repeat("x", test.size))
				var late *transport.TimeError
				if !isLost(err, false) || !errors.As(err, &late) || late.What != test.what {
					t.Errorf("failed with %v", err)
				}
				if took := time.Since(began); took > patience/3 {
					t.Errorf("took %v", took)
				}
				if ran := c.ran.of(1); ran > 1 {
					t.Errorf("executed %d times", ran)
				}
				c.proxy.Set(faulty.Faults{})
				connected(t, c)
			})
		})
	}
}
