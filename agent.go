package gomas

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strconv"
	"time"

	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/turn"
)

// Agent is what the types of agents embed, as a pointer. [Spawn] makes it.
type Agent struct {
	container *Container
	id        string
	typeName  string
	turn      turn.Own
	services  rpc.Service
}

// Spawn makes an agent in a container. construct gets a new Agent, to be
// embedded in what it returns, and registers the agent's functions. It runs in
// the agent's turn and may call, connect and sleep with the context it is
// given, which is ctx with that turn.
//
// The agent can be reached once construct has returned without an error.
// T is the agent's type; its name is what the agent prints as and what peers
// learn about it.
func Spawn[T any](ctx context.Context, c *Container, construct func(context.Context, *Agent) (T, error)) (agent T, err error) {
	a, err := c.newAgent(nameOfType(reflect.TypeFor[T]()))
	if err != nil {
		return agent, fmt.Errorf("gomas: spawn: %w", err)
	}
	// A caller that is an agent gives its own turn up meanwhile.
	misuse := turn.Await(ctx, func() {
		own := turn.With(ctx, &a.turn)
		err = a.run(func() (err error) {
			agent, err = construct(own, a)
			return err
		})
	})
	if misuse != nil {
		err = misuse
	}
	if err == nil {
		err = c.register(a)
	}
	if err != nil {
		var none T
		return none, fmt.Errorf("gomas: spawn %s: %w", a.typeName, err)
	}
	return agent, nil
}

func nameOfType(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if name := t.Name(); name != "" {
		return name
	}
	return "Agent"
}

// newAgent makes an agent with the next id, which is not used again even if
// the constructor fails.
func (c *Container) newAgent(typeName string) (*Agent, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ErrClosed
	}
	a := &Agent{container: c, id: strconv.Itoa(c.nextID), typeName: typeName}
	c.nextID++
	if c.opts.CheckTurns {
		a.turn.Check()
	}
	a.services.UseTurn(&a.turn)
	if err := c.tree.Reserve(a.id, &a.services); err != nil {
		return nil, err
	}
	return a, nil
}

// register makes an agent reachable.
func (c *Container) register(a *Agent) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return ErrClosed
	}
	if err := c.tree.TryMount(a.id, &a.services); err != nil {
		return err
	}
	c.agents[a.id] = a
	c.order = append(c.order, a)
	return nil
}

// run runs fn in the agent's turn, on the calling goroutine, which has no
// turn.
func (a *Agent) run(fn func() error) (err error) {
	if misuse := a.turn.Do(context.Background(), func() { err = fn() }); misuse != nil {
		return misuse
	}
	return err
}

// ID returns the agent's id, which is unique in its container: "0", "1", …
func (a *Agent) ID() string { return a.id }

// URL returns the address under which others connect to the agent.
func (a *Agent) URL() string { return a.container.Addr() + "/" + a.id }

// Container returns the container that the agent lives in.
func (a *Agent) Container() *Container { return a.container }

// Services returns the service in which the agent's functions are registered.
// They run in the agent's turn.
func (a *Agent) Services() *rpc.Service { return &a.services }

// String returns the type and the URL: TestAgent('tcp://localhost:5555/0').
func (a *Agent) String() string { return fmt.Sprintf("%s('%s')", a.typeName, a.URL()) }

// LogValue makes package log/slog print the agent as String does.
func (a *Agent) LogValue() slog.Value { return slog.StringValue(a.String()) }

// Remote returns a reference to the agent, to be sent to others: in an argument
// or a result of type [rpc.Remote], at any depth. Its own constructor may send
// it, but until that has returned nobody can call the agent.
//
// The receiver gets a Remote that it can call and send on. What Python gets
// from the agent's own container is a proxy, as from Python; from any other it
// is the URL, as a text.
func (a *Agent) Remote() rpc.Remote { return a.services.Remote() }

// MarshalText fails: what can be sent is a reference to the agent.
func (a *Agent) MarshalText() ([]byte, error) {
	return nil, errors.New("an agent cannot be sent; send its Remote")
}

// Connect returns a reference to the agent at a URL; see [Container.Connect].
// It may be called by the agent itself, with its context, or from outside.
func (a *Agent) Connect(ctx context.Context, url string) (rpc.Remote, error) {
	return a.container.Connect(ctx, url)
}

// Go starts a task of the agent: fn runs in the agent's turn, after what is
// queued already. Its context ends when the container shuts down, which waits
// for the task. In a container that is shutting down, no task starts and Go
// returns an error.
func (a *Agent) Go(fn func(ctx context.Context)) error {
	if err := a.container.enter(); err != nil {
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

func (t *task) Run() { t.fn(turn.With(t.agent.container.ctx, &t.agent.turn)) }

func (t *task) Finish() { t.agent.container.leave() }

// Parallel runs functions of the agent at the same time, as tasks each of which
// may wait while others run, and returns when all have, with their errors
// joined. It is how an agent calls several others at once. The functions get
// ctx; if that ends, they are the ones to notice.
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
				errs[i] = fn(own)
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

// Clock returns the clock that the agent lives by, which is its container's.
func (a *Agent) Clock() clock.Clock { return a.container.Clock() }

// Sleep pauses for d on the agent's clock, while other code of the agent may
// run; see [clock.Sleep]. It returns early with the error of ctx if that ends.
func (a *Agent) Sleep(ctx context.Context, d time.Duration) error {
	return clock.Sleep(ctx, a.Clock(), d)
}
