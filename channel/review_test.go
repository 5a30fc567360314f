package channel_test

import (
	"context"
	"errors"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/turn"
)

// unread accepts connections and reads nothing from them.
func unread(t *testing.T) (addr string, accepted chan net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	accepted = make(chan net.Conn, 10)
	done := make(chan bool)
	go func() {
		defer close(done)
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = nc.Close() })
			accepted <- nc
		}
	}()
	t.Cleanup(func() { _ = ln.Close(); <-done })
	return "tcp://" + ln.Addr().String(), accepted
}

func TestATimeOutHoldsAlsoWhileAPeerDoesNotRead(t *testing.T) {
	addr, _ := unread(t)
	conn := dial(t, addr, &channel.Options{Timeout: 100 * time.Millisecond, Limits: channel.Limits{WriteTime: time.Hour}})
	start := time.Now()
	err := conn.Ask(context.Background(), strings.Repeat("x", 32<<20), nil)
	if d := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || d > patience {
		t.Errorf("got %v after %v", err, d)
	}
}

func TestATimeOutOfForeverDisturbsNoOther(t *testing.T) {
	addr, _ := unread(t)
	conn := dial(t, addr, nil)
	ctx, cancel := context.WithCancel(channel.Timeout(t.Context(), channel.Forever))
	forever := make(chan error, 1)
	go func() { forever <- conn.Ask(ctx, 1, nil) }()
	for range 3 {
		if err := conn.Ask(channel.Timeout(t.Context(), 20*time.Millisecond), 1, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	}
	cancel()
	if err := <-forever; !errors.Is(err, context.Canceled) {
		t.Errorf("the one without an end: %v", err)
	}
}

func TestATimeOutBoundsConnectingToo(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = ln.Close() // nobody is there
	c := newClient(t, "tcp://"+ln.Addr().String(), &channel.Options{Timeout: 50 * time.Millisecond, Patience: channel.Forever})
	if err := c.Ask(t.Context(), 1, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// A request that waits for room goes out in its place although its agent is
// busy with something else by then.
func TestABusyAgentHoldsUpNoOther(t *testing.T) {
	addr, accepted := unread(t)
	conn := dial(t, addr, &channel.Options{Limits: channel.Limits{Output: 64 << 10}})
	raw := <-accepted
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { _ = conn.Ask(ctx, strings.Repeat("x", 16<<20), nil) }() // more than the sockets take
	for conn.Kept().Asks == 0 {
		runtime.Gosched()
	}
	var a, b turn.Own
	busy := make(chan bool)
	ask := func(own *turn.Own, content string) {
		own.Start(turn.Func(func() { _ = conn.Ask(turn.With(ctx, own), content, nil) }))
	}
	ask(&a, "from A")
	a.Start(turn.Func(func() { <-busy }))
	ask(&b, "from B")
	_ = raw.SetReadDeadline(time.Now().Add(20 * time.Second))
	buf, tail := make([]byte, 1<<20), ""
	for fromA, fromB := false, false; ; {
		fromA = fromA || strings.Contains(tail, "from A")
		fromB = fromB || strings.Contains(tail, "from B")
		if fromA && fromB {
			break
		}
		n, err := raw.Read(buf)
		if err != nil {
			t.Error("not all was sent:", err)
			break
		}
		if tail += string(buf[:n]); len(tail) > 2<<20 {
			tail = tail[len(tail)-100:]
		}
	}
	close(busy)
}

func TestAFailureThatIsTooLongIsStillAnswered(t *testing.T) {
	for _, frame := range []int{1000, 60} { // the second is too small for any text
		srv := listen(t, tcp, func(ctx context.Context, c *channel.Conn) {
			r, err := c.Receive(ctx)
			if err != nil {
				return
			}
			_ = r.Fail(ctx, &channel.Error{Type: strings.Repeat("T", 2000), Message: strings.Repeat("m", 2000)})
			_ = c.Wait(ctx)
		}, &channel.Options{Limits: channel.Limits{Frame: frame}})
		err := dial(t, srv.Addr(), nil).Ask(soon(t), "x", nil)
		if err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("limit %d: %v", frame, err)
		}
	}
}

func TestAPeerThatTurnsEverybodyAwayIsNotStormed(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var n atomic.Int64
	done := make(chan bool)
	go func() {
		defer close(done)
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			n.Add(1)
			_ = nc.Close()
		}
	}()
	c := newClient(t, "tcp://"+ln.Addr().String(), &channel.Options{Patience: 10 * time.Second})
	ctx, cancel := context.WithTimeout(channel.Repeatable(t.Context()), 300*time.Millisecond)
	defer cancel()
	for ctx.Err() == nil {
		_ = c.Ask(ctx, 1, nil)
	}
	_ = ln.Close()
	<-done
	if n := n.Load(); n > 30 {
		t.Errorf("%d connections in 0.3 s", n)
	}
}

func TestAPanicInAHookLeavesNobodyWaiting(t *testing.T) {
	addr, _ := unread(t)
	conn := dial(t, addr, &channel.Options{Lost: func(*channel.Conn, error) { panic("in the user's hook") }})
	asked := make(chan error, 1)
	go func() { asked <- conn.Ask(context.Background(), 1, nil) }()
	for conn.Kept().Asks == 0 {
		runtime.Gosched()
	}
	func() {
		defer func() { _ = recover() }()
		_ = conn.Close()
	}()
	if err := <-asked; !errors.Is(err, channel.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestClosingAClientEndsTheWaitingOfThePatient(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = ln.Close() // nobody is there
	c := newClient(t, "tcp://"+ln.Addr().String(), &channel.Options{Patience: channel.Forever})
	asked := make(chan error)
	for range 5 {
		go func() { asked <- c.Ask(context.Background(), 1, nil) }()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := c.Ask(ctx, 1, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	_ = c.Close()
	for range 5 {
		if err := <-asked; !errors.Is(err, channel.ErrClosed) {
			t.Errorf("got %v", err)
		}
	}
}

func TestWhetherARequestMayHaveBeenExecutedIsToldOfItsOwnConnection(t *testing.T) {
	var seen atomic.Int64
	srv := echoServer(t, "tcp://127.0.0.1:0", &seen)
	c := newClient(t, srv.Addr(), nil)
	if _, err := askText(t.Context(), c, "hi"); err != nil {
		t.Fatal(err)
	}
	// The request takes the server with it, so repeating finds nobody.
	errs := make(chan error)
	go func() {
		_, err := askText(channel.Repeatable(t.Context()), c, "hang")
		errs <- err
	}()
	for seen.Load() < 2 {
		runtime.Gosched()
	}
	stop(t, srv)
	var lost *channel.LostError
	if err := <-errs; !errors.As(err, &lost) || lost.Unsent {
		t.Errorf("a request that may have been executed: %v", err)
	}
	for range 3 { // away by now, and certainly not sent
		if _, err := askText(t.Context(), c, "hi"); err == nil || errors.As(err, &lost) && !lost.Unsent {
			t.Errorf("a request that was not sent: %v", err)
		}
	}
}
