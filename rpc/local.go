package rpc

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/turn"
)

// local is a service as a [Peer]: one of this program, which is called without
// a connection.
type local Service

// Inside sets how the tree, of which s is the root, is called from within the
// program: the codec and the custom types with which values are copied, and
// the time-out. Other options have no meaning there. It must be called before
// s is used.
func (s *Service) Inside(opts *Options) { s.configure().inside = opts }

// Connect implements [Peer]. It is not called: there is nobody to connect to.
func (l *local) Connect(context.Context) (*Conn, error) {
	return nil, fmt.Errorf("rpc: %s is a service of this program", l.Describe(""))
}

// Addr implements [Peer].
func (l *local) Addr() string {
	root, _ := (*Service)(l).place()
	if d := root.settings().directory; d != nil {
		return d.Home()
	}
	return ""
}

// URL implements [Peer].
func (l *local) URL(path string) string {
	root, at := (*Service)(l).place()
	if d := root.settings().directory; d != nil {
		return d.URL(d.Home(), join(at, path))
	}
	return ""
}

// Describe implements [Peer].
func (l *local) Describe(path string) string {
	if url := l.URL(path); url != "" {
		return fmt.Sprintf("Remote(%q)", url)
	}
	_, at := (*Service)(l).place()
	return fmt.Sprintf("Remote(%q, %q)", here, join(at, path))
}

// here is what stands for an address where there is no connection.
const here = "this program"

// localCall is a call within the program.
type localCall struct {
	call
	inside
	path [64]byte // room for that of the function

	from    turn.Turn     // of the caller
	timeout time.Duration // of the call, 0: none
	earlier bool          // that is, than the caller's deadline

	seen context.Context // of which that was found, if it can be compared
}

// localCalls are reused, but for the contexts, which code may keep.
var localCalls = sync.Pool{New: func() any {
	x := new(localCall)
	x.call.inside, x.Task = &x.inside, &x.call
	return x
}}

// free gives x back. The call must be over for both sides, and have had no
// interceptors. What every call sets is left as it is, which is faster, above all
// while garbage is collected.
func (x *localCall) free() {
	c, in := &x.call, &x.inside
	if x.wait != (turn.Wait{}) { // it was queued
		x.Item, x.wait = turn.Item{Task: c}, turn.Wait{}
	}
	if in.args != nil {
		clear(in.room[:])
		in.args = nil
	}
	if in.format != nil {
		in.kwargs, in.format = nil, nil
	}
	if in.result != nil {
		in.result = nil
	}
	if in.err != nil {
		in.err = nil
	}
	x.parsed, x.late = false, false
	localCalls.Put(x)
}

// localContext is the context of a localCall, which code may keep. It is part of the
// memory of the variables, if the call has a contract.
type localContext struct {
	callContext
	visit visit
}

// over reports whether nobody looks at the variables any more, when the call has
// succeeded. They should be cleared then.
func (c *localContext) over() bool { return !c.intercepted }

// ask calls a function of the tree that l is in. The arguments are taken while
// the caller has its turn, and what it gets is a copy of the result. vars are the
// variables of a contract, which nobody changes and of which m.Args are some; nil:
// the call has none. They are going to be those of other calls, too.
func (l *local) ask(ctx context.Context, m *codec.Call, result any, vars variables) error {
	if err := turn.Err(ctx); err != nil {
		return err
	}
	room := new(localContext)
	x, err := l.call(ctx, m, result, vars, room)
	if err != nil {
		return err
	}
	return x.await(ctx, &room.visit, false)
}

// callOnce makes a call with a contract, whose variables are for no other call, for
// await: each function between the caller and a wait costs a misprediction.
func (l *local) callOnce(ctx context.Context, service, contract string, vars variables, result any, room *localContext) (*localCall, error) {
	if err := turn.Err(ctx); err != nil {
		return nil, err
	}
	return l.call(ctx, &codec.Call{Service: service, Name: nameOf(contract)}, result, vars, room)
}

// maxTold is how many calls of tell may be under way in a tree.
const maxTold = 1024

// tell is ask without waiting, unless too many have been told already.
func (l *local) tell(ctx context.Context, m *codec.Call, vars variables) error {
	root, _ := (*Service)(l).place()
	if root.told.Load() >= maxTold {
		return tolerate(root, l.ask(ctx, m, nil, vars))
	}
	if err := turn.Err(ctx); err != nil {
		return err
	}
	x, err := l.call(ctx, m, nil, vars, new(localContext))
	if err != nil {
		return tolerate(root, err)
	}
	root.told.Add(1)
	x.told = true
	x.lent = false
	x.call.start(x.owner)
	return nil
}

// over is the end of the call, for who waits for it.
func (in *inside) over() {
	if !in.told {
		in.wait.Wake(nil) // from now on the caller has it
		return
	}
	in.root.told.Add(-1)
	if in.err != nil {
		logFailure(in.root, in.err)
	}
}

// tolerate logs a failure, and returns any other error.
func tolerate(root *Service, err error) error {
	var failure *RemoteError
	if errors.As(err, &failure) {
		logFailure(root, failure)
		return nil
	}
	return err
}

func logFailure(root *Service, err error) {
	if opts := root.settings().inside; opts != nil && opts.Logger != nil {
		opts.Logger.Warn("a call that nobody waits for has failed", "error", err)
	}
}

// call makes a call of a function of the tree that l is in. A function that
// there is none of is a *RemoteError. room is for its context.
func (l *local) call(ctx context.Context, m *codec.Call, result any, vars variables, room *localContext) (*localCall, error) {
	x := localCalls.Get().(*localCall)
	c, in := &x.call, &x.inside
	root, at := (*Service)(l).appendPlace(x.path[:0])
	x.look(ctx, root)
	in.wanted = result
	if err := in.pack(m, vars); err != nil {
		return nil, err
	}
	found, searched, fault := (*target)(nil), target{}, error(nil)
	if len(at) == 0 {
		found, fault = root.route(m.Service, m.Name, at, &searched)
	} else {
		found = &searched
		searched, fault = root.resolve(appendNames(appendNames(at, m.Service), m.Name))
	}
	if fault != nil {
		return nil, in.failure(fault)
	}
	c.callContext = &room.callContext
	c.fn, c.owner = found.function, found.owner
	// A function of any shape may return a pointer to what others change.
	_, anyShape := c.fn.handler.(*reflected)
	in.private = !anyShape
	if c.turn = found.turn; c.turn == nil {
		c.turn = turn.FreeOf(x.from)
	}
	if found.around != nil {
		c.intercepted, c.around, c.path = true, found.around, join(string(at), join(m.Service, m.Name))
	}
	return x, nil
}

// look finds whose turn the caller has, and the time-out that the call has. What the
// last call found serves again, if it had the same context.
func (x *localCall) look(ctx context.Context, root *Service) {
	if x.seen != nil && x.seen == ctx && x.root == root {
		return
	}
	x.root, x.seen = root, nil
	x.timeout = max(channel.TimeoutOf(ctx, root.settings().inside), 0)
	if h, quick := ctx.(turn.Holder); quick {
		x.from = h.Turn()
		return
	}
	x.from = turn.From(ctx)
	if reflect.TypeOf(ctx).Kind() == reflect.Pointer { // which can be compared
		x.seen = ctx
	}
}

// until returns the date at which the caller stops waiting, of its context or, if
// that is earlier, of the call's own time-out.
func (x *localCall) until(ctx context.Context) (end time.Time, bounded bool) {
	end, bounded = ctx.Deadline()
	if x.timeout > 0 && turn.SchedulerOf(x.from) == nil { // else its end is no date
		if own := time.Now().Add(x.timeout); !bounded || own.Before(end) {
			x.earlier = true
			return own, true
		}
	}
	return end, bounded
}

// await has the call executed and waits for its end. room is for what it has of its
// caller; once says that the variables are for no other call.
func (x *localCall) await(ctx context.Context, room *visit, once bool) error {
	c, in := &x.call, &x.inside
	x.earlier = false
	var by turn.Ender
	if x.seen == nil {
		by, _ = ctx.(turn.Ender)
	}
	if by == nil && !turn.Helps(ctx, x.from) {
		by = turn.EnderOf(ctx)
	}
	visits := by != nil && x.timeout == 0
	end, bounded := time.Time{}, false
	if visits || x.timeout > 0 {
		if end, bounded = x.until(ctx); bounded && (visits || x.earlier) {
			c.limit.Store(until(end))
		}
	}
	room.by, c.visit, c.helped = ctx, room, !visits
	if visits {
		room.by = by
		if turn.Visit(x.from, c.turn, c) {
			if in.late {
				return turn.Err(ctx)
			}
			return x.outcome()
		}
	} else {
		lent, late := in.lent, time.Time{}
		if x.earlier {
			late = end
		}
		in.lent = lent && once // it may go on when the next call is made
		// Called from here, for each return after a wait costs a misprediction.
		switch can, err := turn.Help(ctx, late, x.from, c.turn, c); {
		case err != nil:
			return x.givenUp(err)
		case can:
			return x.outcome()
		}
		in.lent = lent
	}
	c.visit, c.helped = nil, false
	if c.limit.Load() == nil {
		if end, bounded = ctx.Deadline(); bounded {
			c.limit.Store(until(end))
		}
	}
	return x.queue(ctx, by, once)
}

// queue is await for a call that neither the caller's goroutine nor one that it keeps
// executes. by is what ctx ends with, nil: that is not known.
func (x *localCall) queue(ctx context.Context, by turn.Ender, once bool) error {
	c, in := &x.call, &x.inside
	in.lent = in.lent && once
	// A context that ends with one of ours needs no channel.
	waiting := ctx
	if by != nil && turn.From(by) == x.from {
		waiting = by
	}
	wait, err := turn.Begin(waiting, nil)
	if err != nil {
		return err
	}
	in.wait = wait
	if x.timeout > 0 {
		defer x.expire(wait, clock.For(ctx)).Stop()
	}
	c.start(c.owner)
	if err := wait.Block(waiting, c); err != nil {
		return x.givenUp(err)
	}
	return x.outcome()
}

// givenUp ends a call that is not waited for any longer, and returns why.
func (x *localCall) givenUp(reason error) error {
	x.GivenUp(channel.ErrGivenUp)
	if reason == turn.ErrLate {
		return timedOut(x.root, x.timeout)
	}
	return reason
}

// expire has the wait end at the time-out, which is on a clock.
func (x *localCall) expire(wait turn.Wait, now clock.Clock) clock.Timer {
	root, after := x.root, x.timeout
	timer, _ := now.In(after, func() { wait.Wake(timedOut(root, after)) }) // not in the past
	if x.earlier {
		return timer
	}
	if l := x.limit.Load(); l == nil || after < l.deadline()-l.clock.Now() {
		x.limit.Store(&timeLimit{clock: now, at: now.Now() + after})
		x.earlier = true
	}
	return timer
}

func timedOut(root *Service, after time.Duration) error {
	return &channel.TimeoutError{Addr: root.origin(), After: after}
}

// outcome is what the caller gets of a call that has ended.
func (x *localCall) outcome() error {
	c, in := &x.call, &x.inside
	err := in.err
	switch {
	case err == nil:
		err = in.deliver()
	case !c.bound().isOver():
	case x.earlier: // and the function was the first to notice
		err = timedOut(in.root, x.timeout)
	default:
		err = context.DeadlineExceeded
	}
	// An interceptor may have kept the call, and a scheduler the task.
	if c.around == nil && turn.SchedulerOf(c.turn) == nil {
		x.free()
	}
	return err
}

// appendPlace appends the path of s to dst, and returns the root of its tree.
func (s *Service) appendPlace(dst []byte) (root *Service, path []byte) {
	m := s.above.Load()
	if m == nil {
		return s, dst
	}
	root, dst = m.in.appendPlace(dst)
	return root, appendNames(dst, m.name)
}

// appendNames appends a path to another one, each of which may be that of a
// root.
func appendNames(dst []byte, path string) []byte {
	if len(dst) > 0 && path != "" {
		dst = append(dst, '/')
	}
	return append(dst, path...)
}
