package gomas

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gomas/gomas/internal/stack"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/turn"
)

// ErrStopped is wrapped by errors for the use of an agent that has stopped. It
// is known as AgentStoppedError to other containers, and equal there.
var ErrStopped = errors.New("the agent has stopped")

// life is an agent as the context of its tasks.
type life Agent

var _ turn.Ender = (*life)(nil)

// Deadline implements [context.Context]: there is none.
func (l *life) Deadline() (time.Time, bool) { return time.Time{}, false }

// Done implements [context.Context].
func (l *life) Done() <-chan struct{} { return l.life.Done() }

// Err implements [context.Context].
func (l *life) Err() error { return l.life.Err() }

// Cause says more than Err, for [turn.Err].
func (l *life) Cause() error { return l.life.Cause() }

// AfterFunc has fn called after the end, for package context.
func (l *life) AfterFunc(fn func()) (stop func() bool) { return l.life.AfterFunc(fn) }

// Attach implements [turn.Ender].
func (l *life) Attach(w turn.Wait) bool { return l.life.Attach(w) }

// Detach implements [turn.Ender].
func (l *life) Detach(w turn.Wait) { l.life.Detach(w) }

// Heed implements [turn.Ender].
func (l *life) Heed() { l.life.Heed() }

// Turn implements [turn.Holder].
func (l *life) Turn() turn.Turn { return &l.turn }

// Value implements [context.Context].
func (l *life) Value(key any) any {
	v, _ := turn.Value(l, key)
	return v
}

// extras are what few agents have: functions that run when they start or stop,
// and random numbers.
type extras struct {
	start, stop []func(context.Context) error
	random      *rand.Rand
}

// more returns the extras, and makes them if there are none.
func (a *Agent) more() *extras {
	if a.extras == nil {
		a.extras = new(extras)
	}
	return a.extras
}

// OnStart has fn run, in the agent's turn, when the agent can be reached, before
// [Spawn] returns. Functions run in the order in which they were given; an
// error ends that, and the agent. OnStart is for the constructor.
func (a *Agent) OnStart(fn func(ctx context.Context) error) {
	x := a.more()
	x.start = append(x.start, fn)
}

// OnStop has fn run, in the agent's turn, when the agent stops and its tasks
// have ended. It can still call others. Functions run in the reverse order, all
// of them; their errors are returned by [Agent.Stop] or
// [Container.Shutdown]. OnStop is for the agent's own code.
func (a *Agent) OnStop(fn func(ctx context.Context) error) {
	x := a.more()
	x.stop = append(x.stop, fn)
}

// end is the end of something of a container, as what somebody waits for.
type end struct {
	container *Container
	of        fmt.Stringer
}

func (e end) String() string { return "the end of " + e.of.String() }

// Turn tells a local network whose end ends the waiting, too.
func (e end) Turn() turn.Turn { return e.container.free }

func (a *Agent) started(ctx context.Context) error {
	if a.extras == nil {
		return nil
	}
	for _, fn := range a.extras.start {
		if err := fn(ctx); err != nil {
			return err
		}
	}
	return nil
}

// ending is the end of an agent. It begins once, with Stop or with the shutdown
// of the container.
type ending struct {
	idle turn.Event // no tasks are left
	done turn.Event // it is over
}

// Stop ends the agent, while others of its container go on. It cannot be
// reached any more, and its id is not used again. Calls that wait for their turn
// fail with [ErrStopped], and so do those that come later; those that have begun
// are finished. The contexts of its tasks end. When they have, its
// [Agent.OnStop] functions run.
//
// Stop returns when all that is done; if ctx ends before, it returns the error
// of that, and the rest goes on without being waited for. Code of the agent
// itself must not wait for its own end, and calls [Agent.Quit]. Nor may two agents
// stop each other and wait for it. Stop may be called again, and beside the
// shutdown of the container: all wait for the same end.
func (a *Agent) Stop(ctx context.Context) error {
	if turn.From(ctx) == turn.Turn(&a.turn) {
		return fmt.Errorf("gomas: stop %v: %w: an agent cannot wait for its own end", a, turn.ErrMisuse)
	}
	err := a.container.alive()
	if err == nil {
		err = a.quit(context.WithoutCancel(ctx)).done.Wait(ctx, nil, end{a.container, a})
	}
	if err != nil {
		return fmt.Errorf("gomas: stop %v: %w", a, err)
	}
	return nil
}

// Quit begins to end the agent, as [Agent.Stop] does, and returns at once. It is
// how code of the agent itself ends it: what has begun, such as the function that
// calls Quit, is finished.
func (a *Agent) Quit() { a.quit(context.Background()) }

// quit begins the end, unless that has begun. Functions that run at the end get
// ctx, with a turn.
func (a *Agent) quit(ctx context.Context) *ending {
	end, first := a.stop(fmt.Errorf("%v: %w", a, ErrStopped))
	if first {
		a.container.free.Start(turn.Func(func() { a.finish(ctx) }))
	}
	return end
}

// stop begins the end, and reports whether this call did. If so, finish must
// follow.
func (a *Agent) stop(reason error) (end *ending, first bool) {
	c := a.container
	c.mu.Lock()
	if first = a.end == nil; first {
		a.end = new(ending)
		if a.tasks == 0 {
			a.end.idle.Set(nil)
		}
		c.tasks++ // the container waits for the end
	}
	end = a.end
	c.mu.Unlock()
	if first {
		c.roster.remove(a)
		a.services.Close(reason)
		a.life.Come(context.Canceled, ErrStopped)
	}
	return end, first
}

// finish waits for what the agent still does, and runs its last functions.
func (a *Agent) finish(ctx context.Context) {
	err := errGoexit
	defer func() {
		a.end.done.Set(err)
		a.container.leave()
	}()
	ctx = turn.With(ctx, a.container.free)
	err = errors.Join(a.end.idle.Wait(ctx, nil, "tasks to end"), a.services.Idle(ctx), a.lastWords(ctx))
}

var errGoexit = errors.New("gomas: the function ended its goroutine")

// lastWords runs the functions of OnStop, once.
func (a *Agent) lastWords(ctx context.Context) error {
	own := turn.With(ctx, &a.turn)
	var fns []func(context.Context) error
	if err := a.run(func() error {
		if a.extras != nil {
			fns, a.extras.stop = a.extras.stop, nil
		}
		return nil
	}); err != nil {
		return err
	}
	var errs []error
	for _, fn := range slices.Backward(fns) {
		if err := a.run(func() error { return survive(own, fn) }); err != nil {
			errs = append(errs, fmt.Errorf("%v: %w", a, err))
		}
	}
	return errors.Join(errs...)
}

// survive runs fn, of which a panic becomes an error.
func survive(ctx context.Context, fn func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &rpc.PanicError{Value: p, Stack: stack.Trace()}
		}
	}()
	return fn(ctx)
}

// shutDownWith ends the agent together with its container, whose tasks have
// ended, or waits for the end that somebody else has begun.
func (a *Agent) shutDownWith(ctx context.Context) error {
	c := a.container
	c.mu.Lock()
	if ending := a.end; ending != nil {
		c.mu.Unlock()
		_ = ending.done.Wait(ctx, nil, end{c, a}) // whose error Stop returns
		return nil
	}
	a.end = new(ending)
	a.end.idle.Set(nil)
	c.mu.Unlock()
	err := errGoexit
	defer func() { a.end.done.Set(err) }()
	err = a.lastWords(ctx)
	return err
}

// Stopped reports whether the agent has begun to stop.
func (a *Agent) Stopped() bool { return a.life.Err() != nil }

// enter counts a task that begins, unless the agent has stopped.
func (a *Agent) enter() error {
	c := a.container
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return ErrClosed
	case a.end != nil:
		return ErrStopped
	}
	a.tasks++
	c.tasks++
	return nil
}

func (a *Agent) leave() {
	c := a.container
	c.mu.Lock()
	if a.tasks--; a.tasks == 0 && a.end != nil {
		a.end.idle.Set(nil)
	}
	c.mu.Unlock()
	c.leave()
}
