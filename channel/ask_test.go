package channel_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/codec"
)

func TestRepliesComeInTheOrderInWhichTheyAreReady(t *testing.T) {
	eachNetwork(t, func(t *testing.T, addr string) {
		ready := []chan struct{}{make(chan struct{}), make(chan struct{}), make(chan struct{})}
		srv := listen(t, addr, handle(func(ctx context.Context, r *channel.Request) {
			i, err := channel.Content[int](r)
			if err != nil {
				t.Error(err)
				return
			}
			<-ready[i]
			_ = r.Reply(ctx, i)
		}), nil)
		r := dialRaw(t, srv.Addr())
		r.send(`[0, 0, 0]`, `[0, 1, 1]`, `[0, 2, 2]`)
		for _, i := range []int{2, 0, 1} {
			close(ready[i])
			if got, want := r.next(), fmt.Sprintf("[1, %d, %d]", i, i); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
	})
}

func TestEachAskGetsItsOwnReply(t *testing.T) {
	const asks = 500
	// Nothing is answered before all requests are there, and then at random.
	var mu sync.Mutex
	var held []*channel.Request
	all := make(chan struct{})
	srv := listen(t, tcp, handle(func(ctx context.Context, r *channel.Request) {
		mu.Lock()
		held = append(held, r)
		if len(held) == asks {
			rand.Shuffle(asks, func(i, j int) { held[i], held[j] = held[j], held[i] })
			close(all)
		}
		mu.Unlock()
		<-all
		mu.Lock()
		r = held[0]
		held = held[1:]
		mu.Unlock()
		i, err := channel.Content[int](r)
		if err != nil {
			t.Error(err)
		}
		_ = r.Reply(ctx, -i)
	}), nil)
	c := dial(t, srv.Addr(), nil)
	var running sync.WaitGroup
	for i := range asks {
		running.Go(func() {
			if got, err := channel.Ask[int](soon(t), c, i); got != -i || err != nil {
				t.Errorf("ask %d got %d, %v", i, got, err)
			}
		})
	}
	running.Wait()
	if got := c.Kept(); got != (channel.Kept{}) {
		t.Errorf("kept %+v", got)
	}
}

func TestBothEndsAskAtOnceWithTheSameIds(t *testing.T) {
	eachNetwork(t, func(t *testing.T, addr string) {
		negate := handle(func(ctx context.Context, r *channel.Request) {
			i, err := channel.Content[int](r)
			if err != nil {
				t.Error(err)
			}
			_ = r.Reply(ctx, -i)
		})
		a, b := pair(t, addr, negate, nil)
		var running sync.WaitGroup
		running.Go(func() { negate(a.Context(), a) })
		var asking sync.WaitGroup
		for i := range 200 {
			for end, c := range []*channel.Conn{a, b} {
				asking.Go(func() {
					n := 2*i + end
					if got, err := channel.Ask[int](soon(t), c, n); got != -n || err != nil {
						t.Errorf("ask %d of end %d got %d, %v", i, end, got, err)
					}
				})
			}
		}
		asking.Wait()
		hangUp(t, a)
		running.Wait()
	})
}

func TestTheIdsOfRequestsCountFrom0(t *testing.T) {
	c, r := withRaw(t, nil)
	for i := range 3 {
		outcome := make(chan error, 1)
		go func() { outcome <- c.Ask(soon(t), "x", nil) }()
		if got, want := r.next(), fmt.Sprintf(`[0, %d, "x"]`, i); got != want {
			t.Fatalf("request is %s, want %s", got, want)
		}
		r.send(fmt.Sprintf(`[1, %d, null]`, i))
		if err := receive(t, "outcome", outcome); err != nil {
			t.Error(err)
		}
	}
}

func TestACancelledAskReturnsAtOnceAndItsLateReplyHarmsNobody(t *testing.T) {
	c, r := withRaw(t, nil)
	ctx, cancel := context.WithCancelCause(t.Context())
	first, second := make(chan error, 1), make(chan error, 1)
	go func() { first <- c.Ask(ctx, "first", nil) }()
	if got := r.next(); got != `[0, 0, "first"]` {
		t.Fatal(got)
	}
	reply := ""
	go func() { second <- c.Ask(soon(t), "second", &reply) }()
	if got := r.next(); got != `[0, 1, "second"]` {
		t.Fatal(got)
	}

	reason := errors.New("changed my mind")
	cancel(reason)
	if err := receive(t, "outcome", first); !errors.Is(err, context.Canceled) || !errors.Is(err, reason) {
		t.Errorf("cancelled: %v", err)
	}
	if got, want := c.Kept(), (channel.Kept{Asks: 1, Abandoned: 1}); got != want {
		t.Errorf("kept %+v, want %+v", got, want)
	}
	r.send(`[1, 0, "late"]`, `[1, 1, "in time"]`)
	if err := receive(t, "outcome", second); err != nil || reply != "in time" {
		t.Errorf("the other ask got %q, %v", reply, err)
	}
	if err := c.Err(); err != nil {
		t.Errorf("the connection ended: %v", err)
	}
	if got := c.Kept(); got != (channel.Kept{}) {
		t.Errorf("kept %+v", got)
	}

	// Late is not twice.
	r.send(`[1, 0, "late again"]`)
	if err := gone(t, c); !protocol(err) {
		t.Errorf("a second late reply: %v", err)
	}
}

func TestAnAskHonoursItsDeadline(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, a asker) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		start := time.Now()
		if err := a.Ask(ctx, 1, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error is %v", err)
		}
		if took := time.Since(start); took != 20*time.Millisecond {
			t.Errorf("it took %v", took)
		}
		a.deliver(`[2, 0, "late"]`)
		a.ask(t.Context(), 2)
		a.deliver(`[1, 1, null]`)
		if err := <-a.outcomes; err != nil {
			t.Errorf("ask after a time-out: %v", err)
		}
	})
}

func TestAnAskWhoseContextHasEndedSendsNothing(t *testing.T) {
	c, r := withRaw(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Ask(ctx, "never", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	if got := r.farewell(c); got != "" {
		t.Errorf("sent %q", got)
	}
}

func TestEveryAskThatIsCancelledAtRandomHasOneOutcome(t *testing.T) {
	const callers, asks = 50, 100
	c := dial(t, listen(t, tcp, echo, nil).Addr(), nil)
	var outcomes, cancelled sync.Map
	var running sync.WaitGroup
	for i := range callers {
		running.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(i)))
			for j := range asks {
				n := i*asks + j
				ctx, cancel := context.WithCancel(t.Context())
				spins := random.IntN(2000)
				running.Go(func() {
					for range spins {
						_ = ctx.Err()
					}
					cancel()
				})
				got, err := channel.Ask[int](ctx, c, n)
				switch {
				case err == nil && got == n:
					outcomes.Store(n, "reply")
				case errors.Is(err, context.Canceled):
					outcomes.Store(n, "cancelled")
					cancelled.Store(n, true)
				default:
					t.Errorf("ask %d got %d, %v", n, got, err)
				}
				cancel()
			}
		})
	}
	running.Wait()
	for n := range callers * asks {
		if _, ok := outcomes.Load(n); !ok {
			t.Errorf("ask %d has no outcome", n)
		}
	}
	// The echo answers in any order, but everything has been answered once
	// it has nothing left to work on.
	checkEcho(t, c)
	if err := c.Err(); err != nil {
		t.Errorf("the connection ended: %v", err)
	}
	if got := c.Kept(); got.Asks != 0 || got.Waiting != 0 {
		t.Errorf("kept %+v", got)
	}
}

func TestAsksRaceWithTheEndOfTheConnection(t *testing.T) {
	const callers = 50
	for range 20 {
		a, b := pair(t, tcp, echo, nil)
		var running sync.WaitGroup
		started := make(chan struct{}, callers)
		for i := range callers {
			running.Go(func() {
				for n := 0; ; n++ {
					got, err := channel.Ask[int](soon(t), a, i)
					if err != nil {
						if !lost(err) {
							t.Errorf("ask failed with %T: %v", err, err)
						}
						return
					}
					if got != i {
						t.Errorf("got %d, want %d", got, i)
					}
					if n == 0 {
						started <- struct{}{}
					}
				}
			})
		}
		for range callers {
			receive(t, "first reply", started)
		}
		hangUp(t, b)
		running.Wait()
		if got := a.Kept(); got.Asks != 0 {
			t.Errorf("kept %+v", got)
		}
		hangUp(t, a)
	}
}

func TestWhatCannotBeEncodedFailsAtTheSenderOnly(t *testing.T) {
	answers := make(chan error, 1)
	srv := listen(t, tcp, handle(func(ctx context.Context, r *channel.Request) {
		v, _ := channel.Content[any](r)
		if v == "a channel, please" {
			answers <- r.Reply(ctx, make(chan int))
			return
		}
		_ = r.Reply(ctx, v)
	}), nil)
	c := dial(t, srv.Addr(), nil)
	var unsupported *codec.UnsupportedError
	for _, v := range []any{make(chan int), func() {}, []any{1, map[string]any{"k": make(chan int)}}, complex(1, 1)} {
		if err := c.Ask(soon(t), v, nil); !errors.As(err, &unsupported) {
			t.Errorf("ask with %T: %v", v, err)
		}
	}
	checkEcho(t, c)

	err := c.Ask(soon(t), "a channel, please", nil)
	var remote *channel.RemoteError
	if !errors.As(err, &remote) || remote.Type != "SerializationError" || !strings.Contains(remote.Message, "chan int") {
		t.Errorf("the caller got %v", err)
	}
	if err := receive(t, "answer", answers); !errors.As(err, &unsupported) {
		t.Errorf("Reply returned %v", err)
	}
	checkEcho(t, c)
	if got := c.Kept(); got != (channel.Kept{}) {
		t.Errorf("kept %+v", got)
	}
}

func TestARequestIsAnsweredOnce(t *testing.T) {
	answers := make(chan []error, 1)
	srv := listen(t, tcp, handle(func(ctx context.Context, r *channel.Request) {
		answers <- []error{
			r.Reply(ctx, "first"), r.Reply(ctx, "second"), r.Fail(ctx, errors.New("third")), r.Send(ctx),
		}
	}), nil)
	r := dialRaw(t, srv.Addr())
	r.send(`[0, 5, null]`)
	if got := r.next(); got != `[1, 5, "first"]` {
		t.Errorf("reply is %s", got)
	}
	got := receive(t, "answers", answers)
	if want := []error{nil, channel.ErrAnswered, channel.ErrAnswered, channel.ErrAnswered}; !reflect.DeepEqual(got, want) {
		t.Errorf("answers returned %v, want %v", got, want)
	}
	conns := srv.Conns()
	if len(conns) != 1 {
		t.Fatalf("%d connections", len(conns))
	}
	if got := conns[0].Kept(); got.Requests != 0 || got.Bytes != 0 {
		t.Errorf("kept %+v", got)
	}
	if got := r.farewell(conns[0]); got != "" {
		t.Errorf("more was sent: %q", got)
	}
}

func TestAReplyNobodyWantsTheContentOf(t *testing.T) {
	c := dial(t, listen(t, tcp, echo, nil).Addr(), nil)
	if err := c.Ask(soon(t), strings.Repeat("x", 1000), nil); err != nil {
		t.Error(err)
	}
}

func TestRawContentStaysValidAfterTheAsk(t *testing.T) {
	c := dial(t, listen(t, tcp, echo, nil).Addr(), nil)
	var kept []codec.Raw
	for i := range 100 {
		raw, err := channel.Ask[codec.Raw](soon(t), c, fmt.Sprintf("text %d", i))
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, raw)
	}
	for i, raw := range kept {
		if want := fmt.Sprintf(`"text %d"`, i); string(raw) != want {
			t.Errorf("reply %d has become %s", i, raw)
		}
	}
}
