package channel_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gomas/gomas/channel"
)

// echoServer echoes what it gets. "hang" is not answered until the
// connection ends; "cut" ends it.
func echoServer(t testing.TB, addr string, seen *atomic.Int64) *channel.Server {
	t.Helper()
	srv, err := channel.Listen(t.Context(), addr, func(ctx context.Context, conn *channel.Conn) {
		for {
			req, err := conn.Receive(ctx)
			if err != nil {
				return
			}
			content, err := channel.Content[string](req)
			if err != nil {
				t.Error(err)
			}
			if seen != nil {
				seen.Add(1)
			}
			switch content {
			case "hang":
			case "cut":
				return
			default:
				_ = req.Reply(ctx, content)
			}
		}
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return srv
}

func stop(t testing.TB, srv *channel.Server) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // cut at once
	_ = srv.Shutdown(ctx)
	for _, c := range srv.Conns() {
		_ = c.Wait(context.Background())
	}
}

func newClient(t testing.TB, addr string, opts *channel.Options) *channel.Client {
	t.Helper()
	c, err := channel.NewClient(addr, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func askText(ctx context.Context, c *channel.Client, text string) (reply string, err error) {
	err = c.Ask(ctx, text, &reply)
	return reply, err
}

func TestAClientConnectsAgain(t *testing.T) {
	srv := echoServer(t, "tcp://127.0.0.1:0", nil)
	addr := srv.Addr()
	c := newClient(t, addr, &channel.Options{Patience: 10 * time.Second})
	for range 3 {
		if got, err := askText(t.Context(), c, "hi"); got != "hi" || err != nil {
			t.Fatalf("got %q, %v", got, err)
		}
		conn, err := c.Connect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		stop(t, srv)
		_ = conn.Wait(t.Context())
		srv = echoServer(t, addr, nil)
	}
	if got, err := askText(t.Context(), c, "hi"); got != "hi" || err != nil {
		t.Fatalf("got %q, %v", got, err)
	}
	stop(t, srv)
}

func TestAClientWaitsForAPeerThatStartsLater(t *testing.T) {
	srv := echoServer(t, "tcp://127.0.0.1:0", nil)
	addr := srv.Addr()
	stop(t, srv)
	c := newClient(t, addr, &channel.Options{Patience: channel.Forever})
	refused := make(chan bool)
	var wg sync.WaitGroup
	wg.Go(func() {
		if got, err := askText(t.Context(), c, "hi"); got != "hi" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
	})
	wg.Go(func() {
		defer close(refused)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := askText(ctx, c, "hi")
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("with a deadline: %v", err)
		}
	})
	<-refused
	srv = echoServer(t, addr, nil)
	wg.Wait()
	stop(t, srv)
}

func TestAPeerThatIsAwayIsAPromptError(t *testing.T) {
	srv := echoServer(t, "tcp://127.0.0.1:0", nil)
	addr := srv.Addr()
	stop(t, srv)
	c := newClient(t, addr, nil)
	for n := range 100 {
		_, err := askText(t.Context(), c, "hi")
		if !errors.Is(err, syscall.ECONNREFUSED) {
			t.Fatalf("got %v", err)
		}
		var away *channel.AwayError
		if errors.As(err, &away) {
			if away.Addr != addr || away.Until <= 0 || !strings.Contains(err.Error(), "is away, next attempt in") {
				t.Errorf("got %v", err)
			}
			return
		}
		if n == 0 && errors.As(err, &away) {
			t.Error("the first call did not try")
		}
	}
	t.Error("a hundred attempts without a pause")
}

func TestCallersShareOneConnection(t *testing.T) {
	srv := echoServer(t, "tcp://127.0.0.1:0", nil)
	defer stop(t, srv)
	var made atomic.Int64
	c := newClient(t, srv.Addr(), &channel.Options{Connected: func(*channel.Conn) { made.Add(1) }})
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			want := fmt.Sprint(i)
			if got, err := askText(t.Context(), c, want); got != want || err != nil {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	wg.Wait()
	if n := made.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

func TestOneCallersEndDoesNotEndTheAttempt(t *testing.T) {
	srv := echoServer(t, "tcp://127.0.0.1:0", nil)
	defer stop(t, srv)
	c := newClient(t, srv.Addr(), nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Connect(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if got, err := askText(t.Context(), c, "hi"); got != "hi" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestARequestUnderWayIsRepeatedOnlyIfItMay(t *testing.T) {
	var seen atomic.Int64
	srv := echoServer(t, "tcp://127.0.0.1:0", &seen)
	defer stop(t, srv)
	c := newClient(t, srv.Addr(), &channel.Options{Patience: 3 * time.Second})
	_, err := askText(t.Context(), c, "cut")
	var lost *channel.LostError
	if !errors.As(err, &lost) || lost.Unsent || !errors.Is(err, io.EOF) {
		t.Errorf("got %v", err)
	}
	if n := seen.Swap(0); n != 1 {
		t.Errorf("executed %d times", n)
	}
	_, err = askText(channel.Repeatable(t.Context()), c, "cut")
	if !errors.As(err, &lost) {
		t.Errorf("got %v", err)
	}
	if n := seen.Load(); n < 2 || n > 10 {
		t.Errorf("repeatable, and executed %d times", n)
	}
}

func TestHooksAndLoggerTellTheLifeOfConnections(t *testing.T) {
	srv := echoServer(t, "tcp://127.0.0.1:0", nil)
	defer stop(t, srv)
	var mu sync.Mutex
	var events []string
	var log strings.Builder
	note := func(text string) {
		mu.Lock()
		defer mu.Unlock()
		events = append(events, text)
	}
	c := newClient(t, srv.Addr(), &channel.Options{
		Patience:  10 * time.Second, // a peer that cuts without a word counts as away
		Connected: func(conn *channel.Conn) { note("connected to " + conn.RemoteAddr()) },
		Lost:      func(_ *channel.Conn, reason error) { note(reason.Error()) },
		Logger: slog.New(slog.NewTextHandler(&lockedWriter{w: &log}, &slog.HandlerOptions{
			ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if a.Key == slog.TimeKey {
					return slog.Attr{}
				}
				return a
			},
		})),
	})
	for range 2 {
		conn, err := c.Connect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = askText(t.Context(), c, "cut")
		if err := conn.Wait(t.Context()); err == nil {
			t.Error("no reason")
		}
	}
	want := strings.Repeat(fmt.Sprintf("connected to %s|channel: connection to %[1]s lost: closed by the peer: EOF|", srv.Addr()), 2)
	mu.Lock()
	got := strings.Join(events, "|") + "|"
	mu.Unlock()
	if got != want {
		t.Errorf("events %s\nwant   %s", got, want)
	}
	if n := strings.Count(log.String(), "level=INFO msg=connected peer="+srv.Addr()); n != 2 {
		t.Errorf("log:\n%s", log.String())
	}
}

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func TestDialWithPatience(t *testing.T) {
	srv := echoServer(t, "tcp://127.0.0.1:0", nil)
	addr := srv.Addr()
	stop(t, srv)
	if _, err := channel.Dial(t.Context(), addr, &channel.Options{Patience: 50 * time.Millisecond}); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("in vain: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := channel.Dial(ctx, addr, &channel.Options{Patience: channel.Forever})
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("until the context ends: %v", err)
	}
	if _, err := channel.Dial(t.Context(), "tcp://nowhere", &channel.Options{Patience: channel.Forever}); err == nil {
		t.Error("an address that is none is not tried again")
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		conn, err := channel.Dial(t.Context(), addr, &channel.Options{Patience: channel.Forever})
		if err != nil {
			t.Error(err)
			return
		}
		_ = conn.Close()
		_ = conn.Wait(context.Background())
	})
	srv = echoServer(t, addr, nil)
	wg.Wait()
	stop(t, srv)
}

func TestAClosedClientIsOfNoUse(t *testing.T) {
	c, err := channel.NewClient("tcp://127.0.0.1:1", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.Close(), c.Close(), c.Shutdown(t.Context())); err != nil {
		t.Error(err)
	}
	if _, err := askText(t.Context(), c, "hi"); !errors.Is(err, channel.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestOnlyAClientWithNothingToLoseIsIdle(t *testing.T) {
	srv := echoServer(t, "tcp://127.0.0.1:0", nil)
	c := newClient(t, srv.Addr(), nil)
	if got, err := askText(t.Context(), c, "hi"); got != "hi" || err != nil {
		t.Fatalf("got %q, %v", got, err)
	}
	if c.CloseIdle(t.Context()) {
		t.Error("one that is connected was idle")
	}
	conn, err := c.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	conn.OnEnd(func(error) { close(ended) }) // after the client's
	stop(t, srv)
	<-ended
	if !c.CloseIdle(t.Context()) {
		t.Error("one that has lost its peer was not idle")
	}
	if _, err := askText(t.Context(), c, "hi"); !errors.Is(err, channel.ErrClosed) {
		t.Errorf("then it says %v", err)
	}
	away := newClient(t, srv.Addr(), nil)
	if _, err := askText(t.Context(), away, "hi"); err == nil {
		t.Error("there is an answer")
	}
	if away.CloseIdle(t.Context()) {
		t.Error("one that has just found nobody was idle")
	}
}
