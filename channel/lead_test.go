package channel_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/internal/testcert"
	"github.com/gomas/gomas/transport"
	"github.com/gomas/gomas/turn"
)

// leaveAlone has one caller ask until nobody reads between its calls.
func leaveAlone(t testing.TB, c *channel.Conn) {
	t.Helper()
	leaveAloneWith(t, context.Background(), c)
}

func leaveAloneWith(t testing.TB, ctx context.Context, c *channel.Conn) {
	t.Helper()
	for end := time.Now().Add(patience); c.Reads() != channel.ByNobody; {
		if got, err := channel.Ask[string](ctx, c, "alone?"); got != "alone?" || err != nil {
			t.Fatalf("the answer is %q, error %v", got, err)
		}
		if time.Now().After(end) {
			t.Fatal("the link reads for ever")
		}
	}
}

// holding serves like echo, but for requests of "hold": of those it tells, and
// answers them when it is told to.
func holding() (serve func(context.Context, *channel.Conn), held, release chan string) {
	held, release = make(chan string), make(chan string)
	serve = handle(func(ctx context.Context, r *channel.Request) {
		v, err := channel.Content[string](r)
		if err != nil {
			_ = r.Fail(ctx, err)
			return
		}
		if v == "hold" {
			held <- v
			v = <-release
		}
		_ = r.Reply(ctx, v) // the connection may have ended
	})
	return serve, held, release
}

// lead starts a request that the peer holds, and whose caller reads the connection,
// with ctx. The answer, or the error, comes from the channel.
func lead(t testing.TB, ctx context.Context, c *channel.Conn, held, release chan string) <-chan string {
	t.Helper()
	ask := func() (string, error) { return channel.Ask[string](ctx, c, "hold") }
	alone := ctx
	if ctx.Done() == nil {
		alone = context.Background() // without the time-out that ctx may have
	}
	for {
		leaveAloneWith(t, alone, c)
		said := make(chan string, 1)
		go func() {
			answer, err := ask()
			if err != nil {
				answer = err.Error()
			}
			said <- answer
		}()
		receive(t, "request", held)
		for c.Reads() == channel.ByNobody { // the request arrived before its caller waits
			runtime.Gosched()
		}
		if c.Reads() == channel.ByCaller {
			return said
		}
		release <- "once more" // the timer was quicker
		receive(t, "answer", said)
	}
}

// eachSecurity runs a test over TCP, over Unix sockets, and over TLS.
func eachSecurity(t *testing.T, test func(t *testing.T, addr string, opts *channel.Options)) {
	eachNetwork(t, func(t *testing.T, addr string) { test(t, addr, nil) })
	files := testcert.NewAuthority(t, "CA").Issue(t, "127.0.0.1")
	opts := &channel.Options{TLS: &transport.TLS{CA: files.CA, Cert: files.Cert, Key: files.Key}}
	t.Run("tls", func(t *testing.T) { test(t, tcp, opts) })
}

func TestACallerThatIsAloneReadsTheConnection(t *testing.T) {
	eachSecurity(t, func(t *testing.T, addr string, opts *channel.Options) {
		serve, held, release := holding()
		c := dial(t, listen(t, addr, serve, opts).Addr(), opts)
		said := lead(t, context.Background(), c, held, release)
		release <- "enough"
		if got := receive(t, "answer", said); got != "enough" {
			t.Errorf("the answer is %q", got)
		}
	})
}

func TestManyCallersLeaveTheReadingToTheLink(t *testing.T) {
	serve, held, release := holding()
	c := dial(t, listen(t, tcp, serve, nil).Addr(), nil)
	said := make(chan error, 1)
	go func() {
		_, err := channel.Ask[string](soon(t), c, "hold")
		said <- err
	}()
	receive(t, "request", held)
	for range 1000 {
		checkEcho(t, c)
		if who := c.Reads(); who != channel.ByLink {
			t.Fatalf("%d reads although two callers wait", who)
		}
	}
	release <- "enough"
	if err := receive(t, "answer", said); err != nil {
		t.Error(err)
	}
}

func TestOthersMayAskWhileOneReads(t *testing.T) {
	eachSecurity(t, func(t *testing.T, addr string, opts *channel.Options) {
		serve, held, release := holding()
		c := dial(t, listen(t, addr, serve, opts).Addr(), opts)
		first := lead(t, context.Background(), c, held, release)
		for range 100 {
			checkEcho(t, c)
		}
		second := make(chan string, 1)
		go func() {
			answer, err := channel.Ask[string](soon(t), c, "hold")
			second <- fmt.Sprint(answer, err)
		}()
		receive(t, "request", held)
		release <- "any" // one of the two: if it is the one who reads, the other must not be forgotten
		release <- "any"
		if got := receive(t, "answer to who reads", first); got != "any" {
			t.Errorf("the answer is %q", got)
		}
		if got := receive(t, "answer to the other", second); got != "any<nil>" {
			t.Errorf("the answer is %q", got)
		}
		leaveAlone(t, c)
	})
}

func TestACallerThatReadsWaitsNoLongerThanOthers(t *testing.T) {
	changed := errors.New("changed my mind")
	eachSecurity(t, func(t *testing.T, addr string, opts *channel.Options) {
		serve, held, release := holding()
		c := dial(t, listen(t, addr, serve, opts).Addr(), opts)
		t.Run("its context is cancelled", func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			said := lead(t, ctx, c, held, release)
			cancel(changed)
			if got, want := receive(t, "error", said), "context canceled: changed my mind"; got != want {
				t.Errorf("the error is %q, want %q", got, want)
			}
			release <- "too late"
		})
		t.Run("a context made from a handler's is cancelled", func(t *testing.T) {
			end := &ending{Context: context.Background()}
			said := lead(t, context.WithValue(end, ending{}, true), c, held, release)
			end.Come(context.Canceled, changed)
			if got, want := receive(t, "error", said), "context canceled: changed my mind"; got != want {
				t.Errorf("the error is %q, want %q", got, want)
			}
			release <- "too late"
		})
		t.Run("its time-out comes", func(t *testing.T) {
			said := lead(t, channel.Timeout(context.Background(), 500*time.Millisecond), c, held, release)
			if got, want := receive(t, "error", said), "channel: no reply from "+c.RemoteAddr()+" within 500ms"; got != want {
				t.Errorf("the error is %q, want %q", got, want)
			}
			release <- "too late"
		})
		checkEcho(t, c)
		t.Run("the connection is closed", func(t *testing.T) {
			said := lead(t, context.Background(), c, held, release)
			hangUp(t, c)
			if got, want := receive(t, "error", said), "channel: connection to "+c.RemoteAddr()+": closed"; got != want {
				t.Errorf("the error is %q, want %q", got, want)
			}
			release <- "too late"
		})
	})
}

func TestTheEndOfAConnectionIsSeenWhoeverReads(t *testing.T) {
	eachSecurity(t, func(t *testing.T, addr string, opts *channel.Options) {
		serve, held, release := holding()
		for _, peer := range []bool{false, true} {
			t.Run(fmt.Sprintf("nobody, and the peer ends it: %v", peer), func(t *testing.T) {
				c, other := pair(t, addr, serve, opts)
				leaveAlone(t, c)
				if peer {
					hangUp(t, other)
				} else {
					hangUp(t, c)
				}
				gone(t, c)
			})
		}
		t.Run("a caller, and the peer ends it", func(t *testing.T) {
			c, other := pair(t, addr, serve, opts)
			said := lead(t, context.Background(), c, held, release)
			if err := other.Close(); err != nil {
				t.Error(err)
			}
			receive(t, "error", said)
			var lost *channel.LostError
			if err := gone(t, c); !errors.As(err, &lost) {
				t.Errorf("the reason is %v", err)
			}
			release <- "too late"
		})
	})
}

func TestWhatPeersSendOnTheirOwnArrivesAndKeepsCallersFromReading(t *testing.T) {
	eachSecurity(t, func(t *testing.T, addr string, opts *channel.Options) {
		serve, held, release := holding()
		c, other := pair(t, addr, serve, opts)
		go handle(func(ctx context.Context, r *channel.Request) {
			_ = r.Reply(ctx, "heard") // the connection may have ended
		})(t.Context(), c)
		heard := func() {
			t.Helper()
			if got, err := channel.Ask[string](soon(t), other, "?"); got != "heard" || err != nil {
				t.Errorf("the answer is %q, error %v", got, err)
			}
		}
		leaveAlone(t, c)
		heard() // while nobody reads
		for before := 32; before < 300; before *= 2 {
			for n := range before {
				if _, err := channel.Ask[string](context.Background(), c, "?"); err != nil {
					t.Fatal(err)
				}
				if c.Reads() != channel.ByLink {
					t.Fatalf("a caller reads after %d calls", n+1)
				}
			}
			leaveAlone(t, c)
			heard()
		}
		said := lead(t, context.Background(), c, held, release)
		heard() // while a caller reads
		release <- "enough"
		if got := receive(t, "answer", said); got != "enough" {
			t.Errorf("the answer is %q", got)
		}
	})
}

func TestACallerWhoseReplyHasComeAlreadyHasTheLinkRead(t *testing.T) {
	c := dial(t, listen(t, tcp, echo, nil).Addr(), nil)
	leaveAlone(t, c)
	c.RunAnswered()
	if who := c.Reads(); who != channel.ByLink {
		t.Errorf("%d reads", who)
	}
	checkEcho(t, c)
}

// answering has a raw peer send back what is asked, but for one text, to which it
// answers by what the function does.
func answering(t *testing.T, opts *channel.Options, special func(r *raw, id json.RawMessage)) *channel.Conn {
	t.Helper()
	c, r := withRaw(t, opts)
	go func() {
		for {
			var size [4]byte
			if _, err := io.ReadFull(r, size[:]); err != nil {
				return
			}
			b := make([]byte, binary.BigEndian.Uint32(size[:]))
			if _, err := io.ReadFull(r, b); err != nil {
				return
			}
			var request [3]json.RawMessage
			if err := json.Unmarshal(b, &request); err != nil {
				t.Error(err)
				return
			}
			if string(request[2]) == `"special"` {
				special(r, request[1])
			} else if _, err := io.WriteString(r, frame(fmt.Sprintf("[1,%s,%s]", request[1], request[2]))); err != nil {
				return
			}
		}
	}()
	return c
}

func TestWhatEndsAConnectionIsNotLeftToTheCallerThatReads(t *testing.T) {
	reasons := make(chan error) // nobody takes them before the call has returned
	opts := &channel.Options{Lost: func(_ *channel.Conn, err error) { reasons <- err }}
	c := answering(t, opts, func(r *raw, _ json.RawMessage) {
		if _, err := io.WriteString(r, frame("no message")); err != nil {
			t.Error(err)
		}
	})
	leaveAlone(t, c)
	_, err := channel.Ask[string](soon(t), c, "special")
	var fault *channel.ProtocolError
	if !errors.As(err, &fault) {
		t.Errorf("the error is %v", err)
	}
	if reason := receive(t, "reason", reasons); !errors.As(reason, &fault) {
		t.Errorf("the reason is %v", reason)
	}
}

func TestAPeerThatStopsInTheMiddleOfAReplyEndsTheCallOfWhoReads(t *testing.T) {
	const half = "\x00\x00\x00\x10[1,"
	for name, test := range map[string]struct {
		then func(r *raw) error
		want string
	}{
		"and vanishes":          {func(r *raw) error { return r.Close() }, "unexpected EOF"},
		"and says nothing more": {func(*raw) error { return nil }, "frame not complete after 50ms"},
		"and goes on with rubbish": {func(r *raw) error {
			_, err := io.WriteString(r, "rubbish......")
			return err
		}, "protocol error"},
	} {
		t.Run(name, func(t *testing.T) {
			opts := new(channel.Options)
			opts.Limits.FrameTime = 50 * time.Millisecond
			c := answering(t, opts, func(r *raw, _ json.RawMessage) {
				if _, err := io.WriteString(r, half); err != nil {
					t.Error(err)
				}
				if err := test.then(r); err != nil {
					t.Error(err)
				}
			})
			leaveAlone(t, c)
			_, err := channel.Ask[string](context.Background(), c, "special")
			if err == nil {
				t.Error("the call succeeds")
			}
			if err := gone(t, c); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the reason is %v, want %q", err, test.want)
			}
		})
	}
}

func TestADispatcherThatIsSlowForOnceDoesNotHoldUpACallerThatReads(t *testing.T) {
	back, release := make(chan struct{}), make(chan struct{})
	srv := listen(t, tcp, func(ctx context.Context, conn *channel.Conn) {
		handle(func(ctx context.Context, r *channel.Request) {
			if v, _ := channel.Content[string](r); v != "call back" {
				_ = r.Reply(ctx, v) // the connection may have ended
				return
			}
			_, _ = channel.Ask[string](ctx, conn, "slow")
		})(ctx, conn)
	}, nil)
	c, err := channel.DialDispatch(t.Context(), srv.Addr(), func(*channel.Conn) channel.Dispatcher {
		return channel.DispatchFunc(func(r *channel.Request) {
			close(back)
			<-release
			_ = r.Reply(context.Background(), "at last") // the connection may have ended
		})
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer hangUp(t, c)
	defer close(release)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	leaveAloneWith(t, ctx, c)
	go func() {
		<-back
		cancel()
	}()
	if _, err := channel.Ask[string](ctx, c, "call back"); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

func TestTheEndOfAConnectionThatNobodyReadIsSeenBeforeARequestIsSent(t *testing.T) {
	const tries = 20
	unsent := 0
	for range tries {
		closed := make(chan time.Time, 1)
		c := answering(t, nil, func(r *raw, id json.RawMessage) {
			if _, err := io.WriteString(r, frame(fmt.Sprintf("[1,%s,0]", id))); err != nil {
				t.Error(err)
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
			closed <- time.Now()
		})
		leaveAlone(t, c)
		if _, err := channel.Ask[int](soon(t), c, "special"); err != nil {
			t.Fatal(err)
		}
		for at := receive(t, "end", closed); time.Since(at) < 300*time.Microsecond; { // a caller that thinks
			runtime.Gosched()
		}
		_, err := channel.Ask[string](soon(t), c, "next")
		var lost *channel.LostError
		if !errors.As(err, &lost) {
			t.Fatalf("the error is %v", err)
		}
		if lost.Unsent {
			unsent++
		}
	}
	if unsent < tries/2 { // in some, the next request is as quick as the end
		t.Errorf("%d of %d requests are known as not sent", unsent, tries)
	}
}

// ending is a context that ends waits itself.
type ending struct {
	context.Context
	turn.End
}

func (e *ending) Done() <-chan struct{} { return e.End.Done() }

func (e *ending) Err() error { return e.End.Err() }

func (e *ending) Turn() turn.Turn { return nil }

func (e *ending) Value(key any) any {
	if v, ok := turn.Value(e, key); ok {
		return v
	}
	return e.Context.Value(key)
}

func TestCallersWithAContextEachLeaveTheReadingToTheLink(t *testing.T) {
	c := dial(t, listen(t, tcp, echo, nil).Addr(), nil)
	for range 200 {
		ctx, cancel := context.WithCancel(t.Context())
		if _, err := channel.Ask[string](ctx, c, "?"); err != nil {
			t.Fatal(err)
		}
		if who := c.Reads(); who != channel.ByLink {
			t.Fatalf("%d reads, whom the context would have to know", who)
		}
		cancel()
	}
}

func TestTellingHasTheLinkRead(t *testing.T) {
	serve, _, _ := holding()
	c := dial(t, listen(t, tcp, serve, nil).Addr(), nil)
	leaveAlone(t, c)
	if err := c.Tell(soon(t), "something"); err != nil {
		t.Error(err)
	}
	if who := c.Reads(); who != channel.ByLink {
		t.Errorf("%d reads", who)
	}
}

func TestWhereTimeStandsStillTheLinkReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := dial(t, listen(t, tcp, echo, nil).Addr(), nil)
		for range 1000 {
			if _, err := channel.Ask[string](context.Background(), c, "?"); err != nil {
				t.Fatal(err)
			}
			if who := c.Reads(); who != channel.ByLink {
				t.Fatalf("%d reads, which no timer could notice", who)
			}
		}
	})
}

func TestWhoReadsChangesWithoutLosingAnything(t *testing.T) {
	eachSecurity(t, func(t *testing.T, addr string, opts *channel.Options) {
		c, other := pair(t, addr, echo, opts)
		go echo(t.Context(), c)
		pick := rand.New(rand.NewPCG(1, 2))
		var others sync.WaitGroup
		defer others.Wait()
		asked := 0 // by the peer, which keeps callers from reading for longer each time
		for range 300 {
			ctx, cancel := context.WithCancel(t.Context())
			leaveAloneWith(t, ctx, c)
			at := func(what func()) { // about now: between calls, or in one
				pause := pick.IntN(20)
				others.Go(func() {
					for range pause {
						runtime.Gosched()
					}
					what()
				})
			}
			switch what := pick.IntN(4); {
			case what == 0 && asked < 4:
				asked++
				at(func() { checkEcho(t, other) })
			case what == 1:
				at(func() { checkEcho(t, c) })
			case what == 2:
				at(func() {
					if err := c.Tell(soon(t), "something"); err != nil {
						t.Error(err)
					}
				})
			default:
				at(cancel)
				if got, err := channel.Ask[int](ctx, c, 7); err == nil && got != 7 || err != nil && !errors.Is(err, context.Canceled) {
					t.Errorf("the answer is %d, error %v", got, err)
				}
			}
			for range pick.IntN(3) {
				checkEcho(t, c)
			}
			others.Wait()
			cancel()
		}
	})
}
