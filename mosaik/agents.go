package mosaik

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/rpc"
)

// Agents is a multi-agent system that takes part in a simulation: agents in a
// container of this process and in those of further processes, whose clocks
// are set by the steps of a simulator. Each entity may have an agent, which gets
// its inputs and is asked for its outputs.
//
// Its methods are called by the simulator, with the context of the call that
// mosaik waits for.
type Agents struct {
	container *gomas.Container
	clock     *clock.External
	fleet     *gomas.Fleet // nil: none
	pacers    []rpc.Remote // of its processes
	arrived   arrivals     // in this process
	unit      time.Duration
	patience  time.Duration

	mu       sync.Mutex
	entities map[string]rpc.Remote
	order    []string
}

// AgentsOptions are the settings of [Agents]. The zero value of each field means
// its default, and nil all defaults.
type AgentsOptions struct {
	// Date is the date at time 0 of the simulation.
	Date time.Time

	// Processes is how many processes are started, see [ServeProcess], and
	// Process has their settings. The default is none.
	Processes int
	Process   gomas.ProcessOptions

	// Addr is where the container of this process listens. The default is a
	// port of 127.0.0.1 that the system chooses.
	Addr string

	// Container has the settings of the container of this process, but for the
	// clock. The processes take over its format and time-outs.
	Container gomas.Options

	// Patience bounds the time, on the wall, that a step of the agents may take
	// until they have come to rest. The default is not to bound it.
	Patience time.Duration
}

// StartAgents starts the containers for the agents of a simulator: in its Init.
// [Agents.Stop] ends them.
func StartAgents(ctx context.Context, start Start, opts *AgentsOptions) (*Agents, error) {
	var all AgentsOptions
	if opts != nil {
		all = *opts
	}
	if all.Addr == "" {
		all.Addr = "tcp://127.0.0.1:0"
	}
	a := &Agents{
		clock: clock.NewExternal(all.Date, 0), unit: start.Resolution, patience: all.Patience,
		entities: make(map[string]rpc.Remote),
	}
	all.Container.Clock = a.clock
	all.Container.Incoming = append([]rpc.Interceptor{a.arrived.count}, all.Container.Incoming...)
	var err error
	if a.container, err = gomas.NewContainer(ctx, all.Addr, &all.Container); err != nil {
		return nil, fmt.Errorf("mosaik: agents: %w", err)
	}
	if all.Processes == 0 {
		return a, nil
	}
	if err := a.startProcesses(ctx, &all); err != nil {
		return nil, fmt.Errorf("mosaik: agents: %w", errors.Join(err, a.Stop(context.WithoutCancel(ctx))))
	}
	return a, nil
}

func (a *Agents) startProcesses(ctx context.Context, opts *AgentsOptions) (err error) {
	if a.fleet, err = gomas.StartFleet(ctx, a.container, opts.Processes, &opts.Process); err != nil {
		return err
	}
	for _, p := range a.fleet.Processes() {
		r, err := p.Spawn(ctx, pacerName)
		if err != nil {
			return fmt.Errorf("%w; the program must call mosaik.ServeProcess first in main", err)
		}
		a.pacers = append(a.pacers, r)
	}
	return nil
}

// Container returns the container in this process.
func (a *Agents) Container() *gomas.Container { return a.container }

// Fleet returns the processes, nil if there are none.
func (a *Agents) Fleet() *gomas.Fleet { return a.fleet }

// Spawn makes the agent of an entity in one of the processes, see
// [gomas.Fleet.Spawn], and returns the entity as [Simulator.Create] does.
func (a *Agents) Spawn(ctx context.Context, id, typeName string, args ...any) (Entity, error) {
	if a.fleet == nil {
		return Entity{}, fmt.Errorf("mosaik: agent of %s: there are no processes; set AgentsOptions.Processes, or Spawn the agent in Container and Add it", id)
	}
	r, err := a.fleet.Spawn(ctx, typeName, args...)
	if err != nil {
		return Entity{}, fmt.Errorf("mosaik: agent of %s: %w", id, err)
	}
	return a.Add(id, r)
}

// Add makes an agent, wherever it is, that of an entity, and returns the entity
// as [Simulator.Create] does. The agent fulfils the contracts of [Attach], and
// its container has a clock that Agents sets; or else a step does not wait for
// what it does.
func (a *Agents) Add(id string, agent rpc.Remote) (Entity, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, taken := a.entities[id]; taken {
		return Entity{}, fmt.Errorf("mosaik: agent of %s: the entity has one already; give each entity an id of its own", id)
	}
	a.entities[id] = agent
	a.order = append(a.order, id)
	return Entity{ID: id}, nil
}

// Agent returns the agent of an entity, false if it has none.
func (a *Agents) Agent(id string) (rpc.Remote, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r, ok := a.entities[id]
	return r, ok
}

// having returns the ids of the entities with an agent that fit, in order.
func (a *Agents) having(fits func(id string) bool) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var ids []string
	for _, id := range a.order {
		if fits(id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// Step has the agents live through a step. It hands them their inputs, sets the
// clocks, and waits until all that was due has come to rest, in all processes;
// then it has the agents of entities make their steps, and waits for rest again.
//
// At rest, no agent runs or is about to, and no call is under way from one
// container to another. What the agents notify others of elsewhere, without
// waiting, is not waited for. A call whose function sleeps on the clock of
// another container keeps them from resting, see [AgentsOptions.Patience].
// Clocks of different processes are set at the same time, but not in one
// moment: what depends on others' time belongs in the step functions.
func (a *Agents) Step(ctx context.Context, step Step) error {
	if a.patience <= 0 {
		return a.step(ctx, step)
	}
	bounded, cancel := context.WithTimeout(ctx, a.patience)
	defer cancel()
	err := a.step(bounded, step)
	if err != nil && ctx.Err() == nil && bounded.Err() != nil {
		return fmt.Errorf("mosaik: agents: they have not come to rest within %v: %w; does a call wait for a clock in another container, or has a process stopped?", a.patience, err)
	}
	return err
}

func (a *Agents) step(ctx context.Context, step Step) error {
	t, err := durationOf(step.Time, a.unit)
	if err != nil {
		return err
	}
	ids := a.having(func(id string) bool { return len(step.Inputs[id]) > 0 })
	if err := a.each(ctx, "inputs", ids, func(ctx context.Context, id string, agent rpc.Remote) error {
		return EntityInputs.Call(ctx, agent, step.Inputs[id])
	}); err != nil {
		return err
	}
	if err := a.advance(ctx, t); err != nil {
		return err
	}
	if err := a.rest(ctx); err != nil {
		return err
	}
	all := a.having(func(string) bool { return true })
	if err := a.each(ctx, "step", all, func(ctx context.Context, _ string, agent rpc.Remote) error {
		return EntityStep.Call(ctx, agent, step.Time)
	}); err != nil {
		return err
	}
	return a.rest(ctx)
}

// Give asks the agents for what a query wants of their entities, and adds it
// to outputs.
func (a *Agents) Give(ctx context.Context, query Query, outputs *Outputs) error {
	var mu sync.Mutex
	ids := a.having(func(id string) bool { return len(query[id]) > 0 })
	return a.each(ctx, "outputs", ids, func(ctx context.Context, id string, agent rpc.Remote) error {
		values, err := EntityOutputs.Call(ctx, agent, query[id])
		mu.Lock()
		defer mu.Unlock()
		for attr, value := range values {
			outputs.Put(id, attr, value)
		}
		return err
	})
}

// each calls fn for the agents of entities at once.
func (a *Agents) each(ctx context.Context, what string, ids []string, fn func(ctx context.Context, id string, agent rpc.Remote) error) error {
	_, err := rpc.Gather(ctx, ids, func(ctx context.Context, id string) (struct{}, error) {
		agent, _ := a.Agent(id)
		if err := fn(ctx, id, agent); err != nil {
			return struct{}{}, fmt.Errorf("%s of entity %s: %w", what, id, err)
		}
		return struct{}{}, nil
	})
	return a.explained(ctx, err)
}

// advance sets all clocks.
func (a *Agents) advance(ctx context.Context, t time.Duration) error {
	if now := a.clock.Now(); t < now {
		return fmt.Errorf("mosaik: agents: a step at %v, and their clocks are at %v; leave setting the clocks to Agents", t, now)
	}
	_, err := rpc.Gather(ctx, a.pacers, func(ctx context.Context, pacer rpc.Remote) (struct{}, error) {
		return struct{}{}, paceAdvance.Call(ctx, pacer, t)
	})
	if err == nil {
		err = advance(a.clock, t)
	}
	return a.explained(ctx, err)
}

// Stop ends the processes and the container.
func (a *Agents) Stop(ctx context.Context) error {
	var err error
	if a.fleet != nil {
		err = a.fleet.Stop(ctx)
	}
	return errors.Join(err, a.container.Shutdown(ctx))
}

// explained says what has become of the processes, if a call has failed.
func (a *Agents) explained(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if a.fleet != nil {
		soon, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		for _, p := range a.fleet.Processes() {
			if _, gone := a.container.Connect(soon, p.Addr()+"/0"); gone != nil {
				// It is ending, if it has not ended, and we are about to be told.
				_ = p.Wait(soon)
			}
			err = errors.Join(err, p.Err())
		}
	}
	return fmt.Errorf("mosaik: agents: %w", err)
}

// rest waits until the agents are at rest everywhere at once. Each container
// knows when its own agents are, and has been since then if no call has come
// meanwhile. So a second look that finds no more calls than the first shows that
// all rested in between: Mattern's method of two waves.
func (a *Agents) rest(ctx context.Context) error {
	var before []int64
	for {
		arrived, err := a.look(ctx)
		switch {
		case err != nil:
			return a.explained(ctx, err)
		case len(a.pacers) == 0, slices.Equal(before, arrived):
			return nil
		}
		before = arrived
	}
}

// look waits for the rest of each container, and returns how many calls have
// come to each.
func (a *Agents) look(ctx context.Context) ([]int64, error) {
	arrived, err := rpc.Gather(ctx, a.pacers, func(ctx context.Context, pacer rpc.Remote) (int64, error) {
		return paceRest.Call(ctx, pacer)
	})
	if err != nil {
		return nil, err
	}
	if err := a.clock.Group().Wait(ctx); err != nil {
		return nil, err
	}
	return append(arrived, a.arrived.n.Load()), nil
}
