package transport

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestWhatIsSentArrivesInOrder(t *testing.T) {
	eachNetwork(t, func(t *testing.T, addr Addr) {
		rapid.Check(t, func(rt *rapid.T) {
			sent := rapid.SliceOfN(payloads(1<<20), 0, 30).Draw(rt, "sent")
			efforts := rapid.SliceOfN(rapid.SampledFrom([]Effort{Leave, Try, Write}), len(sent), len(sent)).Draw(rt, "efforts")
			var got [][]byte
			a := newRecorder(t, nil)
			b := newRecorder(t, func(payload []byte) { got = append(got, bytes.Clone(payload)) })
			x, _ := links(t, addr, a, b)
			for i, p := range sent {
				from := rapid.IntRange(0, len(p)).Draw(rt, "begin of a text")
				x.Send(frameAround(p, from, rapid.IntRange(from, len(p)).Draw(rt, "end of the text")), efforts[i])
			}
			x.Close(patience)
			if err := a.end(); err != nil {
				rt.Errorf("the end that closed: %v", err)
			}
			if err := b.end(); err != io.EOF {
				rt.Errorf("the other end: %v", err)
			}
			if len(got) != len(sent) {
				rt.Fatalf("%d of %d frames arrived", len(got), len(sent))
			}
			for i := range got {
				if !bytes.Equal(got[i], sent[i]) {
					rt.Errorf("frame %d has changed", i)
				}
			}
		})
	})
}

func TestBurstsFromManySendersKeepTheOrderOfEach(t *testing.T) {
	const senders, frames = 20, 500
	eachNetwork(t, func(t *testing.T, addr Addr) {
		// inOrder checks what one end receives, and tells when it has all.
		inOrder := func(all chan<- bool) func([]byte) {
			var next [senders]uint32
			n := 0
			return func(payload []byte) {
				who, i := payload[0], binary.BigEndian.Uint32(payload[1:])
				if next[who] != i {
					t.Errorf("frame %d of sender %d arrived when it was the turn of %d", i, who, next[who])
				}
				next[who] = i + 1
				if n++; n == senders*frames {
					all <- true
				}
			}
		}
		all := make(chan bool, 2)
		a, b := newRecorder(t, inOrder(all)), newRecorder(t, inOrder(all))
		x, y := links(t, addr, a, b)
		var sending sync.WaitGroup
		for _, l := range []Link{x, y} {
			for who := range senders {
				sending.Go(func() {
					for i := range uint32(frames) {
						payload := binary.BigEndian.AppendUint32([]byte{byte(who)}, i)
						payload = append(payload, make([]byte, (who*int(i))%300)...)
						l.Send(newFrame(payload...), Effort((uint32(who)+i)%3))
					}
				})
			}
		}
		sending.Wait()
		for range 2 {
			select {
			case <-all:
			case <-time.After(patience):
				t.Fatal("frames are missing")
			}
		}
		x.Close(0)
		y.Close(0)
		a.end()
		b.end()
	})
}

func TestFullAndDrainedGoTogether(t *testing.T) {
	eachNetwork(t, func(t *testing.T, addr Addr) {
		nc, peer := sockets(t, addr)
		r := newRecorder(t, nil)
		l := NewStream(nc, Addr{}, Addr{})
		l.Start(r, Limits{Frame: 100, Output: 10_000})
		if l.Full() {
			t.Error("full before anything was sent")
		}
		sent := 0
		for ; !l.Full(); sent++ {
			l.Send(newFrame(make([]byte, 5000)...), Leave)
		}
		if _, err := io.CopyN(io.Discard, peer, int64(sent)*5004); err != nil {
			t.Fatal(err)
		}
		defer time.AfterFunc(patience, func() { l.Close(0) }).Stop()
		r.mu.Lock()
		for r.drains == 0 && !r.ended {
			r.drained.Wait()
		}
		if l.Full() || r.ended {
			t.Errorf("all has been read: full is %v", l.Full())
		}
		r.mu.Unlock()
		l.Close(0)
		if err := r.end(); err != nil {
			t.Error(err)
		}
	})
}

func TestNobodyWaitsForRoomForEver(t *testing.T) {
	const senders, frames = 50, 100
	for _, output := range []int{1, 100, 2000} {
		eachNetwork(t, func(t *testing.T, addr Addr) {
			t.Run(fmt.Sprintf("output of %d bytes", output), func(t *testing.T) {
				nc, peer := sockets(t, addr)
				r := newRecorder(t, nil)
				l := NewStream(nc, Addr{}, Addr{})
				l.Start(r, Limits{Frame: 100, Output: output})
				payload := make([]byte, 1000)
				var sent atomic.Int32
				var sending sync.WaitGroup
				for who := range senders {
					sending.Go(func() {
						for i := range frames {
							r.waitForRoom(l)
							l.Send(newFrame(payload...), Effort((who+i)%3))
							sent.Add(1)
						}
					})
				}
				// It reads slowly, but in the end everything.
				buf := make([]byte, 700)
				for left := senders * frames * 1004; left > 0; {
					n, err := peer.Read(buf[:min(left, len(buf))])
					if err != nil {
						t.Errorf("%d bytes before the end, with %d frames sent and Full %v: %v", left, sent.Load(), l.Full(), err)
						break
					}
					left -= n
					runtime.Gosched()
				}
				l.Close(0)
				sending.Wait()
				if err := r.end(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// quickConn is a connection whose writes are over at once, and which nothing
// is read from before it is closed.
type quickConn struct {
	net.Conn
	n atomic.Int64
}

func (c *quickConn) Write(b []byte) (int, error) {
	c.n.Add(int64(len(b)))
	return len(b), nil
}

func TestNobodyWaitsForRoomForEverHoweverQuickTheWriting(t *testing.T) {
	const senders, frames, rounds = 4, 300, 200
	for range rounds {
		x, _ := net.Pipe()
		c := &quickConn{Conn: x}
		r := newRecorder(t, nil)
		l := NewStream(c, Addr{}, Addr{})
		l.Start(r, Limits{Frame: 100, Output: 10})
		var sending sync.WaitGroup
		for range senders {
			sending.Go(func() {
				for range frames {
					r.waitForRoom(l)
					l.Send(newFrame(make([]byte, 20)...), Leave)
				}
			})
		}
		done := make(chan struct{})
		go func() { sending.Wait(); close(done) }()
		select {
		case <-done:
		case <-time.After(patience):
			t.Error("senders wait although the link is not full:", l.(*stream).queued.Load())
		}
		l.Close(patience)
		if err := r.end(); err != nil {
			t.Error(err)
		}
		<-done
		if t.Failed() {
			return
		}
		if got := c.n.Load(); got != senders*frames*24 {
			t.Fatalf("%d bytes written", got)
		}
	}
}

func TestAFailedWriteEndsTheLinkWithItsReason(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("elsewhere a Unix socket whose peer does not read any more takes writes")
	}
	for range 200 {
		nc, peer := sockets(t, Addr{Scheme: schemeIPC, Path: t.TempDir() + "/s"})
		r := newRecorder(t, nil)
		l := NewStream(nc, Addr{}, Addr{})
		l.Start(r, roomy)
		if err := peer.(*net.UnixConn).CloseRead(); err != nil {
			t.Fatal(err)
		}
		l.Send(newFrame(1), Leave)
		if err := r.end(); err == nil || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, io.EOF) {
			t.Fatalf("ended with %v", err)
		}
		l.Send(newFrame(2), Write) // is dropped
	}
}

func TestCloseWritesWhatIsQueued(t *testing.T) {
	eachNetwork(t, func(t *testing.T, addr Addr) {
		nc, peer := sockets(t, addr)
		r := newRecorder(t, nil)
		l := NewStream(nc, Addr{}, Addr{})
		l.Start(r, roomy)
		const frames, size = 200, 100_000 // more than the system keeps
		for range frames {
			l.Send(newFrame(make([]byte, size)...), Leave)
		}
		l.Close(patience)
		if n, err := io.Copy(io.Discard, peer); n != frames*(size+HeaderSize) || err != nil {
			t.Errorf("%d bytes arrived, %v", n, err)
		}
		if err := r.end(); err != nil {
			t.Error(err)
		}
	})
}

func TestCloseLingersNoLongerThanItShould(t *testing.T) {
	eachNetwork(t, func(t *testing.T, addr Addr) {
		for _, linger := range []time.Duration{0, 10 * time.Millisecond} {
			nc, _ := sockets(t, addr)
			r := newRecorder(t, nil)
			l := NewStream(nc, Addr{}, Addr{})
			l.Start(r, roomy)
			for range 200 {
				l.Send(newFrame(make([]byte, 100_000)...), Leave)
			}
			start := time.Now()
			l.Close(linger)
			if err := r.end(); err != nil {
				t.Error(err)
			}
			if d := time.Since(start); d > 10*time.Second {
				t.Errorf("close with %v took %v", linger, d)
			}
			if l.Full() {
				t.Error("a link that has ended is full")
			}
		}
	})
}

func TestNothingIsDeliveredAfterClose(t *testing.T) {
	eachNetwork(t, func(t *testing.T, addr Addr) {
		nc, peer := sockets(t, addr)
		var l Link
		received := 0
		r := newRecorder(t, func([]byte) {
			received++
			l.Close(0) // also from the goroutine that delivers
			l.Close(patience)
		})
		l = NewStream(nc, Addr{}, Addr{})
		if _, err := peer.Write(bytes.Repeat(framed([]byte("x")), 3)); err != nil {
			t.Fatal(err)
		}
		l.Start(r, roomy)
		if err := r.end(); err != nil {
			t.Errorf("ended with %v", err)
		}
		if received != 1 {
			t.Errorf("%d frames delivered", received)
		}
		l.Close(0)
		l.Send(newFrame(1), Write)
	})
}

func TestALinkThatIsClosedBeforeItsStartEndsAtOnce(t *testing.T) {
	nc, peer := sockets(t, mustParse(t, "tcp://127.0.0.1:0"))
	if _, err := peer.Write(framed([]byte("x"))); err != nil {
		t.Fatal(err)
	}
	r := newRecorder(t, nil)
	l := NewStream(nc, Addr{}, Addr{})
	l.Close(0)
	l.Start(r, roomy)
	if err := r.end(); err != nil {
		t.Errorf("ended with %v", err)
	}
}

func TestTheEndOfTheOtherEndIsReported(t *testing.T) {
	eachNetwork(t, func(t *testing.T, addr Addr) {
		for _, test := range []struct {
			name, sends string
			want        error
		}{
			{"between frames", string(framed([]byte("x"))), io.EOF},
			{"in a header", "\x00\x00", io.ErrUnexpectedEOF},
			{"in a payload", "\x00\x00\x00\x05abc", io.ErrUnexpectedEOF},
			{"with what is no frame", "\x00\x00\x00\x00", &FrameError{0, roomy.Frame}},
			{"with a frame that is too large", "\x00\x10\x00\x01", &FrameError{1<<20 + 1, roomy.Frame}},
		} {
			t.Run(test.name, func(t *testing.T) {
				nc, peer := sockets(t, addr)
				r := newRecorder(t, func([]byte) {})
				NewStream(nc, Addr{}, Addr{}).Start(r, roomy)
				if _, err := io.WriteString(peer, test.sends); err != nil {
					t.Fatal(err)
				}
				if err := peer.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
					t.Fatal(err)
				}
				if err := r.end(); err == nil || err.Error() != test.want.Error() {
					t.Errorf("ended with %v, want %v", err, test.want)
				}
			})
		}
	})
}
