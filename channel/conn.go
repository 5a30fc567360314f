package channel

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/transport"
	"github.com/gomas/gomas/turn"
)

// Conn is one end of a connection. Both ends may ask and both may answer. Its
// methods may be called from any number of goroutines.
type Conn struct {
	link     transport.Link
	options  Options
	envelope codec.Enveloper
	packer   codec.Packer   // nil: none
	splitter codec.Splitter // nil: none, or what it leaves out could not be packed
	marker   codec.Marker   // nil: none
	turn     turn.Turn      // of waits whose context names none
	clock    clock.Clock
	dispatch Dispatcher
	inbox    *inbox // the dispatcher, if it is ours
	loans    loans
	lead     lead
	origin   string // the peer, as errors name it

	began  time.Duration
	dialed bool
	heard  atomic.Bool     // something has been received
	kin    atomic.Uint32   // a [Kin]
	marked atomic.Bool     // a message has been marked
	told   atomic.Int32    // requests of Tell that have no reply yet
	hailed bool            // the peer has said hello; for the goroutine that reads
	ctx    context.Context // ends with the connection
	cancel context.CancelCauseFunc
	gone   turn.Event // nothing of the connection remains
	onGone func()     // called before gone, may be nil

	mu       sync.Mutex
	onEnd    []func(error)
	err      error       // why the connection has ended, nil before
	ended    atomic.Bool // err is set, for those who do not hold mu
	calls    calls
	lastDone <-chan struct{} // of the context of the last call, see [endOf]
	room     []waiting       // frames that wait for the link to drain
	rooms    atomic.Int32    // length of room
	alarm    clock.Timer     // of calls and room, nil before it is needed
	alarmAt  time.Duration
	requests requests
	draining bool        // no new requests are taken
	idle     *turn.Event // set when draining and there are no requests
}

// newConn makes a connection that is yet to be started. Its requests are for
// the dispatcher that accept returns, or for Receive if accept is nil.
func newConn(link transport.Link, opts *Options, dialed bool, accept func(*Conn) Dispatcher) *Conn {
	c := &Conn{link: link, options: opts.withDefaults(), turn: transport.TurnOf(link), dialed: dialed}
	c.clock = clock.ForTurn(c.turn)
	c.began = c.clock.Now()
	c.envelope = codec.Envelope(c.options.Codec)
	if c.packer, _ = c.options.Codec.(codec.Packer); c.packer == nil {
		if s, ok := c.envelope.(codec.Splitter); ok && s.Splits(c.options.Codec) {
			c.splitter = s
		}
	}
	c.marker, _ = c.options.Codec.(codec.Marker)
	c.origin = link.RemoteAddr().String()
	c.ctx, c.cancel = context.WithCancelCause(context.Background())
	c.loans.link, _ = link.(transport.Resumer)
	c.loans.look.look = c.lookAfter
	c.lead.link, _ = link.(transport.Leader)
	c.lead.look.look = c.attend
	if turn.SchedulerOf(c.turn) != nil {
		c.ctx = turn.With(c.ctx, c.turn)
	}
	if l, ok := link.(interface{ Speaks(codec.Codec) }); ok {
		l.Speaks(c.options.Codec) // to those who record what is said
	}
	if accept != nil {
		c.dispatch = accept(c)
	} else {
		c.inbox = new(inbox)
		c.dispatch = DispatchFunc(c.inbox.add)
	}
	return c
}

func (c *Conn) start() {
	if hook := c.options.Connected; hook != nil {
		hook(c)
	}
	c.log(slog.LevelInfo, "connected")
	c.link.Start((*receiver)(c), c.options.Limits.link())
}

// log writes to the logger, if there is one.
func (c *Conn) log(level slog.Level, msg string, args ...any) {
	if l := c.options.Logger; l != nil {
		l.Log(c.ctx, level, msg, append([]any{"peer", c.origin}, args...)...)
	}
}

// TLS returns the state of TLS, with the verified certificate of the peer, and
// whether the connection uses it.
func (c *Conn) TLS() (state tls.ConnectionState, ok bool) {
	if l, has := c.link.(interface {
		ConnectionState() (tls.ConnectionState, bool)
	}); has {
		return l.ConnectionState()
	}
	return state, false
}

// Dialed reports whether this end made the connection.
func (c *Conn) Dialed() bool { return c.dialed }

// Dispatcher returns who gets the requests of the peer.
func (c *Conn) Dispatcher() Dispatcher { return c.dispatch }

// LocalAddr returns the address of this end, "" if it is not known.
func (c *Conn) LocalAddr() string { return c.link.LocalAddr().String() }

// RemoteAddr returns the address of the peer: the one that was dialled, or
// where an incoming connection comes from.
func (c *Conn) RemoteAddr() string { return c.origin }

// UseTypes replaces the custom types. It may be called before anything is sent
// or received: by the function that accepts the connection.
func (c *Conn) UseTypes(types *codec.Types) { c.options.Types = types }

// Options returns the settings of the connection, with all defaults filled in.
func (c *Conn) Options() Options { return c.options }

// Turn returns the turn under which waits are made whose context names none,
// and requests are answered that belong to no agent.
func (c *Conn) Turn() turn.Turn { return c.turn }

// Context returns a context that ends when the connection does, with the
// reason as its cause.
func (c *Conn) Context() context.Context { return c.ctx }

// Err returns why the connection has ended, nil as long as it has not.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// OnEnd has fn called with the reason when the connection ends, or at once if
// it has ended. It is called on whatever goroutine finds out, so it must not
// block.
func (c *Conn) OnEnd(fn func(reason error)) {
	c.mu.Lock()
	reason := c.err
	if reason == nil {
		c.onEnd = append(c.onEnd, fn)
	}
	c.mu.Unlock()
	if reason != nil {
		fn(reason)
	}
}

// Wait waits until the connection has ended and everything that belongs to
// it is gone. It returns the reason, or the error of ctx if that ends first.
func (c *Conn) Wait(ctx context.Context) error {
	if err := c.gone.Wait(ctx, c.turn, "the end of a connection"); err != nil {
		return err
	}
	return c.Err()
}

// Close closes the connection. What has been sent is still written, within a
// second; requests that wait for a reply, here and at the peer, fail. It
// returns at once; [Conn.Wait] waits for the end.
func (c *Conn) Close() error {
	c.end(fmt.Errorf("channel: connection to %s: %w", c.origin, ErrClosed), linger)
	return nil
}

// Shutdown closes the connection in good order: it refuses new requests from
// the peer, waits until those being worked on have been answered, and then
// closes. If ctx ends first it closes all the same and returns its error.
func (c *Conn) Shutdown(ctx context.Context) error {
	idle := c.drain()
	err := idle.Wait(ctx, c.turn, "requests to be answered")
	_ = c.Close()
	if err != nil {
		return err
	}
	return c.gone.Wait(ctx, c.turn, "the end of a connection")
}

// drain takes no more requests, and returns the event of there being none.
func (c *Conn) drain() *turn.Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.idle == nil {
		c.idle = new(turn.Event)
	}
	c.draining = true
	if c.requests.n == 0 || c.err != nil {
		c.idle.Set(nil)
	}
	return c.idle
}

// end ends the connection for a reason, once.
func (c *Conn) end(reason error, linger time.Duration) {
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return
	}
	c.err = reason
	c.ended.Store(true)
	unsent := c.unsent()
	calls := c.calls.takeAll()
	queued := make(map[uint64]bool)
	for _, w := range c.room {
		if w.request == nil {
			queued[w.call] = true
			w.frame.Free()
			continue
		}
		c.done(w.request)
		if linger > 0 {
			c.link.Send(w.frame, transport.Leave)
		} else {
			w.frame.Free()
		}
		w.sender.Wake(nil)
	}
	c.room = nil
	c.rooms.Store(0)
	requests := c.requests.all()
	onEnd := c.onEnd
	c.onEnd = nil
	if c.idle != nil {
		c.idle.Set(nil)
	}
	if c.alarm != nil {
		c.alarm.Stop()
	}
	c.mu.Unlock()
	for _, p := range calls {
		switch {
		case p.told():
		case queued[p.id]:
			p.wait.Wake(unsent)
		default:
			p.wait.Wake(reason)
		}
	}
	if c.inbox != nil {
		c.inbox.close(reason)
	}
	c.link.Close(linger)
	c.attended()
	c.lead.unfollow()
	c.cancel(reason)
	for _, r := range requests {
		r.giveUp(reason)
	}

	// What belongs to others comes last: it may panic.
	level := slog.LevelInfo
	var protocol *ProtocolError
	if errors.As(reason, &protocol) {
		level = slog.LevelWarn
	}
	c.log(level, "connection ended", "reason", reason)
	for _, fn := range onEnd {
		fn(reason)
	}
	if hook := c.options.Lost; hook != nil {
		hook(c, reason)
	}
}
