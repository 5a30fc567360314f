package channel_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gomas/gomas/channel"
)

func closedHere(err error) bool {
	return errors.Is(err, channel.ErrClosed) && !isA[*channel.LostError](err)
}

// never serves a connection by receiving requests and answering none before
// the end. It reports each request.
func never(requests chan<- *channel.Request) func(context.Context, *channel.Conn) {
	return handle(func(ctx context.Context, r *channel.Request) {
		requests <- r
		<-ctx.Done()
	})
}

func TestCloseTellsBothEndsWhatBecameOfTheirAsks(t *testing.T) {
	eachNetwork(t, func(t *testing.T, addr string) {
		requests := make(chan *channel.Request, 2)
		a, b := pair(t, addr, never(requests), nil)
		serving := make(chan struct{})
		go func() {
			defer close(serving)
			never(requests)(a.Context(), a)
		}()
		ofA, ofB := make(chan error, 1), make(chan error, 1)
		go func() { ofA <- a.Ask(soon(t), "x", nil) }()
		go func() { ofB <- b.Ask(context.Background(), "x", nil) }()
		receive(t, "request", requests)
		receive(t, "request", requests)
		var reason error
		b.OnEnd(func(err error) { reason = err })
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		if err := receive(t, "outcome", ofA); !closedHere(err) {
			t.Errorf("ask at the end that closed: %v", err)
		}
		if err := receive(t, "outcome", ofB); !left(err) {
			t.Errorf("ask at the other end: %v", err)
		}
		if err := gone(t, a); !closedHere(err) {
			t.Errorf("the end that closed: %v", err)
		}
		if err := gone(t, b); !left(err) || err != reason {
			t.Errorf("the other end: %v, OnEnd was told %v", err, reason)
		}
		receive(t, "end of serving", serving)
		for _, c := range []*channel.Conn{a, b} {
			if err := context.Cause(c.Context()); err != c.Err() {
				t.Errorf("context of a connection that ended with %v: %v", c.Err(), err)
			}
			var unsent *channel.LostError
			if err := c.Ask(soon(t), 1, nil); err != c.Err() && !(left(err) && errors.As(err, &unsent) && unsent.Unsent) {
				t.Errorf("ask on a connection that ended with %v: %v", c.Err(), err)
			}
			if _, err := c.Receive(soon(t)); err != c.Err() {
				t.Errorf("receive on a connection that ended with %v: %v", c.Err(), err)
			}
			told := make(chan error, 1)
			c.OnEnd(func(err error) { told <- err })
			if err := receive(t, "call of OnEnd", told); err != c.Err() {
				t.Errorf("OnEnd after the end was told %v", err)
			}
			if got := c.Kept(); got.Asks != 0 || got.Waiting != 0 {
				t.Errorf("kept %+v", got)
			}
		}
	})
}

func TestCloseTwiceIsClose(t *testing.T) {
	c, r := withRaw(t, nil)
	if err := errors.Join(c.Close(), c.Close()); err != nil {
		t.Error(err)
	}
	r.farewell(c)
	if err := c.Err(); !closedHere(err) {
		t.Errorf("ended with %v", err)
	}
	if err := c.Shutdown(soon(t)); err != nil {
		t.Errorf("shutdown after the end: %v", err)
	}

	srv := listen(t, tcp, echo, nil)
	if err := errors.Join(srv.Close(), srv.Close(), srv.Shutdown(soon(t)), srv.Shutdown(soon(t))); err != nil {
		t.Error(err)
	}
}

func TestCloseSendsWhatWasSentBefore(t *testing.T) {
	eachNetwork(t, func(t *testing.T, addr string) {
		text := strings.Repeat("x", 100_000)
		srv := listen(t, addr, func(ctx context.Context, conn *channel.Conn) {
			r, err := conn.Receive(ctx)
			if err != nil {
				t.Error(err)
				return
			}
			if err := r.Reply(ctx, text); err != nil { // ctx can end, so another goroutine writes
				t.Error(err)
			}
		}, nil) // returning closes the connection
		for range 20 {
			c := dial(t, srv.Addr(), nil)
			if got, err := channel.Ask[string](soon(t), c, 1); got != text || err != nil {
				t.Errorf("got %d bytes, %v", len(got), err)
			}
			if err := gone(t, c); !left(err) {
				t.Errorf("ended with %v", err)
			}
		}
	})
}

func TestCloseInsideAHandler(t *testing.T) {
	srv := listen(t, tcp, handle(func(ctx context.Context, r *channel.Request) {
		if err := r.Conn().Close(); err != nil {
			t.Error(err)
		}
		<-ctx.Done()
		if err := gone(t, r.Conn()); !closedHere(err) {
			t.Errorf("ended with %v", err)
		}
		if err := r.Reply(context.Background(), 1); !closedHere(err) {
			t.Errorf("a reply after the end: %v", err)
		}
	}), nil)
	c := dial(t, srv.Addr(), nil)
	if err := c.Ask(soon(t), 1, nil); !left(err) {
		t.Errorf("the caller got %v", err)
	}
}

func TestCloseWhileThePeerDoesNotRead(t *testing.T) {
	eachNetwork(t, func(t *testing.T, addr string) {
		conns := make(chan *channel.Conn, 1)
		srv := listen(t, addr, func(ctx context.Context, conn *channel.Conn) {
			conns <- conn
			<-ctx.Done()
		}, nil)
		dialRaw(t, srv.Addr())
		conn := receive(t, "connection", conns)
		asks := fill(t, conn)
		start := time.Now()
		hangUp(t, conn)
		if d := time.Since(start); d > patience/2 {
			t.Errorf("close took %v", d)
		}
		for range asks.n {
			if err := receive(t, "outcome", asks.outcomes); !closedHere(err) {
				t.Errorf("ask: %v", err)
			}
		}
	})
}

// asks are under way, until the connection ends.
type asks struct {
	n        int
	outcomes chan error
}

// fill asks a peer that does not read until the output is full and asks wait
// for room.
func fill(t *testing.T, c *channel.Conn) asks {
	t.Helper()
	a := asks{outcomes: make(chan error, 10_000)}
	text := strings.Repeat("x", 256<<10)
	for ctx := soon(t); c.Kept().Waiting == 0; a.n++ {
		before := c.Kept()
		go func() { a.outcomes <- c.Ask(context.Background(), text, nil) }()
		for c.Kept() == before { // until the ask waits for its reply or for room
			if ctx.Err() != nil {
				t.Fatalf("the output never fills: %+v", before)
			}
		}
	}
	return a
}

func TestShutdownWaitsForHandlersAndRefusesNewRequests(t *testing.T) {
	eachNetwork(t, func(t *testing.T, addr string) {
		entered, release := make(chan struct{}), make(chan struct{})
		srv := listen(t, addr, handle(func(ctx context.Context, r *channel.Request) {
			v, _ := channel.Content[string](r)
			if v == "slow" {
				close(entered)
				<-release
			}
			_ = r.Reply(ctx, v)
		}), nil)
		c, other := dial(t, srv.Addr(), nil), dial(t, srv.Addr(), nil)
		type outcome struct {
			reply string
			err   error
		}
		slow := make(chan outcome, 1)
		go func() {
			v, err := channel.Ask[string](soon(t), c, "slow")
			slow <- outcome{v, err}
		}()
		receive(t, "request", entered)
		checkEcho(t, other)

		shutdown := make(chan error, 1)
		go func() { shutdown <- srv.Shutdown(soon(t)) }()
		var err error
		for ctx := soon(t); err == nil && ctx.Err() == nil; { // until the shutdown has begun
			err = c.Ask(ctx, "quick", nil)
		}
		var remote *channel.RemoteError
		if !errors.As(err, &remote) || remote.Type != "ConnectionError" {
			t.Errorf("a new request: %v", err)
		}
		if c, err := channel.Dial(soon(t), srv.Addr(), nil); err == nil {
			t.Error("a new connection is accepted")
			hangUp(t, c)
		}
		select {
		case err := <-shutdown:
			t.Errorf("shutdown did not wait: %v", err)
		default:
		}
		close(release)
		if got := receive(t, "outcome", slow); got.reply != "slow" || got.err != nil {
			t.Errorf("the request that was worked on: %+v", got)
		}
		if err := receive(t, "end of the shutdown", shutdown); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if n := len(srv.Conns()); n != 0 {
			t.Errorf("%d connections left", n)
		}
		for _, conn := range []*channel.Conn{c, other} {
			if err := gone(t, conn); !left(err) {
				t.Errorf("the connection ended with %v", err)
			}
		}
	})
}

func TestShutdownEndsWithItsContext(t *testing.T) {
	requests := make(chan *channel.Request, 1)
	srv := listen(t, tcp, never(requests), nil)
	c := dial(t, srv.Addr(), nil)
	outcome := make(chan error, 1)
	go func() { outcome <- c.Ask(soon(t), 1, nil) }()
	receive(t, "request", requests)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := srv.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("shutdown: %v", err)
	}
	if err := receive(t, "outcome", outcome); !left(err) {
		t.Errorf("the request that was worked on: %v", err)
	}
}

func TestShutdownOfOneConnectionLeavesTheOthers(t *testing.T) {
	srv := listen(t, tcp, echo, nil)
	c, other := dial(t, srv.Addr(), nil), dial(t, srv.Addr(), nil)
	checkEcho(t, c)
	checkEcho(t, other)
	if err := srv.Conns()[0].Shutdown(soon(t)); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	if err := gone(t, c); !left(err) {
		t.Errorf("ended with %v", err)
	}
	checkEcho(t, other)
	if n := len(srv.Conns()); n != 1 {
		t.Errorf("%d connections left", n)
	}
}

func TestShutdownDoesNotWaitForOnePeerAfterAnother(t *testing.T) {
	srv := listen(t, tcp, echo, nil)
	const peers = 20
	for range peers {
		dialRaw(t, srv.Addr()) // which never closes, so that each close lingers
	}
	for len(srv.Conns()) < peers {
		runtime.Gosched()
	}
	start := time.Now()
	if err := srv.Shutdown(soon(t)); err != nil {
		t.Error(err)
	}
	if d := time.Since(start); d > peers*time.Second/2 {
		t.Errorf("took %v", d)
	}
}
