package turn

import (
	"context"
	"errors"
	"fmt"

	"github.com/gomas/gomas/internal/stack"
)

// A Turn is the right to run, shared by tasks of which one at a time has it.
// [Own] is the turn of one agent, [Free] none at all.
type Turn interface {
	// Start queues a task. It runs when its turn has come, after all that
	// were queued before it. Start never blocks.
	Start(*Item)

	// Begin opens a wait of the task that runs, which keeps the turn until it
	// calls [Wait.Block]. A context of another turn, or one that has no turn
	// to give up, is an [ErrMisuse].
	Begin(ctx context.Context) (Wait, error)

	// Await gives the turn up, runs fn on the calling goroutine, and returns
	// when it has the turn back, also if fn panics. fn has no turn, so it must
	// not wait with ctx.
	Await(ctx context.Context, fn func()) error
}

// A Task is a piece of code to run under a turn.
type Task interface {
	// Run runs with the turn held.
	Run()
	// Finish runs after Run has returned, or has ended its goroutine, and the
	// turn has been passed on.
	Finish()
}

// An Item is the place of a task in the queue of a turn. It is used once, and
// usually embedded in what implements Task.
type Item struct {
	Task Task // a *waiter is a wait that is over

	next    *Item
	bounded bool // by TryStart
}

// ErrMisuse is wrapped by the errors for waiting with a context whose turn is
// not the one that the calling code holds. It is a mistake in the program:
// the context of another agent, or of a handler, used where it does not
// belong.
var ErrMisuse = errors.New("turn: wait with a context whose turn this code does not hold")

type contextKey struct{}

// Holder is implemented by contexts that carry a turn; [From] asks them before
// it looks up values.
type Holder interface {
	context.Context
	Turn() Turn
}

type withTurn struct {
	context.Context
	turn Turn
}

func (c *withTurn) Turn() Turn { return c.turn }

func (c *withTurn) Value(key any) any {
	if key == (contextKey{}) {
		return c.turn
	}
	return c.Context.Value(key)
}

// With returns a context that names t as the turn of the code it is given to.
func With(ctx context.Context, t Turn) context.Context { return &withTurn{ctx, t} }

// Value answers for key if it is the one under which [From] looks for a turn,
// or [EnderOf] for an end. Types that implement [Holder] call it from their Value method.
func Value(h Holder, key any) (value any, ok bool) {
	switch key {
	case contextKey{}:
		return h.Turn(), true
	case enderKey{}:
		e, ok := h.(Ender)
		return e, ok
	}
	return nil, false
}

type enderKey struct{}

// EnderOf returns the [Ender] that ctx ends with and at no other time: ctx itself
// or one that it was made from. It is nil if there is none, or none that tells.
func EnderOf(ctx context.Context) Ender {
	if e, ok := ctx.(Ender); ok {
		return e
	}
	if e, ok := ctx.Value(enderKey{}).(Ender); ok && e.Done() == ctx.Done() {
		return e
	}
	return nil
}

// AfterFunc is [context.AfterFunc], which has a goroutine wait for the ends of contexts
// that it does not know, but that may be made from one of ours. fn must not block.
func AfterFunc(ctx context.Context, fn func()) (stop func() bool) {
	if e := EnderOf(ctx); e != nil {
		return e.AfterFunc(fn)
	}
	return context.AfterFunc(ctx, fn)
}

// From returns the turn that ctx names, nil if it names none.
func From(ctx context.Context) Turn {
	if h, ok := ctx.(Holder); ok {
		return h.Turn()
	}
	t, _ := ctx.Value(contextKey{}).(Turn)
	return t
}

// Begin opens a wait under the turn that ctx names, or else under otherwise,
// or else under none.
func Begin(ctx context.Context, otherwise Turn) (Wait, error) {
	if t := From(ctx); t != nil {
		return t.Begin(ctx)
	}
	if otherwise != nil {
		return otherwise.Begin(ctx)
	}
	return Free{}.Begin(ctx)
}

// Await runs fn, the caller's own blocking work, without the turn that ctx
// names.
func Await(ctx context.Context, fn func()) error {
	if e := EnderOf(ctx); e != nil {
		e.Heed()
	}
	if t := From(ctx); t != nil {
		return t.Await(ctx, fn)
	}
	fn()
	return nil
}

// Err returns why ctx has ended: its error, with the cause where that says
// more. It is nil before the end.
func Err(ctx context.Context) error {
	err := ctx.Err()
	if err == nil {
		return nil
	}
	type causer interface{ Cause() error }
	if c, ok := ctx.(causer); ok {
		return explained(err, c.Cause())
	}
	if c, ok := EnderOf(ctx).(causer); ok { // a context with a value, made from one of ours
		return explained(err, c.Cause())
	}
	return explained(err, context.Cause(ctx))
}

// explained adds the cause to the error of a context, where it says more.
func explained(err, cause error) error {
	if cause != nil && cause != err {
		return fmt.Errorf("%w: %w", err, cause)
	}
	return err
}

// Func returns an item for a task that is just a function.
func Func(fn func()) *Item { return &Item{Task: funcTask(fn)} }

type funcTask func()

func (f funcTask) Run() { f() }

func (f funcTask) Finish() {}

// Free is the absence of a turn: tasks run at once, each in a goroutine of its
// own, and waits just wait.
type Free struct{}

// Start implements [Turn].
func (Free) Start(it *Item) { go runFree(it.Task) }

func runFree(t Task) {
	stack.Grow()
	runHere(t)
}

// Begin implements [Turn].
func (Free) Begin(ctx context.Context) (Wait, error) {
	w, n := begin(ctx, nil)
	return Wait{w, n}, nil
}

// Await implements [Turn].
func (Free) Await(_ context.Context, fn func()) error {
	fn()
	return nil
}
