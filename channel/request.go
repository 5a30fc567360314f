package channel

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/transport"
	"github.com/gomas/gomas/turn"
)

// Request is a request from the peer. It must be answered once, with Reply or
// Fail; until then it counts towards the limits of its connection.
//
// A Request may be handed to another goroutine, but is not for use by several
// at a time. It must not be copied.
type Request struct {
	conn     *Conn
	taker    Taker
	id       uint64
	frame    *transport.Frame // holds content
	content  codec.Raw
	size     int
	left     uint64 // milliseconds
	answered uint32
	lost     bool   // the goroutine that reads was lent, and is not the one any more
	loan     uint64 // its number, 0: none
	state    atomic.Uint32
	answer   *transport.Frame

	// Its place among the requests of the connection.
	place **Request
	next  *Request
}

// A Dispatcher decides where the requests of the peer are worked on.
type Dispatcher interface {
	// Taker returns who takes over the request that is coming; it may turn
	// out to be refused. Taker and Take are called for one request after
	// another, in the order of their arrival, on the goroutine that reads the
	// connection: they must not block. A Dispatcher of several connections is
	// called by all of these, at the same time.
	Taker() Taker
}

// A Taker takes over one request, and is not used for another. It is usually a
// struct that has the Request as a field, next to what else is needed to work on
// it.
type Taker interface {
	// Request returns where to put the request.
	Request() *Request

	// Take is called when it is there. It, or others later, answer it; see
	// [Request.Borrow] if it does that at once.
	Take()

	// GivenUp says that nobody waits for the answer any more: the caller
	// has given up, which only a peer that is gomas tells, with [ErrGivenUp] as
	// the reason, or the connection has ended. It is called at most once,
	// after Take has returned or what it borrowed was recalled, on any
	// goroutine, and must not block. It may come while the answer is being sent, and just after that. The request
	// must be answered all the same.
	GivenUp(reason error)
}

// DispatchFunc is a [Dispatcher] that calls a function with each request, which
// must not block and is not told of requests that are given up.
type DispatchFunc func(*Request)

// Taker implements [Dispatcher].
func (fn DispatchFunc) Taker() Taker { return &taken{fn: fn} }

type taken struct {
	request Request
	fn      func(*Request)
}

func (t *taken) Request() *Request { return &t.request }

func (t *taken) Take() { t.fn(&t.request) }

func (t *taken) GivenUp(error) {}

// What has happened to a request. Its taker is told that it was given up when
// both have happened.
const (
	isTaken   = 1 << iota // Take has returned
	isGivenUp             // nobody waits for the answer
)

// taken is called when the taker has taken over the request, maybe twice.
func (r *Request) taken() {
	if r.state.Or(isTaken) == isGivenUp {
		r.taker.GivenUp(r.conn.Err()) // the goroutine that reads tells of no other reason
	}
}

// giveUp is called when nobody waits for the answer any more.
func (r *Request) giveUp(reason error) {
	if r.state.Or(isGivenUp) == isTaken {
		r.taker.GivenUp(reason)
	}
}

// ErrGivenUp is the reason why a request was given up by its caller.
var ErrGivenUp = errors.New("channel: the caller has given up")

// Content decodes the content of a request.
func Content[T any](r *Request) (content T, err error) {
	err = r.Parse(&content)
	return content, err
}

// Conn returns the connection that the request came over.
func (r *Request) Conn() *Conn { return r.conn }

// Left returns how long the caller waits from now on, 0 if that is not known.
// Only peers that are gomas tell, if their call is bounded.
func (r *Request) Left() time.Duration {
	const most = uint64(Forever / time.Millisecond)
	if r.left > most {
		return 0
	}
	return time.Duration(r.left) * time.Millisecond
}

// Raw returns the content as it came, valid until Release or the answer.
func (r *Request) Raw() codec.Raw { return r.content }

// Parse decodes the content into what v points to. Content that is no value
// of the format ends the connection.
func (r *Request) Parse(v any) error {
	c := r.conn
	err := c.options.Codec.Parse(r.content, v, c.options.Types)
	if err == nil {
		codec.Own(v)
		return nil
	}
	if isSyntax(err) {
		return r.Malformed(err)
	}
	return fmt.Errorf("channel: request of %s: %w", c.origin, err)
}

// Malformed ends the connection because err shows that the content is no
// value of the format. It returns a *[ProtocolError].
func (r *Request) Malformed(err error) error {
	err = &ProtocolError{r.conn.origin, err}
	r.conn.end(err, 0)
	return err
}

// Release gives the memory of the content back before the request is
// answered. It is for dispatchers that have parsed it.
func (r *Request) Release() {
	if r.frame != nil {
		r.frame.Free()
		r.frame, r.content = nil, nil
	}
}

// Reply answers with a result. If v cannot be encoded, the peer gets a
// failure, and Reply returns the reason.
func (r *Request) Reply(ctx context.Context, v any) error {
	err := r.SetResult(v)
	if err2 := r.Send(ctx); err == nil {
		err = err2
	}
	return err
}

// Fail answers with a failure. The peer sees the type and the message of err;
// an *[Error] sets the name of the type.
func (r *Request) Fail(ctx context.Context, err error) error {
	if err == nil {
		err = errors.New("failed without an error")
	}
	r.SetFailure(err)
	return r.Send(ctx)
}

// SetResult encodes the result, to be sent by Send: Reply in two steps, for
// those who must not change v meanwhile. If v cannot be encoded, it sets a
// failure instead and returns the reason.
func (r *Request) SetResult(v any) error {
	f, err := r.conn.encode(codec.Header{Kind: codec.Result, ID: r.id}, v)
	if err != nil {
		r.SetFailure(&Error{"SerializationError", err.Error()})
		return err
	}
	r.answer = f
	return nil
}

// SetFailure encodes a failure, to be sent by Send. A text that is too long
// for a message is cut. If not even that can be sent, the connection ends, so
// that the peer does not wait for ever.
func (r *Request) SetFailure(err error) {
	h := codec.Header{Kind: codec.Failure, ID: r.id}
	f, tooLong := r.conn.encode(h, r.conn.failure(err))
	if tooLong != nil {
		f, tooLong = r.conn.encode(h, r.conn.shortFailure(err))
	}
	if tooLong != nil {
		r.conn.end(fmt.Errorf("channel: no failure can be sent to %s: %w", r.conn.origin, tooLong), 0)
		f = transport.NewFrame()
	}
	r.answer = f
}

// Send sends the answer that was set. It may have to wait until a slow peer
// has read what was sent before; if ctx ends first, the request has no answer
// yet and Send may be called again.
func (r *Request) Send(ctx context.Context) error {
	if !atomic.CompareAndSwapUint32(&r.answered, 0, 1) {
		return ErrAnswered
	}
	c := r.conn
	if r.answer == nil {
		atomic.StoreUint32(&r.answered, 0)
		return errors.New("channel: Send without an answer")
	}
	if err := c.sendAnswer(ctx, r); err != nil {
		atomic.StoreUint32(&r.answered, 0)
		return err
	}
	r.answer = nil
	r.Release()
	return c.Err()
}

// sendAnswer sends the answer to a request, and waits until that is done. If
// ctx ends first, the answer has not been sent.
func (c *Conn) sendAnswer(ctx context.Context, r *Request) error {
	if c.hasRoom() {
		// First, because the peer may ask again as soon as it has the answer.
		c.mu.Lock()
		c.done(r)
		c.mu.Unlock()
		c.link.Send(r.answer, effortOf(ctx))
		return nil
	}
	c.Recall(r.loan)
	wait, err := turn.Begin(ctx, c.turn)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.queue(waiting{frame: r.answer, request: r, sender: wait})
	c.mu.Unlock()
	if err := wait.Block(ctx, "room in the output"); err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		if i := slices.IndexFunc(c.room, func(w waiting) bool { return w.request == r }); i >= 0 {
			c.room = slices.Delete(c.room, i, i+1)
			c.rooms.Store(int32(len(c.room)))
			return err
		}
	}
	return nil
}

// Receive returns the next request from the peer, and waits for it if there
// is none. It fails when the connection or ctx has ended.
func (c *Conn) Receive(ctx context.Context) (*Request, error) {
	if c.inbox == nil {
		return nil, fmt.Errorf("channel: connection to %s has a dispatcher for its requests", c.origin)
	}
	return c.inbox.next(ctx, c.turn)
}

// inbox keeps requests until they are received. Its length is bounded by the
// limits of the connection.
type inbox struct {
	mu    sync.Mutex
	queue []*Request
	waits []turn.Wait
	err   error
}

func (b *inbox) add(r *Request) {
	b.mu.Lock()
	b.queue = append(b.queue, r)
	waits := b.waits
	b.waits = nil
	b.mu.Unlock()
	for _, w := range waits {
		w.Wake(nil)
	}
}

func (b *inbox) close(err error) {
	b.mu.Lock()
	b.err = err
	b.queue = nil // nobody waits for an answer any more
	waits := b.waits
	b.waits = nil
	b.mu.Unlock()
	for _, w := range waits {
		w.Wake(nil)
	}
}

func (b *inbox) next(ctx context.Context, otherwise turn.Turn) (*Request, error) {
	for {
		if err := turn.Err(ctx); err != nil {
			return nil, err
		}
		wait, err := turn.Begin(ctx, otherwise)
		if err != nil {
			return nil, err
		}
		b.mu.Lock()
		if len(b.queue) > 0 || b.err != nil {
			r, err := b.pop()
			b.mu.Unlock()
			wait.Drop()
			return r, err
		}
		b.waits = append(b.waits, wait)
		b.mu.Unlock()
		if err := wait.Block(ctx, "a request"); err != nil {
			b.mu.Lock()
			b.waits = forget(b.waits, wait)
			b.mu.Unlock()
			return nil, err
		}
	}
}

func (b *inbox) pop() (*Request, error) {
	if len(b.queue) == 0 {
		return nil, b.err
	}
	r := b.queue[0]
	b.queue[0] = nil
	if b.queue = b.queue[1:]; len(b.queue) == 0 {
		b.queue = nil
	}
	return r, nil
}

// forget removes a wait that was given up.
func forget(waits []turn.Wait, w turn.Wait) []turn.Wait {
	if i := slices.Index(waits, w); i >= 0 {
		return slices.Delete(waits, i, i+1)
	}
	return waits
}
