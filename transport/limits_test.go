package transport

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gomas/gomas/internal/testcert"
)

// timed returns generous limits but for the times.
func timed(l Limits) Limits {
	l.Frame, l.Output = 64<<20, 64<<20
	return l
}

// checkLate checks that a link ended because of a limit, and neither early
// nor much too late.
func checkLate(t *testing.T, err error, what string, limit time.Duration, since time.Time) {
	t.Helper()
	took := time.Since(since)
	var late *TimeError
	if !errors.As(err, &late) || late.What != what || late.After != limit {
		t.Errorf("ended with %v, want: %s after %v", err, what, limit)
	}
	var timeout interface{ Timeout() bool }
	if !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("%v is no time-out", err)
	}
	if took < limit {
		t.Errorf("ended after %v, limit %v", took, limit)
	}
	if took > limit+patience/2 {
		t.Errorf("ended only after %v, limit %v", took, limit)
	}
}

// steadily calls step with a pause after each until it returns false.
func steadily(pause time.Duration, step func() bool) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for step() {
		<-tick.C
	}
}

func TestAFrameThatDoesNotGoOnEndsTheLink(t *testing.T) {
	const limit = 30 * time.Millisecond
	for _, tt := range []struct{ name, begun string }{
		{"in the header", "\x00"},
		{"after the header", "\x00\x00\x00\x05"},
		{"in the payload", "\x00\x00\x00\x05abcd"},
		{"in a large payload", "\x00\x10\x00\x00abcd"},
		{"after a whole frame", "\x00\x00\x00\x01a\x00"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachNetwork(t, func(t *testing.T, addr Addr) {
				x, peer := sockets(t, addr)
				start := time.Now()
				if _, err := io.WriteString(peer, tt.begun); err != nil {
					t.Fatal(err)
				}
				r := newRecorder(t, func([]byte) {})
				NewStream(x, Addr{}, Addr{}).Start(r, timed(Limits{FrameTime: limit}))
				checkLate(t, r.end(), "frame not complete", limit, start)
			})
		})
	}
}

func TestAFrameThatDripsEndsTheLink(t *testing.T) {
	const limit = 50 * time.Millisecond
	x, peer := sockets(t, mustParse(t, "tcp://127.0.0.1:0"))
	r := newRecorder(t, nil)
	start := time.Now()
	NewStream(x, Addr{}, Addr{}).Start(r, timed(Limits{FrameTime: limit}))
	rest := framed(make([]byte, 1<<20))
	steadily(limit/10, func() bool {
		_, err := peer.Write(rest[:1])
		rest = rest[1:]
		return err == nil
	})
	checkLate(t, r.end(), "frame not complete", limit, start)
}

// inBubble runs a test with a fake clock on a link and the other end of its
// connection, so that a busy machine makes nobody late.
func inBubble(t *testing.T, test func(t *testing.T, l Link, peer net.Conn)) {
	synctest.Test(t, func(t *testing.T) {
		x, peer := net.Pipe()
		defer peer.Close()
		test(t, NewStream(x, Addr{}, Addr{}), peer)
	})
}

func TestALargeFrameMayTakeItsTimeForEachMiB(t *testing.T) {
	const (
		limit  = 400 * time.Millisecond
		pieces = 32 // of which four must arrive within the limit
	)
	inBubble(t, func(t *testing.T, l Link, peer net.Conn) {
		got := make(chan int, 1)
		r := newRecorder(t, func(p []byte) { got <- len(p) })
		hold(t, l, r, timed(Limits{FrameTime: limit}))
		start := time.Now()
		rest := framed(make([]byte, pieces<<18))
		steadily(limit/16, func() bool {
			n, err := peer.Write(rest[:min(len(rest), 1<<18)])
			if err != nil {
				t.Error(err)
			}
			rest = rest[n:]
			return len(rest) > 0 && err == nil
		})
		if n := next(t, "frame", got); n != pieces<<18 {
			t.Errorf("%d bytes arrived", n)
		}
		if took := time.Since(start); took < limit*3/2 {
			t.Errorf("it took %v, which proves nothing", took)
		}
	})
}

func TestFramesThatAlwaysOverlapAreNotOneThatTakesTooLong(t *testing.T) {
	const limit = 200 * time.Millisecond
	inBubble(t, func(t *testing.T, l Link, peer net.Conn) {
		n := make(chan bool, 1000)
		hold(t, l, newRecorder(t, func([]byte) { n <- true }), timed(Limits{FrameTime: limit}))
		if _, err := io.WriteString(peer, "\x00\x00"); err != nil {
			t.Fatal(err)
		}
		frames := 0
		end := time.Now().Add(2 * limit)
		steadily(limit/20, func() bool {
			_, err := io.WriteString(peer, "\x00\x02ab\x00\x00") // up to the middle of the next header
			if err != nil {
				t.Error(err)
			}
			frames++
			return time.Now().Before(end) && err == nil
		})
		for range frames {
			next(t, "frame", n)
		}
	})
}

// unread returns a link, over TLS or not, whose other end stops reading.
func unread(t *testing.T, opts *Options) Link {
	t.Helper()
	g := openGate(t, mustParse(t, "tcp://127.0.0.1:0"), *opts)
	x, err := Dial(t.Context(), g.Addr(), opts)
	if err != nil {
		t.Fatal(err)
	}
	hung := make(chan bool)
	r := newRecorder(t, func([]byte) { <-hung })
	y := next(t, "link", g.links)
	t.Cleanup(func() {
		close(hung)
		y.Close(0)
		_ = r.end()
	})
	y.Start(r, timed(Limits{}))
	return x
}

func TestAPeerThatDoesNotReadEndsTheLink(t *testing.T) {
	const limit = 50 * time.Millisecond
	for name, opts := range map[string]*Options{
		"plain": {},
		"TLS":   secured(testcert.NewAuthority(t, "CA").Issue(t, "127.0.0.1")),
	} {
		t.Run(name, func(t *testing.T) {
			x := unread(t, opts)
			r := newRecorder(t, nil)
			limits := timed(Limits{WriteTime: limit})
			limits.Output = 1000
			x.Start(r, limits)
			start := time.Now()
			for range 400 {
				x.Send(newFrame(make([]byte, 100_000)...), Leave)
			}
			checkLate(t, r.end(), "output not taken", limit, start)
			if r.drains == 0 || x.Full() {
				t.Errorf("whoever waits for room is not told: %d, %v", r.drains, x.Full())
			}
			x.Send(newFrame(1), Write) // is dropped
		})
	}
}

func TestAPeerThatReadsSlowlyIsNoneThatDoesNotRead(t *testing.T) {
	const (
		limit = 300 * time.Millisecond
		size  = 6 << 20
	)
	inBubble(t, func(t *testing.T, l Link, peer net.Conn) {
		r := newRecorder(t, nil)
		l.Start(r, timed(Limits{WriteTime: limit}))
		start := time.Now()
		l.Send(newFrame(make([]byte, size)...), Leave)
		left := size + HeaderSize
		buf := make([]byte, 64<<10)
		steadily(limit/40, func() bool {
			n, err := io.ReadFull(peer, buf[:min(left, len(buf))])
			if err != nil {
				t.Error(err)
			}
			left -= n
			return left > 0 && err == nil
		})
		if took := time.Since(start); took < limit*3/2 {
			t.Errorf("it took %v, which proves nothing", took)
		}
		l.Close(0)
		if err := r.end(); err != nil {
			t.Error(err)
		}
	})
}

func TestASilentPeerEndsTheLink(t *testing.T) {
	const limit = 100 * time.Millisecond
	inBubble(t, func(t *testing.T, l Link, peer net.Conn) {
		r := newRecorder(t, func([]byte) {})
		l.Start(r, timed(Limits{Idle: limit}))
		end := time.Now().Add(2 * limit)
		var last time.Time
		steadily(limit/20, func() bool {
			last = time.Now()
			if _, err := peer.Write(framed([]byte("x"))); err != nil {
				t.Error(err)
				return false
			}
			return last.Before(end)
		})
		go func() { _, _ = io.Copy(io.Discard, peer) }()
		l.Send(newFrame(1), Leave) // what we say does not count
		checkLate(t, r.end(), "nothing received", limit, last)
	})
}

func TestWithoutAnythingToWaitForNoTimerRuns(t *testing.T) {
	for _, tt := range []struct {
		name   string
		limits Limits
		wants  bool // a timer at all
	}{
		{"without time limits", Limits{}, false},
		{"with time limits", Limits{FrameTime: 5 * time.Millisecond, WriteTime: 5 * time.Millisecond}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			nc, peer := sockets(t, mustParse(t, "tcp://127.0.0.1:0"))
			r := newRecorder(t, func([]byte) {})
			l := NewStream(nc, Addr{}, Addr{})
			hold(t, l, r, timed(tt.limits))
			l.Send(newFrame(1), Write)
			if _, err := peer.Write(framed([]byte("x"))); err != nil {
				t.Fatal(err)
			}
			s := l.(*stream)
			timer := func() (exists, armed bool) {
				s.mu.Lock()
				defer s.mu.Unlock()
				return s.watch.timer != nil, s.watch.armed
			}
			if exists, _ := timer(); exists != tt.wants {
				t.Errorf("there is a timer: %v", exists)
			}
			deadline := time.Now().Add(patience)
			steadily(time.Millisecond, func() bool {
				_, armed := timer()
				return armed && time.Now().Before(deadline)
			})
			if _, armed := timer(); armed {
				t.Error("it runs on although all is quiet")
			}
		})
	}
}

func TestAFrameErrorNamesWhatTheOtherEndSeemsToSpeak(t *testing.T) {
	for _, tt := range []struct{ first, want string }{
		{"\x16\x03\x01\x02", "frame of 369295618 bytes, limit 100; the other end seems to speak TLS"},
		{"GET ", "frame of 1195725856 bytes, limit 100; the other end seems to speak HTTP"},
		{"abcd", "frame of 1633837924 bytes, limit 100"},
		{"\x00\x00\x00\x65", "frame of 101 bytes, limit 100"},
	} {
		err := &FrameError{binary.BigEndian.Uint32([]byte(tt.first)), 100}
		if err.Error() != tt.want {
			t.Errorf("%q: %v", tt.first, err)
		}
	}
}

func TestATimeErrorIsNoDeadlineOfASocket(t *testing.T) {
	// Whoever looks for the deadline of a call must not find that of a link.
	err := error(&TimeError{"frame not complete", time.Second})
	if errors.Is(err, os.ErrDeadlineExceeded) || err.Error() != "frame not complete after 1s" {
		t.Error(err)
	}
}
