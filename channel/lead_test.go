package channel_test

import (
	"context"
	"errors"
	"fmt"
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
