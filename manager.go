package gomas

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/turn"
)

// Manager is an agent that makes others, for those who cannot reach into its
// process. It is the first agent of its container, so everybody knows its id,
// "0", and offers what the manager of Python's aiomas does:
//
//	spawn(qualname, *args, **kwargs)   makes an agent: [a reference to it, its URL]
//	set_time(seconds)                  sets the container's clock
//	stop()                             ends the container
//
// [RemoteManager] calls these functions.
type Manager struct {
	*Agent
	factories *Factories
	grace     time.Duration
	stopping  sync.Once
	ended     turn.Event
}

const defaultGrace = 5 * time.Second

// NewManager returns the constructor of a manager that makes agents of the
// types given, for [Spawn]:
//
//	m, err := gomas.Spawn(ctx, c, gomas.NewManager(factories))
//	err = m.Wait(ctx) // until the container has been stopped
func NewManager(factories *Factories) func(context.Context, *Agent) (*Manager, error) {
	return newManager(factories, defaultGrace)
}

func newManager(factories *Factories, grace time.Duration) func(context.Context, *Agent) (*Manager, error) {
	return func(_ context.Context, a *Agent) (*Manager, error) {
		if factories == nil {
			return nil, errNoFactories
		}
		m := &Manager{Agent: a, factories: factories, grace: grace}
		a.Services().Handle("spawn(qualname, *args, **kwargs): makes an agent", m.spawn)
		managerSetTime.Handle(a.Services(), m.setTime)
		managerStop.Handle(a.Services(), m.stop)
		return m, nil
	}
}

const (
	managerSetTime rpc.Proc1[float64] = "set_time(seconds): sets the container's clock"
	managerStop    rpc.Proc0          = "stop(): ends the container"
)

func (m *Manager) spawn(ctx context.Context, name string, args rpc.Arguments) (rpc.Remote, string, error) {
	a, err := m.factories.Spawn(ctx, m.Container(), name, args)
	if err != nil {
		return rpc.Remote{}, "", err
	}
	return a.Remote(), a.URL(), nil
}

func (m *Manager) setTime(_ context.Context, seconds float64) error {
	external, ok := m.Clock().(*clock.External)
	if !ok {
		return &rpc.Error{Type: "TypeError", Message: fmt.Sprintf("the clock of %v is not set from outside: it is a %T and no *clock.External", m.Container(), m.Clock())}
	}
	t, err := durationOf(seconds)
	if err == nil {
		err = external.Set(t)
	}
	if err != nil {
		return &rpc.Error{Type: "ValueError", Message: err.Error()}
	}
	return nil
}

// durationOf returns a number of seconds as a duration, to the nanosecond.
func durationOf(seconds float64) (time.Duration, error) {
	ns := math.Round(seconds * float64(time.Second))
	if math.IsNaN(ns) || math.Abs(ns) >= math.MaxInt64 {
		return 0, fmt.Errorf("%v seconds are no time of a clock", seconds)
	}
	return time.Duration(ns), nil
}

func (m *Manager) stop(context.Context) error {
	m.Stop()
	return nil
}

// Stop begins to shut the container down, see [Container.Shutdown], and
// returns at once: what is being answered will be, for five seconds at most.
// Further calls change nothing.
func (m *Manager) Stop() {
	m.stopping.Do(func() {
		free := m.Container().free
		free.Start(turn.Func(func() {
			ctx := turn.With(context.Background(), free)
			ctx, cancel := clock.WithTimeout(ctx, clock.For(ctx), m.grace)
			defer cancel()
			m.ended.Set(m.Container().Shutdown(ctx))
		}))
	})
}

// Wait waits until the manager has been told to stop and the container has shut
// down, and returns the error of that, or of ctx if it ends first. An agent of
// the container must not wait for it.
func (m *Manager) Wait(ctx context.Context) error {
	return m.ended.Wait(ctx, nil, "the container to be stopped")
}

// RemoteManager is the manager of a container elsewhere, in Go or in Python.
type RemoteManager struct{ remote rpc.Remote }

// ManagerAt returns the manager that a reference is to, such as [Container.Connect]
// returns for a container's address and "/0".
func ManagerAt(r rpc.Remote) RemoteManager { return RemoteManager{r} }

// Remote returns the reference to the manager.
func (m RemoteManager) Remote() rpc.Remote { return m.remote }

func (m RemoteManager) String() string { return m.remote.String() }

// Spawn makes an agent of the type of a name in the manager's container, and
// returns a reference to it. The names are those of its [Factories]; in Python
// they are "module:Class". If the last argument is an [rpc.Kw], it holds
// keyword arguments.
//
// A failure there, such as of the constructor, is an *[rpc.RemoteError].
func (m RemoteManager) Spawn(ctx context.Context, name string, args ...any) (rpc.Remote, error) {
	result, err := rpc.Call[[]any](ctx, m.remote, "spawn", append([]any{name}, args...)...)
	if err != nil {
		return rpc.Remote{}, err
	}
	if len(result) == 2 {
		if r, ok := result[0].(rpc.Remote); ok {
			return r, nil
		}
	}
	return rpc.Remote{}, errNotSpawned
}

var errNotSpawned = errors.New("gomas: the manager did not answer with an agent and its URL")

// SetTime sets the clock of the manager's container, which must be one that
// is set from outside, to a time that must be later than what it is. Times travel
// as seconds in a float64, so they are exact to the nanosecond for the first
// hundred days.
func (m RemoteManager) SetTime(ctx context.Context, t time.Duration) error {
	return managerSetTime.Call(ctx, m.remote, t.Seconds())
}

// Stop ends the manager's container, which answers what it is working on, and
// this call, before.
func (m RemoteManager) Stop(ctx context.Context) error { return managerStop.Call(ctx, m.remote) }
