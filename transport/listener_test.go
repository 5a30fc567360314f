package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gomas/gomas/internal/testcert"
)

// gate is a listener for the time of a test, and what comes of it.
type gate struct {
	Listener
	t       testing.TB
	links   chan Link
	refused chan error
}

func openGate(t testing.TB, addr Addr, opts Options) *gate {
	t.Helper()
	g := &gate{t: t, links: make(chan Link, 100), refused: make(chan error, 10_000)}
	opts.Refused = func(remote Addr, err error) {
		if remote.Scheme != addr.Scheme {
			t.Errorf("refused %v", remote)
		}
		g.refused <- err
	}
	ln, err := Listen(t.Context(), addr, &opts)
	if err != nil {
		t.Fatal(err)
	}
	g.Listener = ln
	ln.Start(func(l Link) { g.links <- l })
	t.Cleanup(func() {
		if err := ln.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

func next[T any](t testing.TB, what string, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatal("no ", what)
		panic("unreachable")
	}
}

// hold starts a link for the time of the test.
func hold(t testing.TB, l Link, r *recorder, limits Limits) {
	l.Start(r, limits)
	t.Cleanup(func() { l.Close(0) })
}

// talk dials and makes sure that frames go both ways.
func (g *gate) talk(opts *Options) {
	g.t.Helper()
	x, err := Dial(g.t.Context(), g.Addr(), opts)
	if err != nil {
		g.t.Fatal(err)
	}
	y := next(g.t, "link", g.links)
	g.exchange(x, y)
}

// exchange starts two ends, sends a frame each way and closes them.
func (g *gate) exchange(x, y Link) {
	g.t.Helper()
	got := make(chan string, 2)
	a, b := newRecorder(g.t, func(p []byte) { got <- string(p) }), newRecorder(g.t, func(p []byte) { got <- string(p) })
	hold(g.t, x, a, roomy)
	hold(g.t, y, b, roomy)
	x.Send(newFrame([]byte("ping")...), Leave)
	if p := next(g.t, "frame", got); p != "ping" {
		g.t.Errorf("got %q", p)
	}
	y.Send(newFrame([]byte("pong")...), Write)
	if p := next(g.t, "frame", got); p != "pong" {
		g.t.Errorf("got %q", p)
	}
	x.Close(patience)
	if err := a.end(); err != nil {
		g.t.Error(err)
	}
	if err := b.end(); err != io.EOF {
		g.t.Error(err)
	}
}

// rawDial connects without any link.
func rawDial(t testing.TB, a Addr) net.Conn {
	t.Helper()
	c, err := dialSocket(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() }) // often closed already
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAHandshakeThatDoesNotComeHoldsUpNobody(t *testing.T) {
	opts := secured(testcert.NewAuthority(t, "CA").Issue(t, "127.0.0.1"))
	g := openGate(t, mustParse(t, "tcp://127.0.0.1:0"), *opts)
	for _, begun := range []string{"", "\x16", "\x16\x03\x01\x01\x00\x01"} {
		if _, err := io.WriteString(rawDial(t, g.Addr()), begun); err != nil {
			t.Fatal(err)
		}
	}
	g.talk(opts)
}

func TestAHandshakeIsBounded(t *testing.T) {
	opts := secured(testcert.NewAuthority(t, "CA").Issue(t, "127.0.0.1"))
	opts.Handshake = 20 * time.Millisecond
	check := func(t *testing.T, err error, want string) {
		t.Helper()
		var late *TimeError
		if !errors.As(err, &late) || late.After != opts.Handshake || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("the error is %v", err)
		}
	}
	t.Run("when accepting", func(t *testing.T) {
		g := openGate(t, mustParse(t, "tcp://127.0.0.1:0"), *opts)
		c := rawDial(t, g.Addr())
		check(t, next(t, "refusal", g.refused), "TLS handshake not over after 20ms")
		if _, err := c.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the socket: %v", err)
		}
	})
	ln, a, err := listenSocket(t.Context(), mustParse(t, "tcp://127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	t.Run("when dialling", func(t *testing.T) {
		_, err := Dial(t.Context(), a, opts)
		check(t, err, "TLS handshake not over after 20ms: the other end perhaps speaks no TLS")
	})
	t.Run("by the context too", func(t *testing.T) {
		patient := *opts
		patient.Handshake = patience
		ctx, cancel := context.WithCancelCause(t.Context())
		reason := errors.New("changed my mind")
		dialled := make(chan struct{})
		defer close(dialled)
		go func() {
			for range 2 { // the first is the dial before this one
				c, err := ln.Accept()
				if err != nil {
					t.Error(err)
					break
				}
				defer c.Close()
				if _, err := c.Read(make([]byte, 1)); err != nil {
					t.Error(err)
				}
			}
			cancel(reason) // before the sockets close, which would end the dial, too
			<-dialled
		}()
		if _, err := Dial(ctx, a, &patient); !errors.Is(err, reason) {
			t.Errorf("the error is %v", err)
		}
	})
}

func TestClosingAListenerCutsHandshakes(t *testing.T) {
	g := openGate(t, mustParse(t, "tcp://127.0.0.1:0"), *secured(testcert.NewAuthority(t, "CA").Issue(t)))
	c := rawDial(t, g.Addr())
	for g.Listener.(*listener).links.Load() == 0 {
		runtime.Gosched()
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the socket: %v", err)
	}
	if len(g.refused) > 0 {
		t.Errorf("it is reported as refused: %v", <-g.refused)
	}
}

func TestBeyondMaxLinksConnectionsAreClosed(t *testing.T) {
	eachNetwork(t, func(t *testing.T, addr Addr) {
		const most = 3
		g := openGate(t, addr, Options{MaxLinks: most})
		type end struct {
			Link
			r *recorder
		}
		var mine, theirs []end
		for range most {
			x, err := Dial(t.Context(), g.Addr(), nil)
			if err != nil {
				t.Fatal(err)
			}
			a, b := newRecorder(t, nil), newRecorder(t, nil)
			y := next(t, "link", g.links)
			hold(t, x, a, roomy)
			hold(t, y, b, roomy)
			mine, theirs = append(mine, end{x, a}), append(theirs, end{y, b})
		}
		for range 10 {
			c := rawDial(t, g.Addr())
			if _, err := c.Read(make([]byte, 1)); err != io.EOF {
				t.Errorf("one too many: %v", err)
			}
			if err := next(t, "refusal", g.refused); !errors.Is(err, ErrTooManyLinks) || err.Error() != "too many connections, limit 3" {
				t.Errorf("one too many: %v", err)
			}
		}
		mine[0].Close(0)
		theirs[1].Close(0)
		for _, e := range []end{mine[0], mine[1], theirs[0], theirs[1]} {
			_ = e.r.end()
		}
		g.talk(nil)
		g.talk(nil)
		if len(g.refused) > 0 {
			t.Error("although there is room:", <-g.refused)
		}
	})
}

func TestPlacesOfHandshakesThatFailAreFreeAgain(t *testing.T) {
	opts := secured(testcert.NewAuthority(t, "CA").Issue(t, "127.0.0.1"))
	opts.MaxLinks = 2
	opts.Handshake = 100 * time.Millisecond
	g := openGate(t, mustParse(t, "tcp://127.0.0.1:0"), *opts)
	// Nobody shakes hands in the end, for which this time may be too short.
	for range 3 {
		for range opts.MaxLinks {
			rawDial(t, g.Addr())
		}
		for range opts.MaxLinks {
			var late *TimeError
			if err := next(t, "refusal", g.refused); !errors.As(err, &late) {
				t.Error(err)
			}
		}
	}
}

func TestPlacesOfHandshakesWithWhoSpeaksSomethingElseAreFreeAgain(t *testing.T) {
	opts := secured(testcert.NewAuthority(t, "CA").Issue(t, "127.0.0.1"))
	opts.MaxLinks = 2
	g := openGate(t, mustParse(t, "tcp://127.0.0.1:0"), *opts)
	for range opts.MaxLinks {
		c := rawDial(t, g.Addr())
		if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	for range opts.MaxLinks {
		if err := next(t, "refusal", g.refused); errors.Is(err, ErrTooManyLinks) {
			t.Error(err)
		}
	}
	g.talk(opts)
}

func TestManyWhoConnectAndSayNothingDoNotHarmOthers(t *testing.T) {
	const silent, most = 2000, 500
	g := openGate(t, mustParse(t, "tcp://127.0.0.1:0"), Options{MaxLinks: most})
	x, err := Dial(t.Context(), g.Addr(), nil)
	if err != nil {
		t.Fatal(err)
	}
	y := next(t, "link", g.links)
	var crowd []net.Conn
	recorders := make(chan *recorder, most)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range most - 1 {
			l := <-g.links
			r := newRecorder(t, nil)
			l.Start(r, timed(Limits{FrameTime: time.Minute, WriteTime: time.Minute}))
			recorders <- r
		}
	}()
	for range silent {
		crowd = append(crowd, rawDial(t, g.Addr()))
	}
	next(t, "crowd", done)
	for range silent - most + 1 {
		if err := next(t, "refusal", g.refused); !errors.Is(err, ErrTooManyLinks) {
			t.Error(err)
		}
	}
	g.exchange(x, y)
	for _, c := range crowd {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	for range most - 1 {
		if err := next(t, "recorder", recorders).end(); err != io.EOF {
			t.Error(err)
		}
	}
	g.talk(nil)
}
