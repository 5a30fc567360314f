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
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/internal/testcert"
	"github.com/gomas/gomas/transport"
)

// leaveAlone has one caller ask until nobody reads between its calls.
func leaveAlone(t testing.TB, c *channel.Conn) {
	t.Helper()
	for end := time.Now().Add(patience); c.Reads() != channel.ByNobody; {
		checkEcho(t, c)
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

// lead starts a request that the peer holds, and whose caller reads the connection.
// The answer, or the error, comes from the channel.
func lead(t testing.TB, c *channel.Conn, held, release chan string, ask func() (string, error)) <-chan string {
	t.Helper()
	for {
		leaveAlone(t, c)
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
		said := lead(t, c, held, release, func() (string, error) { return channel.Ask[string](soon(t), c, "hold") })
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
		ask := func() (string, error) { return channel.Ask[string](soon(t), c, "hold") }
		first := lead(t, c, held, release, ask)
		for range 100 {
			checkEcho(t, c)
		}
		second := make(chan string, 1)
		go func() {
			answer, err := ask()
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
		hold := func(ctx context.Context) (string, error) { return channel.Ask[string](ctx, c, "hold") }
		t.Run("its context is cancelled", func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			said := lead(t, c, held, release, func() (string, error) { return hold(ctx) })
			cancel(changed)
			if got, want := receive(t, "error", said), "context canceled: changed my mind"; got != want {
				t.Errorf("the error is %q, want %q", got, want)
			}
			release <- "too late"
		})
		t.Run("its deadline comes", func(t *testing.T) {
			said := lead(t, c, held, release, func() (string, error) {
				ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
				defer cancel()
				return hold(ctx)
			})
			if got, want := receive(t, "error", said), "context deadline exceeded"; got != want {
				t.Errorf("the error is %q, want %q", got, want)
			}
			release <- "too late"
		})
		t.Run("its time-out comes", func(t *testing.T) {
			said := lead(t, c, held, release, func() (string, error) {
				return hold(channel.Timeout(context.Background(), 50*time.Millisecond))
			})
			if got, want := receive(t, "error", said), "channel: no reply from "+c.RemoteAddr()+" within 50ms"; got != want {
				t.Errorf("the error is %q, want %q", got, want)
			}
			release <- "too late"
		})
		checkEcho(t, c)
		t.Run("the connection is closed", func(t *testing.T) {
			said := lead(t, c, held, release, func() (string, error) { return hold(context.Background()) })
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
			said := lead(t, c, held, release, func() (string, error) {
				return channel.Ask[string](context.Background(), c, "hold")
			})
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
				checkEcho(t, c)
				if c.Reads() != channel.ByLink {
					t.Fatalf("a caller reads after %d calls", n+1)
				}
			}
			leaveAlone(t, c)
			heard()
		}
		said := lead(t, c, held, release, func() (string, error) { return channel.Ask[string](soon(t), c, "hold") })
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
	leaveAlone(t, c)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
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
			checkEcho(t, c)
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
			leaveAlone(t, c)
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
				ctx, cancel := context.WithCancel(t.Context())
				at(cancel)
				if got, err := channel.Ask[int](ctx, c, 7); err == nil && got != 7 || err != nil && !errors.Is(err, context.Canceled) {
					t.Errorf("the answer is %d, error %v", got, err)
				}
			}
			for range pick.IntN(3) {
				checkEcho(t, c)
			}
		}
	})
}
