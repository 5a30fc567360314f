package gomas

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/turn"
)

// Go starts a task of the agent: fn runs in the agent's turn, after what is
// queued already. Its context ends when the agent stops, which waits for the
// task. An agent that has stopped starts no task, and Go returns an error.
func (a *Agent) Go(fn func(ctx context.Context)) error {
	if err := a.enter(); err != nil {
		return fmt.Errorf("gomas: task of %v: %w", a, err)
	}
	t := &task{agent: a, fn: fn}
	t.Task = t
	a.turn.Start(&t.Item)
	return nil
}

// task is a task that an agent has started.
type task struct {
	turn.Item
	agent *Agent
	fn    func(ctx context.Context)
}

// String is what reports call the task.
func (t *task) String() string { return (*begun)(t.agent).String() }

func (t *task) Run() { t.fn((*life)(t.agent)) }

func (t *task) Finish() { t.agent.leave() }

// Finisher implements [turn.Light].
func (t *task) Finisher() turn.Finisher { return (*begun)(t.agent) }

// begun is a task that runs, of which only the agent need be known.
type begun Agent

func (b *begun) Finish() { (*Agent)(b).leave() }

func (b *begun) String() string { return "a task of " + (*Agent)(b).String() }

// In has fn run as a task of the agent, see [Agent.Go], when d has passed on the
// agent's clock. The timer can be stopped; that of an agent that has stopped
// does nothing.
func (a *Agent) In(d time.Duration, fn func(ctx context.Context)) (clock.Timer, error) {
	if err := a.alive(); err != nil {
		return nil, err
	}
	return a.Clock().In(d, a.later(fn))
}

// At has fn run as a task of the agent when its clock has reached t, which must
// be in the future.
func (a *Agent) At(t time.Duration, fn func(ctx context.Context)) (clock.Timer, error) {
	if err := a.alive(); err != nil {
		return nil, err
	}
	return a.Clock().At(t, a.later(fn))
}

// AtDate has fn run as a task of the agent when its clock has reached a date,
// which must be in the future.
func (a *Agent) AtDate(date time.Time, fn func(ctx context.Context)) (clock.Timer, error) {
	if err := a.alive(); err != nil {
		return nil, err
	}
	return clock.AtDate(a.Clock(), date, a.later(fn))
}

// alive returns the error for a timer of an agent that has stopped.
func (a *Agent) alive() error {
	if cause := a.life.Cause(); cause != nil {
		return fmt.Errorf("gomas: timer of %v: %w", a, cause)
	}
	return nil
}

func (a *Agent) later(fn func(ctx context.Context)) func() {
	return func() { _ = a.Go(fn) } // an error means that the agent has stopped
}

// Every runs fn as a task of the agent each time a period has passed on its
// clock, until fn returns an error or the agent stops; see [clock.Every] for
// what becomes of fn that takes longer. An error other than that of the task's
// context is logged to [Options.Logger].
func (a *Agent) Every(period time.Duration, fn func(ctx context.Context) error) error {
	if period <= 0 {
		return fmt.Errorf("gomas: task of %v: a period of %v", a, period)
	}
	start := a.Clock().Now()
	return a.Go(func(ctx context.Context) {
		err := clock.EveryFrom(ctx, a.Clock(), start, period, fn)
		if log := a.container.opts.Logger; log != nil && ctx.Err() == nil {
			log.LogAttrs(ctx, slog.LevelError, "a periodic task has ended", slog.Any("agent", a), slog.Any("error", err))
		}
	})
}

// Parallel runs functions of the agent at the same time, as tasks each of which
// may wait while others run, and returns when all have, with their errors
// joined. It is how an agent calls several others at once; [rpc.Each] and its
// like are for the same call to many. The functions get ctx; if that ends, they
// are the ones to notice. A panic becomes a *[rpc.PanicError].
func (a *Agent) Parallel(ctx context.Context, fns ...func(ctx context.Context) error) error {
	own := turn.With(ctx, &a.turn)
	errs := make([]error, len(fns))
	var done turn.Event
	left := len(fns) // belongs to the turn
	if left == 0 {
		return nil
	}
	for i, fn := range fns {
		a.turn.Start(&turn.Item{Task: &part{
			run: func() {
				errs[i] = errors.New("gomas: the function ended its goroutine")
				defer func() {
					if left--; left == 0 {
						done.Set(nil)
					}
				}()
				errs[i] = survive(own, fn)
			},
		}})
	}
	// Not bounded by ctx: the functions must not outlive the call.
	if err := done.Wait(context.WithoutCancel(ctx), nil, "functions in parallel"); err != nil {
		return err
	}
	return errors.Join(errs...)
}

// part is one of the functions of Parallel.
type part struct{ run func() }

func (p *part) Run()    { p.run() }
func (p *part) Finish() {}

// Do runs fn in the agent's turn on the calling goroutine, and returns its
// error. It is the way in for code outside of agents, such as main or a test,
// that looks at the agent's state. ctx bounds the waiting for the turn, and
// fn gets it with the agent's turn.
func (a *Agent) Do(ctx context.Context, fn func(ctx context.Context) error) (err error) {
	own := turn.With(ctx, &a.turn)
	if misuse := a.turn.Do(ctx, func() { err = fn(own) }); misuse != nil {
		return misuse
	}
	return err
}

// Await runs fn while other code of the agent may run, and returns its error:
// it is for work that blocks or takes long, such as files, other network
// libraries or a solver. fn must not touch the agent's state, and not use ctx,
// to call or to sleep: it has no turn to give up.
func (a *Agent) Await(ctx context.Context, fn func() error) (err error) {
	if misuse := turn.Await(ctx, func() { err = fn() }); misuse != nil {
		return misuse
	}
	return err
}

// Sleep pauses for d on the agent's clock, while other code of the agent may
// run; see [clock.Sleep]. It returns early with the error of ctx if that ends.
func (a *Agent) Sleep(ctx context.Context, d time.Duration) error {
	return clock.Sleep(ctx, a.Clock(), d)
}

// SleepUntil pauses until the agent's clock has reached t; see
// [clock.SleepUntil].
func (a *Agent) SleepUntil(ctx context.Context, t time.Duration) error {
	return clock.SleepUntil(ctx, a.Clock(), t)
}

// SleepUntilDate pauses until the agent's clock has reached a date; see
// [clock.SleepUntilDate].
func (a *Agent) SleepUntilDate(ctx context.Context, date time.Time) error {
	return clock.SleepUntilDate(ctx, a.Clock(), date)
}
