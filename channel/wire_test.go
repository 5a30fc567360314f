package channel_test

import (
	"sync"
	"testing"
	"time"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/transport"
)

// wire is a link whose other end is the test, which sees every frame and
// decides when one comes.
type wire struct {
	mu       sync.Mutex
	receiver transport.Receiver
	sent     []string
	full     bool
	over     bool
}

// overWire returns a connection over a wire for as long as the test lasts.
func overWire(t testing.TB, accept func(*channel.Conn) channel.Dispatcher, opts *channel.Options) (*channel.Conn, *wire) {
	w := new(wire)
	c := channel.Over(w, accept, opts)
	t.Cleanup(func() { _ = c.Close() }) // which cannot fail
	return c, w
}

func (w *wire) Start(r transport.Receiver, _ transport.Limits) { w.receiver = r }

func (w *wire) Send(f *transport.Frame, _ transport.Effort) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.over {
		w.sent = append(w.sent, string(f.Payload()))
	}
	f.Free()
}

func (w *wire) Full() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.full
}

func (w *wire) Close(time.Duration) {
	w.mu.Lock()
	w.over = true
	w.mu.Unlock()
	w.receiver.Closed(nil)
}

func (w *wire) LocalAddr() transport.Addr { return transport.Addr{} }

func (w *wire) RemoteAddr() transport.Addr { return transport.Addr{} }

// block makes the output full, or takes all of it again.
func (w *wire) block(full bool) {
	w.mu.Lock()
	w.full = full
	w.mu.Unlock()
	if !full {
		w.receiver.Drained()
	}
}

// deliver has messages come in.
func (w *wire) deliver(messages ...string) {
	for _, m := range messages {
		f := transport.NewFrame()
		f.B = append(f.B, m...)
		w.receiver.Receive(f)
	}
}

// take returns what was sent since it was last called.
func (w *wire) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	sent := w.sent
	w.sent = nil
	return sent
}

// hello has the peer say that it is gomas, and forgets what was sent so far.
func (w *wire) hello() {
	w.deliver("[4, 1, null]" + jsonMark)
	w.take()
}

// jsonMark is the mark of messages in JSON.
const jsonMark = "\t \t"

// work is a dispatcher that keeps requests, and notes what it is told.
type work struct {
	mu       sync.Mutex
	requests []*channel.Request
	notes    []note
	hellos   []string
	greeting any
	reject   error       // of what the peer tells
	taking   func(*task) // called by Take, may be nil
}

// note is one call of GivenUp.
type note struct {
	request int // its place in the order of arrival
	reason  error
}

// dispatch has requests worked on.
func (w *work) dispatch(*channel.Conn) channel.Dispatcher { return w }

func (w *work) Taker() channel.Taker { return &task{work: w} }

func (w *work) Greeting() any { return w.greeting }

func (w *work) Greeted(content codec.Raw) error {
	w.hellos = append(w.hellos, string(content))
	return w.reject
}

// notices returns the notes taken so far.
func (w *work) notices() []note {
	w.mu.Lock()
	defer w.mu.Unlock()
	notes := w.notes
	w.notes = nil
	return notes
}

type task struct {
	work    *work
	request channel.Request
	place   int
}

func (t *task) Request() *channel.Request { return &t.request }

func (t *task) Take() {
	w := t.work
	w.mu.Lock()
	t.place = len(w.requests)
	w.requests = append(w.requests, &t.request)
	w.mu.Unlock()
	if w.taking != nil {
		w.taking(t)
	}
}

func (t *task) GivenUp(reason error) {
	t.work.mu.Lock()
	defer t.work.mu.Unlock()
	t.work.notes = append(t.work.notes, note{t.place, reason})
}
