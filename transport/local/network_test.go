package local_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport"
	"github.com/gomas/gomas/transport/local"
	"github.com/gomas/gomas/turn"
)

// inside runs fn in a network of its own.
func inside(t *testing.T, opts *local.Options, fn func(ctx context.Context, n *local.Network) error) *local.Trace {
	t.Helper()
	var all local.Options
	if opts != nil {
		all = *opts
	}
	all.Trace = local.NewTrace(local.All)
	if err := local.Run(t.Context(), &all, func(ctx context.Context) error { return fn(ctx, local.From(ctx)) }); err != nil {
		t.Errorf("%v", err)
	}
	return all.Trace
}

// echo serves connections by answering with what is asked.
func echo(ctx context.Context, c *channel.Conn) {
	for {
		r, err := c.Receive(ctx)
		if err != nil {
			return
		}
		v, err := channel.Content[any](r)
		if err == nil {
			err = r.Reply(ctx, v)
		}
		if err != nil {
			return
		}
	}
}

func TestWithoutANetworkLocalAddressesAreRefusedWithAnErrorThatSaysWhatToDo(t *testing.T) {
	_, err := channel.Dial(t.Context(), "local://a", &channel.Options{Patience: time.Hour})
	_, err2 := channel.Listen(t.Context(), "local://a", echo, nil)
	_, err3 := gomas.NewContainer(t.Context(), "local://a", nil)
	for _, err := range []error{err, err2, err3} {
		var addr *transport.AddrError
		if !errors.As(err, &addr) || !strings.Contains(err.Error(), "enter one with Run of package transport/local") {
			t.Error(err)
		}
	}
}

func TestOnOneAddressListensOneAndWhereNobodyDoesConnectingIsRefused(t *testing.T) {
	inside(t, nil, func(ctx context.Context, n *local.Network) error {
		if _, err := channel.Dial(ctx, "local://a", nil); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("nobody listens: %v", err)
		}
		for _, addr := range []string{"local://", "local://a/b", "local://main"} {
			if _, err := channel.Listen(ctx, addr, echo, nil); err == nil {
				t.Errorf("%s is an address to listen at", addr)
			}
		}
		srv, err := channel.Listen(ctx, "local://a", echo, nil)
		if err != nil {
			return err
		}
		if _, err := channel.Listen(ctx, "local://a", echo, nil); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("somebody listens: %v", err)
		}
		if got := n.Containers(); !slices.Equal(got, []string{"a"}) || srv.Addr() != "local://a" {
			t.Errorf("there is %q, %s", got, srv.Addr())
		}
		conn, err := channel.Dial(ctx, "local://a", nil)
		if err != nil {
			return err
		}
		if got, err := channel.Ask[string](ctx, conn, "ohai"); got != "ohai" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		if conn.RemoteAddr() != "local://a" || conn.LocalAddr() != "local://main" {
			t.Errorf("from %s to %s", conn.LocalAddr(), conn.RemoteAddr())
		}
		if err := srv.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if err := conn.Wait(ctx); !errors.Is(err, io.EOF) {
			t.Errorf("the connection ended with %v", err)
		}
		if _, err := channel.Dial(ctx, "local://a", nil); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("nobody listens any more: %v", err)
		}
		_, err = channel.Listen(ctx, "local://a", echo, nil)
		return err
	})
}

func TestTheDefaultNetworkIsOneForTheProcess(t *testing.T) {
	n := local.Default()
	if local.Default() != n {
		t.Error("there are two")
	}
	if err := n.Run(t.Context(), func(ctx context.Context) error {
		_, err := channel.Listen(ctx, "local://default", echo, nil)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := n.Run(t.Context(), func(ctx context.Context) error {
		conn, err := channel.Dial(ctx, "local://default", nil)
		if err != nil {
			return err
		}
		if got, err := channel.Ask[int](ctx, conn, 7); got != 7 || err != nil {
			t.Errorf("%d, %v", got, err)
		}
		return conn.Close()
	}); err != nil {
		t.Error(err)
	}
	if err := n.Close(); err != nil { // for goleak; a program would not
		t.Error(err)
	}
}

func TestPatienceWaitsForAListenerByTheClockOfTheNetwork(t *testing.T) {
	for seed := range uint64(5) {
		inside(t, &local.Options{Seed: seed}, func(ctx context.Context, n *local.Network) error {
			if _, err := n.Clock().In(3*time.Second, func() {
				turn.FreeOf(turn.From(ctx)).Start(turn.Func(func() {
					if _, err := channel.Listen(ctx, "local://late", echo, nil); err != nil {
						t.Error(err)
					}
				}))
			}); err != nil {
				return err
			}
			conn, err := channel.Dial(ctx, "local://late", &channel.Options{Patience: time.Minute})
			if err != nil {
				return err
			}
			if now := n.Clock().Now(); now < 3*time.Second || now > 10*time.Second {
				t.Errorf("connected at %v", now)
			}
			_, err = channel.Dial(ctx, "local://never", &channel.Options{Patience: time.Minute})
			if now := n.Clock().Now(); err == nil || now > 80*time.Second {
				t.Errorf("%v at %v", err, now)
			}
			return conn.Close()
		})
	}
}

func TestDelaysAndBandwidthAreKeptToTheNanosecond(t *testing.T) {
	link := local.Link{Delay: local.Fixed(10 * time.Millisecond), Bandwidth: 1000}
	trace := inside(t, &local.Options{Links: func(from, to string) local.Link {
		if from == local.Program && to == "a" || from == "a" {
			return link
		}
		return local.Link{}
	}}, func(ctx context.Context, n *local.Network) error {
		if _, err := channel.Listen(ctx, "local://a", echo, nil); err != nil {
			return err
		}
		conn, err := channel.Dial(ctx, "local://a", nil)
		if err != nil {
			return err
		}
		if now := n.Clock().Now(); now != 20*time.Millisecond {
			t.Errorf("connected at %v", now)
		}
		_, err = channel.Ask[string](ctx, conn, strings.Repeat("x", 1000))
		return err
	})
	var free time.Duration // of the direction to a
	for _, e := range trace.Events() {
		if e.Kind != local.Frame {
			continue
		}
		took := time.Duration(e.Size)*time.Millisecond + 10*time.Millisecond
		if e.To == "a" {
			if want := max(free, e.Sent) + took; e.Time != want {
				t.Errorf("%v: at %v, want %v", e, e.Time, want)
			}
			free = max(free, e.Sent) + time.Duration(e.Size)*time.Millisecond
		} else if e.Time < e.Sent+took {
			t.Errorf("%v came after %v, want %v", e, e.Time-e.Sent, took)
		}
	}
}

func TestFramesOfAConnectionDoNotOvertakeEachOther(t *testing.T) {
	for seed := range uint64(20) {
		inside(t, &local.Options{Seed: seed, Links: func(string, string) local.Link {
			return local.Link{Delay: local.Normal(10*time.Millisecond, 10*time.Millisecond)}
		}}, func(ctx context.Context, n *local.Network) error {
			var got []int
			if _, err := channel.Listen(ctx, "local://a", func(ctx context.Context, c *channel.Conn) {
				for {
					r, err := c.Receive(ctx)
					if err != nil {
						return
					}
					i, err := channel.Content[int](r)
					if err != nil {
						t.Error(err)
					}
					got = append(got, i)
					_ = r.Reply(ctx, nil)
				}
			}, nil); err != nil {
				return err
			}
			conn, err := channel.Dial(ctx, "local://a", nil)
			if err != nil {
				return err
			}
			for i := range 50 {
				if err := conn.Tell(ctx, i); err != nil {
					return err
				}
			}
			if err := channel.Persist(ctx, func() error { return conn.Ask(ctx, 50, nil) }); err != nil {
				return err
			}
			if len(got) != 51 || !slices.IsSorted(got) {
				t.Errorf("seed %d: %v", seed, got)
			}
			return nil
		})
	}
}

func TestAPartitionHoldsFramesRefusesConnectionsAndHeals(t *testing.T) {
	trace := inside(t, nil, func(ctx context.Context, n *local.Network) error {
		if _, err := channel.Listen(ctx, "local://a", echo, nil); err != nil {
			return err
		}
		conn, err := channel.Dial(ctx, "local://a", nil)
		if err != nil {
			return err
		}
		if err := conn.Ask(ctx, 1, nil); err != nil {
			return err
		}
		n.Partition([]string{local.Program}, []string{"a"})
		if _, err := n.Clock().In(time.Hour, n.Heal); err != nil {
			return err
		}
		if _, err := channel.Dial(ctx, "local://a", nil); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("a connection across a partition: %v", err)
		}
		if err := conn.Ask(channel.Timeout(ctx, time.Minute), 2, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a request across a partition: %v", err)
		}
		if got, err := channel.Ask[int](ctx, conn, 3); got != 3 || err != nil || n.Clock().Now() != time.Hour {
			t.Errorf("%d, %v at %v", got, err, n.Clock().Now())
		}
		return nil
	})
	for _, e := range trace.Events() {
		if e.Kind == local.Frame && e.Time > 0 && e.Time < time.Hour {
			t.Errorf("in the partition: %v", e)
		}
	}
}

func TestALossBreaksTheConnectionAndIsSeen(t *testing.T) {
	trace := inside(t, &local.Options{Seed: 3, Links: func(from, _ string) local.Link {
		if from == local.Program {
			return local.Link{Loss: 0.05}
		}
		return local.Link{}
	}}, func(ctx context.Context, n *local.Network) error {
		if _, err := channel.Listen(ctx, "local://a", echo, nil); err != nil {
			return err
		}
		client, err := channel.NewClient("local://a", nil)
		if err != nil {
			return err
		}
		lost := 0
		for i := range 200 {
			err := client.Ask(ctx, i, nil)
			var l *channel.LostError
			switch {
			case errors.As(err, &l) && errors.Is(err, local.ErrReset) && errors.Is(err, syscall.ECONNRESET):
				lost++
				if err := sleep(ctx, time.Minute); err != nil {
					return err
				}
			case err != nil:
				t.Error(err)
			}
		}
		if lost < 3 || lost > 30 {
			t.Errorf("%d of 200 lost", lost)
		}
		return client.Close()
	})
	lost, resets := 0, 0
	for _, e := range trace.Events() {
		if e.Kind == local.Frame && e.Outcome != "" && e.From == local.Program {
			lost++
		}
		if e.Kind == local.Close && e.Outcome == "reset" {
			resets++
		}
	}
	if lost < 3 || lost != resets {
		t.Errorf("%d lost, %d reset", lost, resets)
	}
}

func TestACrashBreaksConnectionsEndsTasksAndStartsAnewWithoutWhatItKnew(t *testing.T) {
	const count rpc.Func0[int] = "count()"
	inside(t, &local.Options{Seed: 5}, func(ctx context.Context, n *local.Network) error {
		var log []string
		var crashed *gomas.Container
		boots := 0
		boot := func(ctx context.Context) error {
			boots++
			c, err := gomas.NewContainer(ctx, "local://a", nil)
			if err != nil {
				return err
			}
			crashed = c
			_, err = gomas.Spawn(ctx, c, func(_ context.Context, a *gomas.Agent) (*adder, error) {
				counted := 0
				count.Handle(a.Services(), func(ctx context.Context) (int, error) {
					counted++
					if counted == 3 {
						defer func() { log = append(log, "deferred") }()
						err := a.Sleep(ctx, time.Hour)
						log = append(log, "woke up")
						return 0, err
					}
					return counted, nil
				})
				return &adder{a}, nil
			})
			return err
		}
		if err := n.Boot(ctx, "a", boot); err != nil {
			return err
		}
		if err := n.Boot(ctx, "a", boot); err == nil {
			t.Error("it can be booted twice")
		}
		if err := n.Restart("a"); err == nil {
			t.Error("it can be restarted while it runs")
		}
		c, err := gomas.NewContainer(ctx, "local://b", nil)
		if err != nil {
			return err
		}
		there, err := c.Connect(ctx, "local://a/0")
		if err != nil {
			return err
		}
		for want := 1; want < 3; want++ {
			if got, err := count.Call(ctx, there); got != want || err != nil {
				t.Errorf("%d, %v", got, err)
			}
		}
		if _, err := n.Clock().In(time.Minute, func() {
			if err := n.Crash("a"); err != nil {
				t.Error(err)
			}
			if err := n.Crash("a"); err == nil {
				t.Error("it can crash twice")
			}
		}); err != nil {
			return err
		}
		var lost *channel.LostError
		if _, err := count.Call(ctx, there); !errors.As(err, &lost) || n.Clock().Now() != time.Minute {
			t.Errorf("%v at %v", err, n.Clock().Now())
		}
		if _, err := count.Call(ctx, there); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("after the crash: %v", err)
		}
		if crashed != nil {
			if _, err := crashed.Connect(ctx, "local://b/0"); !errors.Is(err, local.ErrCrashed) {
				t.Errorf("by the container that has crashed: %v", err)
			}
		}
		if err := n.Restart("a"); err != nil {
			return err
		}
		if err := sleep(ctx, time.Minute); err != nil {
			return err
		}
		if got, err := count.Call(ctx, there); got != 1 || err != nil {
			t.Errorf("after the restart: %d, %v", got, err)
		}
		if err := sleep(ctx, 2*time.Hour); err != nil {
			return err
		}
		if want := []string{"deferred"}; !slices.Equal(log, want) || boots != 2 {
			t.Errorf("%q, %d boots", log, boots)
		}
		return c.Shutdown(ctx)
	})
}

func TestARestartThatFailsEndsTheNetworkWithTheReason(t *testing.T) {
	broken := errors.New("no disk")
	err := local.Run(t.Context(), nil, func(ctx context.Context) error {
		n := local.From(ctx)
		boots := 0
		if err := n.Boot(ctx, "a", func(ctx context.Context) error {
			if boots++; boots > 1 {
				return broken
			}
			_, err := gomas.NewContainer(ctx, "local://a", nil)
			return err
		}); err != nil {
			return err
		}
		if err := errors.Join(n.Crash("a"), n.Restart("a")); err != nil {
			return err
		}
		return sleep(ctx, time.Second)
	})
	if !errors.Is(err, broken) {
		t.Error(err)
	}
	err = local.Run(t.Context(), nil, func(ctx context.Context) error {
		return local.From(ctx).Boot(ctx, "a", func(context.Context) error { return broken })
	})
	if !errors.Is(err, broken) {
		t.Error(err)
	}
}

func TestSlowReadersPushBackAsOnSockets(t *testing.T) {
	opts := &channel.Options{Limits: channel.Limits{Output: 1000}}
	inside(t, &local.Options{Seed: 2, Links: func(string, string) local.Link { return local.Link{Bandwidth: 10_000} }},
		func(ctx context.Context, n *local.Network) error {
			if _, err := channel.Listen(ctx, "local://a", echo, opts); err != nil {
				return err
			}
			conn, err := channel.Dial(ctx, "local://a", opts)
			if err != nil {
				return err
			}
			errs := make([]error, 40)
			_, err = rpc.Gather(ctx, errs, func(ctx context.Context, _ error) (string, error) {
				return channel.Ask[string](ctx, conn, strings.Repeat("x", 500))
			})
			if now := n.Clock().Now(); now < 2*time.Second {
				t.Errorf("40 times 500 bytes at 10 kB/s took %v", now)
			}
			return err
		})
}

func TestLimitsOfALinkHold(t *testing.T) {
	inside(t, nil, func(ctx context.Context, n *local.Network) error {
		var reasons []error
		var refused []error
		if _, err := channel.Listen(ctx, "local://a", echo, &channel.Options{
			Limits:  channel.Limits{Frame: 100, Conns: 1, Idle: time.Minute},
			Lost:    func(_ *channel.Conn, reason error) { reasons = append(reasons, reason) },
			Refused: func(_ transport.Addr, err error) { refused = append(refused, err) },
		}); err != nil {
			return err
		}
		conn, err := channel.Dial(ctx, "local://a", nil)
		if err != nil {
			return err
		}
		second, err := channel.Dial(ctx, "local://a", nil)
		if err == nil {
			err = second.Wait(ctx)
		}
		if len(refused) != 1 || !errors.Is(refused[0], transport.ErrTooManyLinks) || !errors.Is(err, io.EOF) {
			t.Errorf("a second connection: %v, %v", refused, err)
		}
		if err := conn.Ask(ctx, strings.Repeat("x", 200), nil); err == nil {
			t.Error("a frame of 200 bytes was accepted")
		}
		if err := sleep(ctx, time.Second); err != nil {
			return err
		}
		third, err := channel.Dial(ctx, "local://a", nil)
		if err != nil {
			return err
		}
		if err := third.Wait(ctx); !errors.Is(err, io.EOF) || n.Clock().Now() != 61*time.Second {
			t.Errorf("idle: %v at %v", err, n.Clock().Now())
		}
		if len(reasons) != 2 || !strings.Contains(reasons[0].Error(), "limit 100") || !strings.Contains(reasons[1].Error(), "nothing received after 1m0s") {
			t.Errorf("%v", reasons)
		}
		return nil
	})
}

func TestTLSAndOnVirtualTimeSocketsAreRefused(t *testing.T) {
	inside(t, nil, func(ctx context.Context, _ *local.Network) error {
		_, err := channel.Dial(ctx, "tcp://localhost:1", nil)
		_, err2 := gomas.NewContainer(ctx, "tcp://localhost:0", nil)
		for _, err := range []error{err, err2} {
			if err == nil || !strings.Contains(err.Error(), "time is virtual") {
				t.Error(err)
			}
		}
		if _, err := channel.Listen(ctx, "local://a", echo, &channel.Options{TLS: new(transport.TLS)}); err == nil {
			t.Error("there is TLS")
		}
		return nil
	})
}

func TestOnRealTimeANetworkReachesSockets(t *testing.T) {
	inside(t, &local.Options{RealTime: true}, func(ctx context.Context, _ *local.Network) error {
		srv, err := channel.Listen(context.Background(), "tcp://127.0.0.1:0", echo, nil)
		if err != nil {
			return err
		}
		conn, err := channel.Dial(ctx, srv.Addr(), nil)
		if err != nil {
			return err
		}
		if got, err := channel.Ask[string](ctx, conn, "ohai"); got != "ohai" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		if err := conn.Close(); err != nil {
			return err
		}
		return turn.Await(ctx, func() { _ = srv.Shutdown(context.Background()) })
	})
}

func TestRandomNumbersOfAPurposeDependOnNothingElse(t *testing.T) {
	draw := func(others int) (numbers [3]uint64) {
		n := local.New(&local.Options{Seed: 9})
		defer func() { _ = n.Close() }()
		for range others {
			n.Rand("another").Uint64()
		}
		r := n.Rand("mine")
		for i := range numbers {
			numbers[i] = r.Uint64()
		}
		return numbers
	}
	if a, b := draw(0), draw(5); a != b || a[0] == a[1] {
		t.Errorf("%v, %v", a, b)
	}
	other := local.New(&local.Options{Seed: 10})
	defer func() { _ = other.Close() }()
	if other.Rand("mine").Uint64() == draw(0)[0] {
		t.Error("another seed gives the same numbers")
	}
}

func TestTheDateIsWhatTheOptionsSay(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	inside(t, &local.Options{Start: start}, func(ctx context.Context, n *local.Network) error {
		if err := clock.SleepUntilDate(ctx, n.Clock(), start.Add(36*time.Hour)); err != nil {
			return err
		}
		if d := clock.For(ctx).Date(); !d.Equal(start.Add(36*time.Hour)) || d.Location() != time.UTC {
			t.Errorf("it is %v", d)
		}
		return nil
	})
}
