package rpc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/internal/stack"
	"github.com/gomas/gomas/turn"
)

// call is one incoming call.
type call struct {
	*callContext
	turn.Item
	*arrival          // nil: the call is inside the program
	inside   *inside  // and not nil
	owner    *Service // of the turn, nil if it is the connection's
	fn       function
	parsed   bool

	around []Interceptor
	path   string // set if around is
}

// arrival is what came over a connection.
type arrival struct {
	req          channel.Request
	args, kwargs codec.Raw
}

// Taker implements [channel.Dispatcher].
func (c *Conn) Taker() channel.Taker {
	if in := c.spare; in != nil {
		c.spare = nil
		*in.arrival = arrival{}
		*in = call{callContext: &callContext{conn: c}, arrival: in.arrival}
		in.Task = in
		return in
	}
	in := new(struct {
		call
		callContext
		arrival
	})
	in.call.callContext, in.call.arrival = &in.callContext, &in.arrival
	in.callContext.conn, in.Task = c, &in.call
	return &in.call
}

// Request implements [channel.Taker].
func (c *call) Request() *channel.Request { return &c.req }

// Take implements [channel.Taker].
func (c *call) Take() {
	path, args, kwargs, err := c.conn.envelope.ScanCall(c.req.Raw())
	if err != nil {
		if isSyntax(err) {
			_ = c.req.Malformed(err)
			return
		}
		c.refuse(typeError("malformed call: %v", err))
		return
	}
	found, fault := c.conn.root.resolve(path)
	if fault != nil {
		c.refuse(fault)
		return
	}
	c.fn, c.args, c.kwargs = found.function, args, kwargs
	if c.turn = found.turn; c.turn == nil {
		c.turn = c.conn.ch.Turn()
	}
	if found.around != nil {
		c.around, c.path = found.around, string(path)
	}
	if left := c.req.Left(); left > 0 {
		c.limit.Store(after(left, clock.ForTurn(c.turn)))
	}
	c.start(found.owner)
}

// start queues the call for its turn, which an owner has or nobody.
func (c *call) start(owner *Service) {
	c.owner = owner
	owner.begin()
	if c.inside == nil && c.runHere() {
		return
	}
	if owner != nil && owner.most != 0 {
		if own, ok := c.turn.(*turn.Own); ok {
			owner.enqueue(c, own)
			return
		}
	}
	c.turn.Start(&c.Item)
}

// mostHere is the longest request, in bytes, that is worked on on the goroutine
// that reads the connection: to decode a longer one takes its time.
const mostHere = 4 << 10

// runHere runs a quick call on the goroutine that reads the connection, if its turn
// has come at once.
func (c *call) runHere() (ran bool) {
	if !c.fn.pace.quick() || len(c.req.Raw()) > mostHere || !c.conn.ch.Lends() {
		return false
	}
	returned := false
	defer func() {
		if !returned { // the handler has ended the goroutine
			c.conn.ch.Recall(c.loan)
		}
	}()
	ran = turn.Here(c.turn, lent{c})
	returned = true
	if ran && c.req.Return() {
		c.keep()
	}
	return ran
}

// lent is a call as a task that runs on the goroutine that reads. That is borrowed
// only when the turn is the call's: were the loan recalled before, calls that come
// later could overtake it.
type lent struct{ *call }

// Run implements [turn.Task].
func (l lent) Run() {
	l.loan = l.req.Borrow()
	l.call.Run()
}

// Finish implements [turn.Task].
func (l lent) Finish() {
	if !l.req.Lent() {
		l.fn.pace.took(longRun)
	}
	l.call.Finish()
}

// abandon ends a call that does not come to its turn.
func (c *call) abandon(err error) {
	c.fail(err)
	if c.inside == nil {
		c.req.Release()
	}
	// Sending may have to wait, and the reading goroutine must not.
	turn.FreeOf(c.turn).Start(&turn.Item{Task: refusal{c}})
}

// GivenUp implements [channel.Taker].
func (c *call) GivenUp(reason error) {
	if !c.giveUp(reason) {
		return
	}
	if w, ok := c.Task.(*waiting); ok && w.leave() {
		c.abandon(turn.Err(c.callContext))
	}
}

// refuse answers a call that never becomes a task.
func (c *call) refuse(err error) {
	c.req.SetFailure(err)
	c.req.Release()
	// Sending may have to wait, and the reading goroutine must not.
	c.conn.ch.Turn().Start(&turn.Item{Task: refusal{c}})
}

// String is what reports call the task.
func (c *call) String() string {
	path := c.fn.Name()
	if c.owner != nil {
		_, at := c.owner.place()
		path = join(at, path)
	}
	if c.conn != nil {
		return fmt.Sprintf("%s, called by %s,", path, c.conn.ch.RemoteAddr())
	}
	return path
}

type refusal struct{ *call }

func (refusal) Run() {}

// Run implements [turn.Task]: it runs the handler and encodes the answer,
// all under the turn.
func (c *call) Run() {
	if c.inside != nil {
		c.runInside()
		return
	}
	done := false
	var began time.Time
	if c.conn.ch.Lends() && c.fn.pace.wanted(c.loan) {
		began = time.Now()
	}
	defer func() {
		defer c.returned()
		if !began.IsZero() {
			c.fn.pace.took(time.Since(began))
		}
		if !done {
			c.fail(c.broken(recover()))
		}
	}()
	result, err := c.execute()
	if err != nil {
		c.fail(err)
	} else {
		c.succeed(result)
	}
	done = true
}

// runInside is Run for a call that came over no connection.
func (c *call) runInside() {
	done := false
	if c.visit != nil {
		c.owner.enter()
		defer c.owner.exit()
	}
	defer c.returned()
	defer func() {
		if !done {
			c.fail(c.broken(recover()))
		}
	}()
	if result, err := c.execute(); err != nil {
		c.fail(err)
	} else {
		c.succeed(result)
	}
	done = true
}

// broken returns the error for a handler that has not returned, because of a panic
// with p or because it has ended its goroutine.
func (c *call) broken(p any) error {
	if p == nil {
		return &Error{Type: "RuntimeError", Message: "the handler ended its goroutine"}
	}
	trace := stack.Trace()
	if log := c.logger(); log != nil {
		log.Error("a handler panicked", "function", c.fn.Name(), "panic", p, "stack", trace)
	}
	return &PanicError{Value: p, Stack: trace}
}

// execute runs the handler, inside its interceptors if it has some.
func (c *call) execute() (result any, err error) {
	if errors.Is(c.Cause(), channel.ErrGivenUp) {
		return nil, turn.Err(c.callContext) // before it has begun
	}
	if c.owner != nil {
		if err := c.owner.closed(); err != nil {
			return nil, err
		}
	}
	if c.around == nil {
		return c.fn.handler.serve(c.callContext, c)
	}
	return c.executeInside()
}

// vars returns the variables of the caller, where the function may use them as
// its own, if its contract is the same: nothing of what it gets or returns needs
// to be copied but the values.
func (c *call) vars() any {
	if c.inside == nil || c.around != nil || !c.inside.lent {
		return nil
	}
	return c.inside.vars
}

func (c *call) executeInside() (result any, err error) {
	err = intercept(c.callContext, c.around, Info{Path: c.path, Conn: c.conn}, func(ctx context.Context) (err error) {
		if c.parsed {
			return errTwice
		}
		result, err = c.fn.handler.serve(ctx, c)
		return err
	})
	return result, err
}

func (c *call) logger() *slog.Logger {
	if c.conn != nil {
		return c.conn.ch.Options().Logger
	}
	if opts := c.inside.root.settings().inside; opts != nil {
		return opts.Logger
	}
	return nil
}

func (c *call) fail(err error) {
	if c.inside != nil {
		c.inside.err = c.inside.failure(err) // its text now, under the turn
		return
	}
	c.req.SetFailure(err)
}

// succeed takes the result. What cannot be encoded becomes a failure.
func (c *call) succeed(result any) {
	if c.inside != nil {
		_ = c.inside.succeed(result)
		return
	}
	_ = c.req.SetResult(result)
}

// Finish implements [turn.Task]: it sends the answer, when the turn is
// another's.
func (c *call) Finish() {
	if c.visit != nil { // whose caller sees the end
		c.inside.late = c.visits().isGivenUp()
		return
	}
	owner := c.owner
	defer owner.end()
	if c.inside != nil {
		c.inside.over()
		return
	}
	// An error means that nobody is there any more to be answered.
	if c.req.Send(context.Background()) == nil && c.isScheduled() {
		c.keep()
	}
}

// isScheduled reports whether a scheduler runs the call and what comes in on its
// connection.
func (c *call) isScheduled() bool {
	s := turn.SchedulerOf(c.turn)
	return s != nil && s == turn.SchedulerOf(c.conn.ch.Turn())
}

// keep has the call used again for the next request of its connection, unless
// somebody else may have it. The caller alone has the connection: as the goroutine
// that reads it, or because a scheduler runs one thing at a time.
func (c *call) keep() {
	if c.around == nil && c.Task == turn.Task(c) { // interceptors may keep it, and queues
		c.args, c.kwargs = nil, nil
		c.conn.spare = c
	}
}
