package channel_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/gomas/gomas/channel"
)

// borrower is a dispatcher that works on each request on the goroutine that reads.
type borrower func(r *channel.Request, loan uint64)

func (b borrower) Taker() channel.Taker { return &borrowing{work: b} }

type borrowing struct {
	request channel.Request
	work    borrower
}

func (b *borrowing) Request() *channel.Request { return &b.request }

func (b *borrowing) Take() {
	loan := b.request.Borrow()
	if loan == 0 {
		panic("the goroutine that reads a socket can be lent")
	}
	b.work(&b.request, loan)
}

func (b *borrowing) GivenUp(error) {}

func TestALoanThatLastsIsRecalled(t *testing.T) {
	eachNetwork(t, func(t *testing.T, addr string) {
		first, second := make(chan struct{}), make(chan struct{})
		kept := make(chan bool, 3)
		work := borrower(func(r *channel.Request, _ uint64) {
			n, err := channel.Content[int](r)
			if err != nil {
				t.Error(err)
			}
			switch n {
			case 1:
				close(first)
				<-second
			case 2:
				close(second)
			}
			if err := r.Reply(t.Context(), n); err != nil {
				t.Error(err)
			}
			kept <- r.Return()
		})
		srv, err := channel.ListenDispatch(t.Context(), addr, func(*channel.Conn) channel.Dispatcher { return work }, nil)
		if err != nil {
			t.Fatal(err)
		}
		c := dial(t, srv.Addr(), nil)
		answered := make(chan error, 1)
		go func() {
			_, err := channel.Ask[int](soon(t), c, 1)
			answered <- err
		}()
		receive(t, "the first request", first)
		// The second request can only be read on another goroutine.
		for _, n := range []int{2, 3} {
			if got, err := channel.Ask[int](soon(t), c, n); err != nil || got != n {
				t.Errorf("the answer to %d is %d, error %v", n, got, err)
			}
		}
		if err := receive(t, "the first answer", answered); err != nil {
			t.Error(err)
		}
		lost := 0
		for range 3 {
			if !receive(t, "the end of a loan", kept) {
				lost++
			}
		}
		if lost == 0 {
			t.Error("no loan was recalled")
		}
		hangUp(t, c)
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestRecallingALoanThatIsOverChangesNothing(t *testing.T) {
	var loans []uint64
	work := borrower(func(r *channel.Request, loan uint64) {
		for _, old := range loans {
			r.Conn().Recall(old)
		}
		r.Conn().Recall(0)
		loans = append(loans, loan)
		if err := r.Reply(t.Context(), nil); err != nil {
			t.Error(err)
		}
		if !r.Return() {
			t.Error("the goroutine was lost")
		}
		r.Conn().Recall(loan)
	})
	srv, err := channel.ListenDispatch(t.Context(), "tcp://127.0.0.1:0", func(*channel.Conn) channel.Dispatcher { return work }, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, srv.Addr(), nil)
	for range 5 {
		if _, err := channel.Ask[any](soon(t), c, nil); err != nil {
			t.Error(err)
		}
	}
	hangUp(t, c)
	if err := srv.Close(); err != nil {
		t.Error(err)
	}
}

func TestARequestWhoseAnswerCouldNotBeSentIsGivenUpWithItsConnection(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	sent := make(chan error, 1)
	var c *channel.Conn
	var w *wire
	peer := &work{taking: func(task *task) {
		w.block(true)
		if err := task.request.SetResult(1); err != nil {
			t.Error(err)
		}
		go func() { sent <- task.request.Send(ctx) }()
		for c.Kept().Waiting == 0 { // while it waits for room, Take returns
			runtime.Gosched()
		}
	}}
	c, w = overWire(t, peer.dispatch, nil)
	w.deliver("[0, 1, null]")
	cancel()
	if err := <-sent; err == nil {
		t.Error("it was sent")
	}
	_ = c.Close() // never fails
	if n := len(peer.notices()); n != 1 {
		t.Errorf("told %d times", n)
	}
}

func TestAPeerThatReadsTheRefusalsOfItsRequestsIsNotCutOff(t *testing.T) {
	const requests = 20_000
	for _, output := range []int{64 << 10, 256 << 10} {
		t.Run(fmt.Sprintf("%d bytes of output", output), func(t *testing.T) {
			srv, err := channel.ListenDispatch(t.Context(), "tcp://127.0.0.1:0", func(*channel.Conn) channel.Dispatcher {
				return channel.DispatchFunc(func(*channel.Request) {})
			}, &channel.Options{Limits: channel.Limits{Requests: 1, Output: output}})
			if err != nil {
				t.Fatal(err)
			}
			r := dialRaw(t, srv.Addr())
			var all strings.Builder
			for i := range requests + 1 {
				all.WriteString(frame(fmt.Sprintf("[0, %d, 0]", i)))
			}
			go r.write(all.String())
			for i := range requests {
				if p := r.payload(); !strings.Contains(p, "OverloadError") {
					t.Fatalf("answer %d is %s", i, p)
				}
			}
			if err := srv.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
