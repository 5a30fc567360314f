package rpc

import (
	"context"
	"errors"
	"fmt"
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
	context *localContext
	room    [6]any   // for arguments
	path    [64]byte // room for that of the function
}

// localCalls are reused, but for the contexts, which code may keep.
var localCalls = sync.Pool{New: func() any { return new(localCall) }}

// free gives x back. The call must be over for both sides, and have had no
// interceptors. What every call sets is left as it is, which is faster.
func (x *localCall) free() {
	x.callContext, x.context = nil, nil
	x.Item = turn.Item{}
	x.wait = turn.Wait{}
	x.parsed, x.late, x.awaited = false, false, false
	in := &x.inside
	clear(x.room[:])
	in.args, in.kwargs, in.vars, in.format = nil, nil, nil, nil
	in.wanted, in.result, in.err = nil, nil, nil
	localCalls.Put(x)
}

// localContext is the context of a localCall.
type localContext struct {
	callContext
	visit visit
}

// newLocalContext returns one with a deadline, unless that is zero.
func newLocalContext(deadline time.Time) *localContext {
	if deadline.IsZero() {
		return new(localContext)
	}
	c := new(struct {
		localContext
		deadline timeLimit
	})
	c.deadline.clock, c.deadline.date = clock.Real{}, deadline
	c.limit = &c.deadline
	return &c.localContext
}

// ask calls a function of the tree that l is in. The arguments are taken while
// the caller has its turn, and what it gets is a copy of the result. vars are the
// variables of a contract, which nobody changes and of which m.Args are some, or
// are going to be if there are none; nil: the call has none. If once is set, they are for no other call.
func (l *local) ask(ctx context.Context, m *codec.Call, result any, vars variables, once bool) error {
	if err := turn.Err(ctx); err != nil {
		return err
	}
	deadline, _ := ctx.Deadline()
	x, err := l.call(ctx, m, result, vars, deadline)
	if err != nil {
		return err
	}
	return x.await(ctx, once)
}

// maxTold is how many calls of tell may be under way in a tree.
const maxTold = 1024

// tell is ask without waiting, unless too many have been told already.
func (l *local) tell(ctx context.Context, m *codec.Call, vars variables) error {
	root, _ := (*Service)(l).place()
	if root.told.Load() >= maxTold {
		return tolerate(root, l.ask(ctx, m, nil, vars, false))
	}
	if err := turn.Err(ctx); err != nil {
		return err
	}
	x, err := l.call(ctx, m, nil, vars, time.Time{})
	if err != nil {
		return tolerate(root, err)
	}
	root.told.Add(1)
	x.told = true
	x.inside.vars = nil
	x.call.start(x.owner)
	return nil
}

// over is the end of the call, for who waits for it.
func (in *inside) over() {
	switch {
	case in.awaited:
		return
	case !in.told:
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
// there is none of is a *RemoteError. A deadline that is zero is none.
func (l *local) call(ctx context.Context, m *codec.Call, result any, vars variables, deadline time.Time) (*localCall, error) {
	x := localCalls.Get().(*localCall)
	c, in := &x.call, &x.inside
	root, at := (*Service)(l).appendPlace(x.path[:0])
	in.root, in.wanted, in.args = root, result, x.room[:0]
	if m.Args == nil && vars != nil {
		m.Args = vars.pointers(x.room[:0])
	}
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
	x.context = newLocalContext(deadline)
	c.callContext, c.inside, c.Task = &x.context.callContext, in, c
	c.fn, c.owner = found.function, found.owner
	// A function of any shape may return a pointer to what others change.
	_, anyShape := c.fn.handler.(*reflected)
	in.private = !anyShape
	if c.turn = found.turn; c.turn == nil {
		c.turn = turn.FreeOf(turn.From(ctx))
	}
	if found.around != nil {
		c.around, c.path = found.around, join(string(at), join(m.Service, m.Name))
	}
	return x, nil
}

// await has the call executed and waits for its end. once is as in ask.
func (x *localCall) await(ctx context.Context, once bool) error {
	c, in := &x.call, &x.inside
	after, from := channel.TimeoutOf(ctx, in.root.settings().inside), turn.From(ctx)
	by, ended := ctx.(turn.Ender)
	if !ended && !turn.Helps(ctx, from) {
		by = turn.EnderOf(ctx)
	}
	switch {
	case after > 0:
	case by != nil:
		if x.tryVisit(from, by) {
			if in.late {
				return turn.Err(ctx)
			}
			return x.outcome(0)
		}
	default:
		if can, err := x.tryHelp(ctx, from, once); err != nil {
			c.GivenUp(channel.ErrGivenUp)
			return err
		} else if can {
			return x.outcome(0)
		}
	}
	if !once {
		in.vars = nil // this call may go on when the next is made
	}
	// A context that ends with one of ours needs no channel.
	waiting := ctx
	if by != nil && turn.From(by) == from {
		waiting = by
	}
	wait, err := turn.Begin(waiting, nil)
	if err != nil {
		return err
	}
	in.wait = wait
	timeout := time.Duration(0)
	if after > 0 {
		root, now := in.root, clock.For(ctx)
		timer, _ := now.In(after, func() { wait.Wake(timedOut(root, after)) }) // not in the past
		defer timer.Stop()
		if c.limit == nil || after < c.limit.deadline()-c.limit.clock.Now() {
			c.limit, timeout = &timeLimit{clock: now, at: now.Now() + after}, after
		}
	}
	c.start(c.owner)
	if err := wait.Block(waiting, c); err != nil {
		c.GivenUp(channel.ErrGivenUp)
		return err
	}
	return x.outcome(timeout)
}

func timedOut(root *Service, after time.Duration) error {
	return &channel.TimeoutError{Addr: root.origin(), After: after}
}

// tryVisit executes the call on the goroutine of the caller, if it can. by is what
// the caller's context ends with.
func (x *localCall) tryVisit(from turn.Turn, by turn.Ender) bool {
	c := &x.call
	c.owner.begin()
	x.context.visit.by, c.visit = by, &x.context.visit
	if turn.Visit(from, c.turn, c) {
		return true
	}
	c.visit = nil
	c.owner.end()
	return false
}

// tryHelp executes the call on a goroutine that the caller's keeps, if it can. It
// returns the error of ctx if that ends first.
func (x *localCall) tryHelp(ctx context.Context, from turn.Turn, once bool) (can bool, err error) {
	c, in, vars := &x.call, &x.inside, x.inside.vars
	if !once {
		in.vars = nil
	}
	c.owner.begin()
	in.awaited = true
	if can, err = turn.Help(ctx, from, c.turn, c); !can {
		in.awaited, in.vars = false, vars
		c.owner.end()
	}
	return can, err
}

// outcome is what the caller gets of a call that has ended. If it had a limit,
// that was the time-out, or the deadline if that is 0.
func (x *localCall) outcome(timeout time.Duration) error {
	c, in := &x.call, &x.inside
	err := in.err
	switch {
	case err == nil:
		err = in.deliver()
	case !c.limit.isOver():
	case timeout > 0: // and the function was the first to notice
		err = timedOut(in.root, timeout)
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
