package channel

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/internal/backoff"
	"github.com/gomas/gomas/transport"
	"github.com/gomas/gomas/turn"
)

// Client asks a peer that it connects to when there is something to ask, and
// again when the connection has been lost. Its methods may be called from any
// number of goroutines, which share one connection and one attempt to make it.
//
// A request that was under way when the connection broke fails with a
// *[LostError], since the peer may have executed it; see [Repeatable]. One
// that was not sent yet is sent on the next connection.
//
// While the peer is away, attempts are spaced by pauses that grow. In between,
// a request fails at once with an *[AwayError], or, with [Options.Patience],
// waits so long for the peer to come back.
type Client struct {
	addr   transport.Addr
	accept func(*Conn) Dispatcher
	opts   *Options
	home   turn.Turn // where connections are made, nil: where the caller is

	conn atomic.Pointer[Conn] // nil: none at the moment

	mu      sync.Mutex
	attempt *attempt // under way, nil if none is
	pauses  backoff.Backoff
	retryAt time.Duration // on the clock of the connections; no attempt before
	lastErr error         // of the last attempt, nil after a success
	closed  bool
	pausing []turn.Wait // of those who wait until retryAt
}

// attempt is one attempt to connect, shared by all who wait for it.
type attempt struct {
	ctx  *turn.Context // ends with the client
	done turn.Event
	conn *Conn // set before done without an error
}

// AwayError reports that a peer could not be reached a moment ago, and that
// the next attempt is not due yet.
type AwayError struct {
	Addr  string
	Err   error         // why the last attempt failed
	Until time.Duration // to the next attempt
}

func (e *AwayError) Error() string {
	return fmt.Sprintf("channel: %s is away, next attempt in %v: %v", e.Addr, e.Until.Round(time.Millisecond), e.Err)
}

func (e *AwayError) Unwrap() error { return e.Err }

// NewClient returns a client for the peer at an address. It does not connect
// yet. A client must be closed.
func NewClient(addr string, opts *Options) (*Client, error) {
	return NewClientDispatch(addr, nil, opts)
}

// NewClientDispatch is NewClient for those who do not want to [Conn.Receive];
// see [DialDispatch].
func NewClientDispatch(addr string, accept func(*Conn) Dispatcher, opts *Options) (*Client, error) {
	a, err := transport.ParseAddr(addr)
	if err != nil {
		return nil, fmt.Errorf("channel: %w", err)
	}
	return &Client{addr: a, accept: accept, opts: opts}, nil
}

// clock returns the clock of the connections, which ctx is of if they are local.
func (c *Client) clock(ctx context.Context) clock.Clock {
	if c.addr.Local() {
		return clock.For(ctx)
	}
	return clock.Real{}
}

// Addr returns the address of the peer.
func (c *Client) Addr() string { return c.addr.String() }

// Ask asks the peer as [Conn.Ask] does.
func (c *Client) Ask(ctx context.Context, content, reply any) error {
	return Persist(ctx, func() error {
		conn, err := c.Connect(ctx)
		if err != nil {
			return err
		}
		return conn.Ask(ctx, content, reply)
	})
}

// Tell tells the peer as [Conn.Tell] does.
func (c *Client) Tell(ctx context.Context, content any) error {
	return Persist(ctx, func() error {
		conn, err := c.Connect(ctx)
		if err != nil {
			return err
		}
		return conn.Tell(ctx, content)
	})
}

type repeatableKey struct{}

// Repeatable returns a context that marks requests as safe to be executed
// more than once. Those of a [Client] are repeated, a few times, if the
// connection breaks before the reply has come. Without [Options.Patience] one
// failed attempt to connect ends that.
func Repeatable(ctx context.Context) context.Context {
	return context.WithValue(ctx, repeatableKey{}, true)
}

// maxRepeats bounds repeating: a request that kills the peer each time must
// not go on for ever.
const maxRepeats = 5

// Persist calls ask, and calls it again, a few times, if its error is a
// *[LostError] and the request was not sent or ctx is [Repeatable]. It is how
// clients are built on connections that can be lost.
func Persist(ctx context.Context, ask func() error) error {
	var tries Attempts
	for {
		if again, err := tries.After(ctx, ask()); !again {
			return err
		}
	}
}

// Attempts are those of [Persist], for who calls in a loop of its own. The zero
// value is before the first.
type Attempts struct {
	n    int
	sent error // the first loss after which the request may have been executed
}

// After is called after each attempt, with its error. It reports whether to try
// again, or else returns the error in the end.
func (a *Attempts) After(ctx context.Context, err error) (again bool, last error) {
	if err == nil || a.n == maxRepeats {
		return false, err
	}
	a.n++
	var lost *LostError
	switch {
	case !errors.As(err, &lost):
		if a.sent != nil {
			err = fmt.Errorf("%w; repeating it: %w", a.sent, err)
		}
		return false, err
	case lost.Unsent:
	case ctx.Value(repeatableKey{}) == nil:
		return false, err
	case a.sent == nil:
		a.sent = err
	}
	return true, nil
}

// Connect returns the connection, and makes it if there is none.
func (c *Client) Connect(ctx context.Context) (*Conn, error) {
	if conn := c.current(); conn != nil {
		return conn, nil
	}
	parent := ctx
	after := TimeoutOf(ctx, c.opts)
	if after > 0 {
		var cancel context.CancelFunc
		ctx, cancel = clock.WithTimeout(ctx, c.clock(ctx), after)
		defer cancel()
	}
	conn, err := c.connect(ctx)
	if err != nil && parent.Err() == nil && ctx.Err() != nil && !errors.Is(err, ErrClosed) {
		return nil, fmt.Errorf("%w (%w)", &TimeoutError{c.addr.String(), after}, err)
	}
	return conn, err
}

func (c *Client) errClosed() error { return fmt.Errorf("channel: client of %v: %w", c.addr, ErrClosed) }

// connect is Connect without a time-out, if there is no connection.
func (c *Client) connect(ctx context.Context) (*Conn, error) {
	now := c.clock(ctx).Now
	began := now()
	for {
		conn, err := c.try(ctx)
		if err == nil || c.opts == nil || c.opts.Patience == 0 || !worthRepeating(err) {
			return conn, err
		}
		if now()-began+c.left(now()) > c.opts.Patience {
			return nil, err
		}
		if ended := c.pause(ctx); ended != nil {
			return nil, fmt.Errorf("%w (last attempt: %w)", ended, err)
		}
	}
}

// DialIn has connections be made where t is, a turn of a local network, in place
// of where the one is who calls first: so they are part of the container of t. It
// must be called before c is used.
func (c *Client) DialIn(t turn.Turn) { c.home = t }

// current returns the connection, nil if there is none. One that has ended is
// none, also before its hooks have been called: its callers would use up their
// repeats on it.
func (c *Client) current() *Conn {
	if conn := c.conn.Load(); conn != nil && !conn.ended.Load() {
		return conn
	}
	return nil
}

// left returns the time until the next attempt is due.
func (c *Client) left(now time.Duration) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return max(0, c.retryAt-now)
}

// pause waits until the next attempt is due, or the client is closed.
func (c *Client) pause(ctx context.Context) error {
	wait, err := turn.Begin(ctx, nil)
	if err != nil {
		return err
	}
	c.mu.Lock()
	timer, err := c.clock(ctx).At(c.retryAt, func() { wait.Wake(nil) })
	if c.closed || err != nil { // it is due already
		wait.Wake(nil)
	}
	c.pausing = append(c.pausing, wait)
	c.mu.Unlock()
	err = wait.Block(ctx, reaching{c})
	if timer != nil {
		timer.Stop()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pausing = forget(c.pausing, wait)
	return err
}

// reaching is what one who waits for a connection waits for.
type reaching struct{ *Client }

// Turn tells a local network whose end ends the waiting: nil is nobody's.
func (r reaching) Turn() turn.Turn { return r.home }

// String is what reports call one who waits for a connection.
func (c *Client) String() string { return "a connection to " + c.addr.String() }

// try makes one attempt, or joins the one under way.
func (c *Client) try(ctx context.Context) (*Conn, error) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil, c.errClosed()
	}
	if conn := c.current(); conn != nil {
		c.mu.Unlock()
		return conn, nil
	}
	a := c.attempt
	if a == nil {
		if wait := c.retryAt - c.clock(ctx).Now(); c.lastErr != nil && wait > 0 {
			err := &AwayError{c.addr.String(), c.lastErr, wait}
			c.mu.Unlock()
			return nil, err
		}
		// In a task of its own, so that it goes on for the others if this
		// caller gives up.
		free := turn.FreeOf(turn.From(ctx))
		if c.home != nil {
			free = turn.FreeOf(c.home)
		}
		a = &attempt{ctx: turn.NewContext(free)}
		c.attempt = a
		free.Start(turn.Func(func() { c.dial(a) }))
	}
	c.mu.Unlock()
	if err := a.done.Wait(ctx, nil, reaching{c}); err != nil {
		return nil, err
	}
	return a.conn, nil
}

func (c *Client) dial(a *attempt) {
	conn, err := dialOnce(a.ctx, c.addr, c.accept, c.opts)
	c.mu.Lock()
	c.attempt = nil
	var unwanted *Conn
	if c.closed {
		unwanted, err = conn, c.errClosed()
	}
	c.lastErr = err
	if err == nil {
		a.conn = conn
		c.conn.Store(conn)
	} else {
		c.retryAt = c.clock(a.ctx).Now() + c.pauses.Next(a.ctx.Turn())
	}
	c.mu.Unlock()
	if err == nil {
		conn.OnEnd(func(reason error) { c.lost(conn, reason) })
	}
	if unwanted != nil {
		_ = unwanted.Close() // which calls hooks that may use the client
	}
	a.done.Set(err)
}

// lost is told of the end of a connection. If nothing was ever received on it,
// making it was no success: the peer may accept everybody and turn them away.
func (c *Client) lost(conn *Conn, reason error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conn.CompareAndSwap(conn, nil)
	if conn.heard.Load() {
		c.pauses.Reset()
		return
	}
	// The loss of that connection must not be taken for that of a request's.
	if l, ok := reason.(*LostError); ok {
		reason = l.Err
	}
	c.lastErr = fmt.Errorf("connected and turned away: %w", reason)
	c.retryAt = conn.clock.Now() + c.pauses.Next(conn.turn)
}

// stop makes no more connections, and returns the one there is.
func (c *Client) stop() *Conn {
	c.mu.Lock()
	c.closed = true
	a, conn, pausing := c.attempt, c.conn.Load(), c.pausing
	c.pausing = nil
	c.mu.Unlock()
	if a != nil {
		a.ctx.Come(context.Canceled, c.errClosed())
	}
	for _, wait := range pausing {
		wait.Wake(nil)
	}
	return conn
}

// CloseIdle closes the client and returns true, if there would be nothing to
// lose: it has no connection, makes none, and what it knows of failed attempts is
// old. ctx is that of who would connect.
func (c *Client) CloseIdle(ctx context.Context) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn.Load() != nil || c.attempt != nil || len(c.pausing) > 0 {
		return false
	}
	if c.lastErr != nil && c.clock(ctx).Now() < c.retryAt+backoff.Longest {
		return false // another client would not know to pause
	}
	c.closed = true
	return true
}

// Close closes the connection, if there is one, as [Conn.Close] does, and
// makes no other.
func (c *Client) Close() error {
	if conn := c.stop(); conn != nil {
		return conn.Close()
	}
	return nil
}

// Shutdown closes the connection, if there is one, as [Conn.Shutdown] does,
// and makes no other.
func (c *Client) Shutdown(ctx context.Context) error {
	if conn := c.stop(); conn != nil {
		return conn.Shutdown(ctx)
	}
	return nil
}
