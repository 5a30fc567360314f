package transport

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// sleeper is a receiver of which each call of Receive that a function says so
// lasts until it is told to return, while the link goes on on another goroutine.
type sleeper struct {
	*recorder
	link   Resumer
	sleeps func(payload []byte) (wake <-chan struct{})
}

func (s *sleeper) Receive(f *Frame) (resumed bool) {
	wake := s.sleeps(f.Payload())
	if wake == nil {
		return s.recorder.Receive(f)
	}
	s.recorder.Receive(f)
	s.link.Resume()
	<-wake
	return true
}

func TestALinkGoesOnWhileAReceiverIsBusy(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	eachNetwork(t, func(t *testing.T, addr Addr) {
		const frames = 100
		all, release := make(chan struct{}), make(chan struct{})
		var n byte
		b := &sleeper{recorder: newRecorder(t, func(payload []byte) {
			if payload[0] != n {
				t.Errorf("frame %d came after %d others", payload[0], n)
			}
			if n++; n == frames {
				close(all)
			}
		})}
		b.sleeps = func(payload []byte) <-chan struct{} {
			if payload[0]%10 == 3 {
				return release
			}
			return nil
		}
		nc, peer := sockets(t, addr)
		l := NewStream(nc, Addr{}, Addr{})
		b.link = l.(Resumer)
		l.Start(b, roomy)
		var together []byte // most of them in one piece
		for i := range byte(frames) {
			together = append(together, framed([]byte{i})...)
		}
		for _, part := range [][]byte{together[:7], together[7:300], together[300:]} {
			if _, err := peer.Write(part); err != nil {
				t.Fatal(err)
			}
		}
		<-all
		l.Close(0)
		if err := b.end(); err != nil { // with ten calls of Receive that have not returned
			t.Error(err)
		}
		close(release)
	})
}

// countingConn counts how often it is written to.
type countingConn struct {
	net.Conn
	writes atomic.Int32
}

func (c *countingConn) Write(b []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(b)
}

func TestAnswersToFramesThatCameTogetherLeaveTogether(t *testing.T) {
	const frames = 50
	nc, peer := sockets(t, mustParse(t, "tcp://127.0.0.1:0"))
	counting := &countingConn{Conn: nc}
	l := NewStream(counting, Addr{}, Addr{})
	r := newRecorder(t, func(payload []byte) { l.Send(newFrame(payload...), Write) })
	l.Start(r, roomy)
	together := bytes.Repeat(framed([]byte("question")), frames)
	if _, err := peer.Write(together); err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, peer, int64(len(together))); err != nil {
		t.Fatal(err)
	}
	l.Close(0)
	if err := r.end(); err != nil {
		t.Error(err)
	}
	// They may have been read in several pieces, but hardly one by one.
	if n := counting.writes.Load(); n > frames/2 {
		t.Errorf("%d writes for %d answers", n, frames)
	}
}

func TestALinkReadsOnWhenThePeerDoesNotTakeTheAnswers(t *testing.T) {
	eachNetwork(t, func(t *testing.T, addr Addr) {
		for _, size := range []int{10_000, 100_000} {
			t.Run(fmt.Sprintf("of %d bytes", size), func(t *testing.T) {
				const frames = 300
				nc, peer := sockets(t, addr)
				l := NewStream(nc, Addr{}, Addr{})
				answer, n, all := make([]byte, size), uint32(0), make(chan struct{})
				r := newRecorder(t, func([]byte) {
					binary.BigEndian.PutUint32(answer, n)
					l.Send(newFrame(answer...), Write)
					if n++; n == frames {
						close(all)
					}
				})
				l.Start(r, Limits{Frame: 1 << 20, Output: 1 << 30})
				if _, err := peer.Write(bytes.Repeat(framed([]byte("question")), frames)); err != nil {
					t.Fatal(err)
				}
				select {
				case <-all:
				case <-time.After(patience):
					t.Fatal("the link waits for the peer to read")
				}
				for i := range uint32(frames) { // whole and in order
					got := make([]byte, HeaderSize+size)
					if _, err := io.ReadFull(peer, got); err != nil {
						t.Fatal(err)
					}
					if k := binary.BigEndian.Uint32(got[HeaderSize:]); k != i {
						t.Fatalf("answer %d came as number %d", k, i)
					}
				}
				l.Close(0)
				if err := r.end(); err != nil {
					t.Error(err)
				}
			})
		}
	})
}

func TestWhatIsHeldBackIsWrittenBeforeTheLinkCloses(t *testing.T) {
	eachNetwork(t, func(t *testing.T, addr Addr) {
		nc, peer := sockets(t, addr)
		l := NewStream(nc, Addr{}, Addr{})
		r := newRecorder(t, func([]byte) {
			l.Send(newFrame('a'), Write)
			l.Close(patience)
		})
		l.Start(r, roomy)
		if _, err := peer.Write(bytes.Repeat(framed([]byte("question")), 3)); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, HeaderSize+1)
		if _, err := io.ReadFull(peer, got); err != nil || got[HeaderSize] != 'a' {
			t.Errorf("the peer got %q, error %v", got, err)
		}
		_ = peer.Close() // a test's
		if err := r.end(); err != nil {
			t.Error(err)
		}
	})
}
