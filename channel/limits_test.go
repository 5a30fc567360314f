package channel_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/blosc"
	"github.com/gomas/gomas/codec/json"
	"github.com/gomas/gomas/codec/msgpack"
)

func overloaded(err error) bool {
	var remote *channel.RemoteError
	return errors.As(err, &remote) && remote.Type == "OverloadError"
}

// heap returns how many bytes are in use.
func heap() uint64 {
	runtime.GC()
	runtime.GC() // what pools keep goes with the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestRequestsAboveTheLimitAreRefusedWhileRepliesStillFlow(t *testing.T) {
	requests := make(chan *channel.Request, 4)
	answers := make(chan string, 1)
	srv := listen(t, tcp, func(ctx context.Context, conn *channel.Conn) {
		asked := make(chan struct{})
		go func() {
			defer close(asked)
			v, err := channel.Ask[string](ctx, conn, "well?")
			answers <- fmt.Sprint(v, err)
		}()
		never(requests)(ctx, conn)
		<-asked
	}, &channel.Options{Limits: channel.Limits{Requests: 4}})
	r := dialRaw(t, srv.Addr())
	if got := r.next(); got != `[0, 0, "well?"]` {
		t.Fatal(got)
	}
	for i := range 6 {
		r.send(fmt.Sprintf(`[0, %d, null]`, i))
	}
	for _, want := range []string{`[2, 4, "OverloadError: 4 requests`, `[2, 5, "OverloadError: 4 requests`} {
		if got := r.next(); !strings.HasPrefix(got, want) {
			t.Errorf("got %s, want %s…", got, want)
		}
	}
	r.send(`[1, 0, "fine"]`)
	if got := receive(t, "reply", answers); got != "fine<nil>" {
		t.Errorf("the reply is %s", got)
	}
	// An answer makes room for a request.
	if err := receive(t, "request", requests).Reply(soon(t), true); err != nil {
		t.Error(err)
	}
	r.next()
	r.send(`[0, 6, null]`)
	for range 4 {
		receive(t, "request", requests)
	}
}

func TestBytesOfRequestsAboveTheLimitAreRefused(t *testing.T) {
	requests := make(chan *channel.Request, 4)
	srv := listen(t, tcp, never(requests), &channel.Options{Limits: channel.Limits{RequestBytes: 1000}})
	r := dialRaw(t, srv.Addr())
	send := func(id, n int) { r.send(fmt.Sprintf(`[0, %d, "%s"]`, id, strings.Repeat("x", n))) }
	send(0, 2000) // alone it may be larger than all together
	first := receive(t, "request", requests)
	send(1, 1)
	if got := r.next(); !strings.HasPrefix(got, `[2, 1, "OverloadError: requests of 20`) {
		t.Errorf("got %s", got)
	}
	if err := first.Reply(soon(t), nil); err != nil {
		t.Error(err)
	}
	r.next()
	send(2, 600)
	send(3, 300)
	send(4, 300)
	if got := r.next(); !strings.HasPrefix(got, `[2, 4, "OverloadError: requests of`) {
		t.Errorf("got %s", got)
	}
	receive(t, "request", requests)
	receive(t, "request", requests)
}

func TestNestedAsksBothWaysDoNotDeadlockAtTheLimit(t *testing.T) {
	eachNetwork(t, func(t *testing.T, addr string) {
		// n is answered with 1 more than the asker says to n-1.
		nested := handle(func(ctx context.Context, r *channel.Request) {
			n, err := channel.Content[int](r)
			if err != nil {
				t.Error(err)
			}
			if n > 0 {
				if n, err = channel.Ask[int](ctx, r.Conn(), n-1); err != nil {
					_ = r.Fail(ctx, err)
					return
				}
				n++
			}
			_ = r.Reply(ctx, n)
		})
		a, b := pair(t, addr, nested, &channel.Options{Limits: channel.Limits{Requests: 4}})
		var serving, asking sync.WaitGroup
		serving.Go(func() { nested(a.Context(), a) })
		if got, err := channel.Ask[int](soon(t), a, 7); got != 7 || err != nil {
			t.Errorf("within the limit: %d, %v", got, err)
		}
		for range 32 {
			for _, c := range []*channel.Conn{a, b} {
				asking.Go(func() {
					got, err := channel.Ask[int](soon(t), c, 8)
					if !(err == nil && got == 8) && !overloaded(err) {
						t.Errorf("got %d, %v", got, err)
					}
				})
			}
		}
		asking.Wait()
		if got, err := channel.Ask[int](soon(t), b, 7); got != 7 || err != nil {
			t.Errorf("afterwards: %d, %v", got, err)
		}
		hangUp(t, a)
		serving.Wait()
	})
}

func TestAPeerThatDoesNotReadHoldsUpNobodyButItsCallersAndThoseNotForLong(t *testing.T) {
	eachNetwork(t, func(t *testing.T, addr string) {
		conns := make(chan *channel.Conn, 2)
		srv := listen(t, addr, func(ctx context.Context, conn *channel.Conn) {
			conns <- conn
			echo(ctx, conn)
		}, &channel.Options{Limits: channel.Limits{Output: 64 << 10}})
		bystander := dial(t, srv.Addr(), nil)
		receive(t, "connection", conns)
		dialRaw(t, srv.Addr())
		conn := receive(t, "connection", conns)

		// The system takes some megabytes before it stops.
		text := strings.Repeat("x", 64<<10)
		before := heap()
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		start := time.Now()
		var running sync.WaitGroup
		for range 1000 {
			running.Go(func() {
				if err := conn.Ask(ctx, text, nil); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("ask: %v", err)
				}
			})
		}
		running.Go(func() { checkEcho(t, bystander) })
		running.Wait()
		if d := time.Since(start); d > 10*time.Second {
			t.Errorf("asks with a deadline of 0.2 s took %v", d)
		}
		if after := heap(); after > before+8<<20 {
			t.Errorf("%d bytes kept for a peer that does not read", after-before)
		}
		if got := conn.Kept(); got.Asks != 0 || got.Waiting > 1 { // the echo waits for a request
			t.Errorf("kept %+v", got)
		}
		checkEcho(t, bystander)
	})
}

func TestWaitsForRequestsThatWereGivenUpAreForgotten(t *testing.T) {
	c, _ := withRaw(t, nil)
	for range 100 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Microsecond)
		if _, err := c.Receive(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("receive: %v", err)
		}
		cancel()
	}
	if got := c.Kept(); got != (channel.Kept{}) {
		t.Errorf("kept %+v", got)
	}
}

func TestAPeerThatAsksWithoutEndAndReadsNoReplyIsCutOff(t *testing.T) {
	limits := channel.Limits{Requests: 100, Output: 64 << 10}
	eachNetwork(t, func(t *testing.T, addr string) {
		for _, test := range []struct {
			name  string
			serve func(context.Context, *channel.Conn)
		}{
			{"an echo", echo},
			{"a handler that never answers", never(make(chan *channel.Request, 100))},
			{"an end that does not receive", idle},
		} {
			t.Run(test.name, func(t *testing.T) {
				ends := make(chan error, 2)
				srv := listen(t, addr, func(ctx context.Context, conn *channel.Conn) {
					test.serve(ctx, conn)
					ends <- conn.Err()
				}, &channel.Options{Limits: limits})
				before := heap()
				r := dialRaw(t, srv.Addr())
				request := frame(fmt.Sprintf(`[0, 0, "%s"]`, strings.Repeat("x", 1000)))
				batch := strings.Repeat(request, 64)
				sent := 0
				for {
					n, err := r.Write([]byte(batch))
					sent += n
					if err != nil {
						break // it has been cut off
					}
				}
				err := receive(t, "end of the connection", ends)
				if !protocol(err) || !strings.Contains(err.Error(), "does not read") {
					t.Errorf("after %d bytes the connection ended with %v", sent, err)
				}
				if after := heap(); after > before+8<<20 {
					t.Errorf("%d bytes kept for a peer that does not read", after-before)
				}
			})
		}
	})
}

func TestMessagesLargerThanTheLimitAreRefusedAtTheSender(t *testing.T) {
	opts := &channel.Options{Limits: channel.Limits{Frame: 1000}}
	replies := make(chan error, 1)
	srv := listen(t, tcp, handle(func(ctx context.Context, r *channel.Request) {
		n, err := channel.Content[int](r)
		if err != nil {
			t.Error(err)
		}
		replies <- r.Reply(ctx, strings.Repeat("x", n))
	}), opts)
	c := dial(t, srv.Addr(), opts)
	if err := c.Ask(soon(t), strings.Repeat("x", 1000), nil); err == nil || !strings.Contains(err.Error(), "limit 1000") {
		t.Errorf("a large request: %v", err)
	}
	err := c.Ask(soon(t), 1000, nil)
	var remote *channel.RemoteError
	if !errors.As(err, &remote) || remote.Type != "SerializationError" || !strings.Contains(remote.Message, "limit 1000") {
		t.Errorf("a large reply: %v", err)
	}
	if err := receive(t, "outcome of the reply", replies); err == nil || !strings.Contains(err.Error(), "limit 1000") {
		t.Errorf("Reply returned %v", err)
	}
	if got, err := channel.Ask[string](soon(t), c, 10); len(got) != 10 || err != nil {
		t.Errorf("afterwards: %q, %v", got, err)
	}
}

func TestAFailureTooLargeToSendIsStillAFailure(t *testing.T) {
	opts := &channel.Options{Limits: channel.Limits{Frame: 1000}}
	srv := listen(t, tcp, handle(func(ctx context.Context, r *channel.Request) {
		_ = r.Fail(ctx, errors.New(strings.Repeat("x", 2000)))
	}), opts)
	c := dial(t, srv.Addr(), opts)
	if err := c.Ask(soon(t), 1, nil); !isA[*channel.RemoteError](err) {
		t.Errorf("got %v", err)
	}
}

func TestAnswersToASlowPeerWaitForRoomAndAreNotLost(t *testing.T) {
	srv := listen(t, tcp, echo, &channel.Options{Limits: channel.Limits{Output: 1000}})
	r := dialRaw(t, srv.Addr())
	const requests = 2000
	text := strings.Repeat("x", 10_000)
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for i := range requests {
			r.send(fmt.Sprintf(`[0, %d, "%s"]`, i, text))
		}
	}()
	<-sent // nothing is read before: most replies wait
	seen := make(map[string]bool)
	for range requests {
		seen[r.next()] = true
	}
	for i := range requests {
		if !seen[fmt.Sprintf(`[1, %d, "%s"]`, i, text)] {
			t.Fatalf("no reply to request %d", i)
		}
	}
}

func TestContentThatIsNestedDeeperThanTheLimitEndsTheConnection(t *testing.T) {
	for name, c := range map[string]codec.Codec{"JSON": json.Codec{}, "MsgPack": msgpack.Codec{}, "Blosc": blosc.Codec{}} {
		t.Run(name, func(t *testing.T) {
			srv := listen(t, tcp, echo, &channel.Options{Codec: c, Limits: channel.Limits{Depth: 3}})
			conn := dial(t, srv.Addr(), &channel.Options{Codec: c})
			for _, content := range []any{1, []any{[]any{[]any{1, "[[[["}}}, map[string]any{"a": []any{map[string]any{"b": 1}}}} {
				if err := conn.Ask(soon(t), content, nil); err != nil {
					t.Errorf("%v: %v", content, err)
				}
			}
			var lost *channel.LostError
			if err := conn.Ask(soon(t), []any{map[string]any{"a": []any{[]any{}}}}, nil); !errors.As(err, &lost) {
				t.Errorf("four deep: %v", err)
			}
		})
	}
}
