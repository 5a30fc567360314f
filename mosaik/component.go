package mosaik

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/internal/stack"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/turn"
)

// Options are the settings of a component. The zero value of each field means
// its default, and a nil *Options all defaults.
type Options struct {
	// Logger gets the life of the simulation at level info, each call at level
	// debug, and failures at level error. The default is quiet.
	Logger *slog.Logger

	// Grace is how long, at the end, methods that run and [Stopper] may take.
	// The default is five seconds.
	Grace time.Duration

	// Limits bound what the connection takes on.
	Limits channel.Limits
}

const defaultGrace = 5 * time.Second

// component is a simulator on a connection to mosaik.
type component struct {
	sim   Simulator
	opts  Options
	svc   *rpc.Service
	extra []string // names of the extra methods
	line  turn.Own // of the calls but for get_data, which may come in between
	turn  turn.Own // of the simulator

	life context.Context // ends when the simulation does
	end  context.CancelCauseFunc
	over turn.Event // mosaik has stopped the simulation, or is lost
	done turn.Event // nothing of the simulator runs any more

	mu    sync.Mutex
	conn  *rpc.Conn      // of the simulation, nil before init
	calls map[string]int // being worked on
	cut   []string       // calls that have returned because mosaik was lost
	err   error          // of the first call that failed

	// What belongs to the turn.
	state state
}

// newComponent checks a simulator and makes its component.
func newComponent(sim Simulator, opts *Options) (*component, error) {
	c := &component{sim: sim, svc: rpc.NewService(), calls: make(map[string]int)}
	if opts != nil {
		c.opts = *opts
	}
	if c.opts.Logger == nil {
		c.opts.Logger = slog.New(slog.DiscardHandler)
	}
	if c.opts.Grace <= 0 {
		c.opts.Grace = defaultGrace
	}
	c.life, c.end = context.WithCancelCause(context.Background())
	if e, ok := sim.(Extender); ok {
		e.Methods(c.svc)
	}
	for _, f := range c.svc.Description().Functions {
		if slices.Contains(reserved, f.Name) {
			return nil, fmt.Errorf("mosaik: the extra method %q has the name of one of mosaik's own calls; rename it", f.Name)
		}
		c.extra = append(c.extra, f.Name)
	}
	meta := sim.Meta()
	if err := meta.Check(c.extra...); err != nil {
		return nil, fmt.Errorf("mosaik: the meta of the simulator: %w", err)
	}
	c.svc.Hide()
	c.svc.Missing(c.missing)
	c.svc.Intercept(c.around)
	c.handle()
	return c, nil
}

func (c *component) missing(name string) error {
	has := "it has no extra methods"
	if len(c.extra) > 0 {
		has = "its extra methods are " + strings.Join(c.extra, ", ")
	}
	err := &Error{Type: "AttributeError", Message: fmt.Sprintf("the simulator has no method %.80q; %s", name, has)}
	c.opts.Logger.Error("mosaik calls what is not there", "error", err)
	return err
}

// around surrounds each call of mosaik: it has it run in the turn of the
// simulator, until the simulation ends.
func (c *component) around(ctx context.Context, call rpc.Info, next func(context.Context) error) (err error) {
	first, err := c.admit(call)
	if err != nil {
		c.opts.Logger.Warn("refused a call", "call", call.Path, "error", err)
		return err
	}
	if first {
		call.Conn.Channel().OnEnd(c.lose)
	}
	if call.Path == "stop" {
		return next(ctx)
	}
	own, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(c.life, func() { cancel(context.Cause(c.life)) })()
	began := time.Now()
	inTurn := func() {
		if ended := c.turn.Do(own, func() {
			c.enter(call.Path)
			defer c.leave(ctx, call.Path)
			err = survive(turn.With(own, &c.turn), next)
		}); ended != nil {
			err = ended
		}
	}
	if call.Path == "get_data" {
		inTurn()
	} else if ended := c.line.Do(own, inTurn); ended != nil {
		err = ended
	}
	log := c.opts.Logger.With("call", call.Path, "took", time.Since(began))
	switch {
	case err == nil:
		log.Debug("answered mosaik")
	case c.life.Err() != nil, ctx.Err() != nil: // of the connection
		log.Info("gave a call up, since the simulation has ended", "error", err)
	default:
		log.Error("a call of mosaik failed, which ends the simulation", "error", err)
		c.fail(call.Path, err)
	}
	return err
}

// survive calls next, and makes an error of a panic.
func survive(ctx context.Context, next func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &rpc.PanicError{Value: p, Stack: stack.Trace()}
		}
	}()
	return next(ctx)
}

// admit checks that a call comes at its time, from whom it should come. The
// first one makes its connection that of the simulation.
func (c *component) admit(call rpc.Info) (first bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.life.Err() != nil:
		return false, &Error{Type: "RuntimeError", Message: fmt.Sprintf("%s after the end of the simulation; start the simulator again", call.Path)}
	case c.conn == nil && call.Path != "init" && call.Path != "stop":
		return false, &Error{Type: "RuntimeError", Message: call.Path + " before init; call init first"}
	case c.conn == nil:
		c.conn = call.Conn
		return true, nil
	case c.conn != call.Conn:
		return false, &Error{Type: "RuntimeError", Message: "this simulator takes part in a simulation already; start another one"}
	case call.Path == "init":
		return false, &Error{Type: "RuntimeError", Message: "init was called before; start the simulator again for another simulation"}
	}
	return false, nil
}

// lose is told that the connection to mosaik has ended.
func (c *component) lose(reason error) {
	c.mu.Lock()
	during := slices.Concat(slices.Sorted(maps.Keys(c.calls)), c.cut)
	c.mu.Unlock()
	c.over.Set(&LostError{strings.Join(during, ", "), reason})
}

// fail takes note of a call that has failed.
func (c *component) fail(name string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = fmt.Errorf("mosaik: %s: %w", name, err)
	}
}

func (c *component) enter(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls[name]++
}

// leave is called when a call has returned, which it had from ctx.
func (c *component) leave(ctx context.Context, name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ctx.Err() != nil {
		c.cut = append(c.cut, name)
	}
	if c.calls[name]--; c.calls[name] == 0 {
		delete(c.calls, name)
	}
}

// stop is mosaik's last call. It is answered when the simulator has stopped,
// for which mosaik waits a tenth of a second.
func (c *component) stop(ctx context.Context) error {
	c.over.Set(nil)
	return c.done.Wait(ctx, nil, "the simulator to stop")
}

// serve waits until the simulation is over, or ctx ends, and ends the
// simulator.
func (c *component) serve(ctx context.Context) error {
	err := c.over.Wait(ctx, nil, "mosaik to stop the simulation")
	if over, reason := c.over.Happened(); over {
		err = reason
	}
	cause := err
	if cause == nil {
		cause = ErrStopped
	}
	c.end(cause)
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.opts.Grace)
	defer cancel()
	var failed error
	if late := c.turn.Do(turn.With(grace, turn.Free{}), func() {
		if s, ok := c.sim.(Stopper); ok && c.state.began {
			failed = s.Stop(turn.With(grace, &c.turn))
		}
	}); late != nil {
		failed = fmt.Errorf("%s has not returned within %v of the end; have it return when its context ends", c.running(), c.opts.Grace)
	}
	c.done.Set(nil)
	if failed != nil {
		failed = fmt.Errorf("mosaik: stop: %w", failed)
	}
	return errors.Join(c.failure(), err, failed)
}

func (c *component) failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// running names the calls that are being worked on.
func (c *component) running() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(slices.Sorted(maps.Keys(c.calls)), ", ")
}
