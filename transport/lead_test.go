package transport

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"

	"github.com/gomas/gomas/internal/testcert"
)

// follower is a receiver that stops the reading with each frame that says so.
type follower struct {
	*recorder
	link Leader
	got  chan string
}

func (f *follower) Receive(fr *Frame) bool {
	text := string(fr.Payload())
	fr.Free()
	left := strings.HasPrefix(text, "stop") && f.link.Vacate()
	f.got <- text
	return left
}

// led returns a link that can be led, with its receiver, and the socket of its peer.
func led(t *testing.T, addr Addr, opts *Options) (s *stream, f *follower, peer net.Conn) {
	t.Helper()
	g := openGate(t, addr, *opts)
	dialled, err := Dial(t.Context(), g.Addr(), opts)
	if err != nil {
		t.Fatal(err)
	}
	peer = dialled.(*stream).nc
	t.Cleanup(func() { _ = peer.Close() }) // often closed already
	s = next(t, "link", g.links).(*stream)
	f = &follower{newRecorder(t, nil), s, make(chan string, 10)}
	s.Start(f, roomy)
	t.Cleanup(func() { s.Close(0) })
	return s, f, peer
}

func say(t *testing.T, peer net.Conn, texts ...string) {
	t.Helper()
	var b []byte
	for _, text := range texts {
		b = append(b, framed([]byte(text))...)
	}
	if _, err := peer.Write(b); err != nil {
		t.Error(err)
	}
}

func (f *follower) expect(texts ...string) {
	f.t.Helper()
	for _, want := range texts {
		if got := next(f.t, "frame", f.got); got != want {
			f.t.Errorf("got %.20q, want %.20q", got, want)
		}
	}
}

// vacated waits until nobody reads.
func vacated(s *stream) {
	for !s.vacant.Load() {
		runtime.Gosched()
	}
}

func TestReadersTakeTurnsAndFramesStayInOrder(t *testing.T) {
	eachNetwork(t, func(t *testing.T, addr Addr) {
		s, f, peer := led(t, addr, new(Options))
		say(t, peer, "one", "stop two")
		f.expect("one", "stop two")
		vacated(s)
		say(t, peer, "three")
		say(t, peer, "four", "stop five")
		if !s.Lead() {
			t.Error("the leader is told that it was interrupted")
		}
		f.expect("three", "four", "stop five")
		say(t, peer, "stop six")
		if !s.Lead() {
			t.Error("the second leader is told that it was interrupted")
		}
		f.expect("stop six")
		s.Resume()
		say(t, peer, "seven")
		f.expect("seven")
	})
}

func TestReadingGoesOnIfMoreHasArrived(t *testing.T) {
	s, f, peer := led(t, mustParse(t, "tcp://127.0.0.1:0"), new(Options))
	say(t, peer, "stop one", "two") // with one write, so that they arrive together
	f.expect("stop one", "two")
	half := framed([]byte("four"))
	if _, err := peer.Write(append(framed([]byte("stop three")), half[:6]...)); err != nil {
		t.Error(err)
	}
	f.expect("stop three")
	if _, err := peer.Write(half[6:]); err != nil {
		t.Error(err)
	}
	f.expect("four")
	if s.vacant.Load() {
		t.Error("nobody reads")
	}
}

func TestWhatIsSentMeanwhileIsNotHeldBackWhenReadingIsLeft(t *testing.T) {
	s, f, peer := led(t, mustParse(t, "tcp://127.0.0.1:0"), new(Options))
	say(t, peer, "stop")
	f.expect("stop")
	vacated(s)
	answer := NewFrame()
	answer.B = append(answer.B, "answer"...)
	s.Send(answer, Try)
	b := make([]byte, HeaderSize+6)
	if _, err := io.ReadFull(peer, b); err != nil || string(b[HeaderSize:]) != "answer" {
		t.Errorf("the peer reads %q, error %v", b, err)
	}
	s.Resume()
}

func TestALeaderIsInterruptedAtAnyPlaceAndNothingIsLost(t *testing.T) {
	over := map[string]*Options{"tcp": {}, "tls": secured(testcert.NewAuthority(t, "CA").Issue(t, "127.0.0.1"))}
	for name, opts := range over {
		t.Run(name, func(t *testing.T) { interruptEverywhere(t, opts) })
	}
}

func interruptEverywhere(t *testing.T, opts *Options) {
	for _, size := range []int{30, 300, maxRead/2 + 100, 5 * maxRead} {
		s, f, peer := led(t, mustParse(t, "tcp://127.0.0.1:0"), opts)
		say(t, peer, "stop")
		f.expect("stop")
		vacated(s)
		text := strings.Repeat("stop", size/4+1)[:size]
		whole := framed([]byte(text))
		lead := func(part []byte) (done chan bool) {
			done = make(chan bool)
			reads := s.reads.Load()
			go func() { done <- s.Lead() }()
			for s.reads.Load() == reads {
				runtime.Gosched()
			}
			if _, err := peer.Write(part); err != nil {
				t.Error(err)
			}
			return done
		}
		for _, part := range [][]byte{nil, whole[:2], whole[2:7], whole[7 : size/2]} {
			reads := s.reads.Load()
			done := lead(part)
			s.Interrupt()
			if next(t, "end of leading", done) {
				t.Error("a leader that was interrupted is not told")
			}
			if part == nil && s.reads.Load() != reads {
				t.Error("an interruption counts as something received")
			}
		}
		if !next(t, "end of leading", lead(whole[size/2:])) {
			t.Error("a leader that got its frame is told that it was interrupted")
		}
		f.expect(text)
		s.Resume()
		say(t, peer, "on")
		f.expect("on")
	}
}

func TestAnInterruptionThatComesLateDisturbsNothing(t *testing.T) {
	s, f, peer := led(t, mustParse(t, "tcp://127.0.0.1:0"), new(Options))
	for _, text := range []string{"one", "two"} {
		s.Interrupt()
		s.Interrupt()
		say(t, peer, text)
		f.expect(text)
	}
	say(t, peer, "stop")
	f.expect("stop")
	vacated(s)
	s.Interrupt()
	if s.Lead() {
		t.Error("it is told to the next leader")
	}
	s.Resume()
	say(t, peer, "three")
	f.expect("three")
	s.Close(0)
	s.Interrupt()
	if err := f.end(); err != nil {
		t.Error(err)
	}
	s.Interrupt()
}

func TestTheEndOfALinkThatNobodyReadsIsReportedWhenItIsReadAgain(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(t *testing.T, s *stream, peer net.Conn)
		want func(error) bool
	}{
		"by Close": {func(_ *testing.T, s *stream, _ net.Conn) { s.Close(0) }, func(err error) bool { return err == nil }},
		"by the peer": {func(t *testing.T, _ *stream, peer net.Conn) {
			if err := peer.Close(); err != nil {
				t.Error(err)
			}
		}, func(err error) bool { return errors.Is(err, io.EOF) }},
		"by something that is no frame": {func(t *testing.T, _ *stream, peer net.Conn) {
			if _, err := peer.Write(binary.BigEndian.AppendUint32(nil, 0)); err != nil {
				t.Error(err)
			}
		}, func(err error) bool { return errors.As(err, new(*FrameError)) }},
	} {
		for _, lead := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				s, f, peer := led(t, mustParse(t, "tcp://127.0.0.1:0"), new(Options))
				say(t, peer, "stop")
				f.expect("stop")
				vacated(s)
				c.end(t, s, peer)
				if lead && s.Lead() {
					t.Error("the leader is not told")
				}
				s.Resume()
				if err := f.end(); !c.want(err) {
					t.Errorf("the reason is %v", err)
				}
			})
		}
	}
}

func TestWhatHasArrivedIsKnownBeforeItIsRead(t *testing.T) {
	over := map[string]*Options{"tcp": {}, "tls": secured(testcert.NewAuthority(t, "CA").Issue(t, "127.0.0.1"))}
	for name, opts := range over {
		t.Run(name, func(t *testing.T) {
			s, f, peer := led(t, mustParse(t, "tcp://127.0.0.1:0"), opts)
			say(t, peer, "stop")
			f.expect("stop")
			vacated(s)
			if got := s.Arrived(); got != Nothing {
				t.Errorf("at first: %d", got)
			}
			say(t, peer, "stop once more")
			something := Something
			if name == "tls" { // which may be its end
				something = Ended
			}
			arrives(t, s, something)
			if !s.Lead() {
				t.Error("the frame is not delivered any more")
			}
			f.expect("stop once more")
			if err := peer.Close(); err != nil {
				t.Error(err)
			}
			arrives(t, s, Ended)
			s.Resume()
			if err := f.end(); !errors.Is(err, io.EOF) {
				t.Errorf("the reason is %v", err)
			}
		})
	}
}

// arrives waits until something arrives, which nobody reads.
func arrives(t *testing.T, s *stream, want Arrival) {
	t.Helper()
	got := s.Arrived()
	for end := time.Now().Add(patience); got == Nothing && time.Now().Before(end); {
		got = s.Arrived()
	}
	if got != want {
		t.Errorf("%d arrives, want %d", got, want)
	}
}

func TestAFrameThatWasPutBackIsDeliveredFirst(t *testing.T) {
	s, f, peer := led(t, mustParse(t, "tcp://127.0.0.1:0"), new(Options))
	say(t, peer, "stop")
	f.expect("stop")
	vacated(s)
	again := NewFrame()
	again.B = append(again.B, "again"...)
	s.PutBack(again)
	say(t, peer, "next")
	s.Resume()
	f.expect("again", "next")
}

// lapse is a stream whose reading fails now and then, for once.
type lapse struct {
	io.Reader
	fails func() bool
}

func (l lapse) Read(b []byte) (int, error) {
	if l.fails() {
		return 0, os.ErrDeadlineExceeded
	}
	return l.Reader.Read(b)
}

func TestReadingGoesOnWhereItFailedForOnce(t *testing.T) {
	const limit = 1 << 20
	rapid.Check(t, func(t *rapid.T) {
		sent := rapid.SliceOfN(payloads(limit), 0, 10).Draw(t, "sent")
		var stream []byte
		for _, p := range sent {
			stream = append(stream, framed(p)...)
		}
		cuts := rapid.SliceOfN(rapid.OneOf(rapid.IntRange(1, 9), rapid.IntRange(1, 2*maxRead)), 1, 20).Draw(t, "cuts")
		every, n := rapid.IntRange(2, 5).Draw(t, "every"), 0
		r := reader{src: lapse{&drip{stream, cuts}, func() bool { n++; return n%every == 0 }}, limit: limit}
		for i := 0; i < len(sent); {
			f, err := r.next()
			switch {
			case errors.Is(err, os.ErrDeadlineExceeded):
			case err != nil:
				t.Fatalf("frame %d: %v", i, err)
			default:
				if string(f.Payload()) != string(sent[i]) {
					t.Fatalf("frame %d of %d bytes has changed", i, len(sent[i]))
				}
				f.Free()
				i++
			}
		}
		if r.pending() {
			t.Error("something is left")
		}
	})
}

// halting is a connection that gives a few bytes at a time and, once it is on, fails
// before each further read.
type halting struct {
	net.Conn
	on, failed bool
}

func (h *halting) Read(b []byte) (int, error) {
	if !h.on {
		return h.Conn.Read(b)
	}
	if h.failed = !h.failed; h.failed {
		return 0, os.ErrDeadlineExceeded
	}
	return h.Conn.Read(b[:min(len(b), 1000)])
}

func TestTLSGoesOnWhereReadingFailedForOnce(t *testing.T) {
	var sent [][]byte
	for _, size := range []int{1, 500, maxRead / 2, 5 * maxRead} {
		sent = append(sent, []byte(strings.Repeat("x", size)))
	}
	opts := secured(testcert.NewAuthority(t, "CA").Issue(t, "127.0.0.1"))
	links := make(chan Link, 1)
	ln, err := Listen(t.Context(), mustParse(t, "tcp://127.0.0.1:0"), opts)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	ln.Start(func(l Link) { links <- l })
	config, err := opts.TLS.client("127.0.0.1", nil)
	if err != nil {
		t.Fatal(err)
	}
	under := &halting{Conn: rawDial(t, ln.Addr())}
	c := tls.Client(under, config)
	if err := c.HandshakeContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	under.on = true
	peer := next(t, "link", links).(*stream).nc
	defer peer.Close()
	go func() {
		for _, p := range sent {
			if _, err := peer.Write(framed(p)); err != nil {
				t.Error(err)
			}
		}
	}()
	r := reader{src: c, limit: 1 << 20}
	for i, p := range sent {
		f, err := r.next()
		for errors.Is(err, os.ErrDeadlineExceeded) {
			f, err = r.next()
		}
		if err != nil || string(f.Payload()) != string(p) {
			t.Fatalf("frame %d has changed, error %v", i, err)
		}
	}
}

func TestAnEndThatComesWithTheLastBytesIsNotForgotten(t *testing.T) {
	r := reader{src: iotest.DataErrReader(bytes.NewReader(framed([]byte("last")))), limit: 100}
	f, err := r.next()
	if err != nil || string(f.Payload()) != "last" {
		t.Fatalf("the frame has an error: %v", err)
	}
	if !r.pending() {
		t.Error("the end is not pending")
	}
	if _, err := r.next(); err != io.EOF {
		t.Errorf("after it: %v", err)
	}
}
