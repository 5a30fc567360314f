package gomas

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"

	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/turn"
)

// Agent is what the types of agents embed, as a pointer. [Spawn] makes it.
type Agent struct {
	container *Container
	id        string
	typeName  string
	self      any // what the constructor returned
	turn      turn.Own
	life      turn.End // of the agent's tasks
	services  rpc.Service
	extras    *extras // nil: none

	serial int // guarded by container.roster.mu; from 1, 0: under construction

	// Guarded by container.mu.
	tasks int
	end   *ending // nil before it stops
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
func (a *Agent) Remote() rpc.Remote {
	return rpc.NewRemote(a.container.peer(a.container.own), agentsPath+a.id)
}

// MarshalText fails: what can be sent is a reference to the agent.
func (a *Agent) MarshalText() ([]byte, error) {
	return nil, errors.New("an agent cannot be sent; send its Remote")
}

// Clock returns the clock that the agent lives by, which is its container's.
func (a *Agent) Clock() clock.Clock { return a.container.Clock() }

// Rand returns the agent's own source of random numbers, always the same one. In
// a local network what it gives depends on the seed of that, on the agent's URL and
// on how often its container was started before, and on nothing else, so runs
// repeat; elsewhere it is different each time. It is for the agent's own code.
func (a *Agent) Rand() *rand.Rand {
	x := a.more()
	if x.random == nil {
		if s, ok := turn.SchedulerOf(&a.turn).(interface{ Rand(string) *rand.Rand }); ok {
			x.random = s.Rand("agent " + a.URL())
		} else {
			x.random = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
		}
	}
	return x.random
}

// Connect returns a reference to the agent at a URL; see [Container.Connect].
// It may be called by the agent itself, with its context, or from outside.
func (a *Agent) Connect(ctx context.Context, url string) (rpc.Remote, error) {
	return a.container.Connect(ctx, url)
}

// run runs fn in the agent's turn, on the calling goroutine, which has no
// turn.
func (a *Agent) run(fn func() error) (err error) {
	if misuse := a.turn.Do(context.Background(), func() { err = fn() }); misuse != nil {
		return misuse
	}
	return err
}
