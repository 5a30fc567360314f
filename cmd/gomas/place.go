package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/examples/systems"
	"github.com/gomas/gomas/transport/local"
)

// progress is told how far a system is, as that of a [systems.Plan].
type progress func(done, total int, note string)

// place is where systems run. String says where that is.
type place interface {
	fmt.Stringer
	run(ctx context.Context, s systems.System, tell progress) (*result, error)
}

// place returns the place that the flags describe.
func (c *demoCommand) place() place {
	opts := &gomas.Options{Codec: codecs[c.Codec]}
	containers := orElse(c.Containers, 3)
	switch {
	case c.Processes != nil:
		return &processes{opts, *c.Processes}
	case c.isLocal():
		return &localNetwork{opts, containers, orElse(c.Seed, 0), c.Trace}
	}
	return &sockets{opts, containers}
}

// orElse returns the value of a flag, or another one if it is not set.
func orElse[T any](flag *T, other T) T {
	if flag == nil {
		return other
	}
	return *flag
}

const anyPort = "tcp://127.0.0.1:0"

// sockets has containers in this process that talk over TCP.
type sockets struct {
	options    *gomas.Options
	containers int
}

func (p *sockets) String() string {
	return "over TCP, in " + count(p.containers, "container") + " of this process"
}

func (p *sockets) run(ctx context.Context, s systems.System, tell progress) (*result, error) {
	addrs := slices.Repeat([]string{anyPort}, p.containers)
	return timed(ctx, s, systems.Plan{Addrs: addrs, Options: p.options, Progress: tell})
}

// timed runs a system in real time.
func timed(ctx context.Context, s systems.System, plan systems.Plan) (*result, error) {
	start := time.Now()
	out, err := s.Run(ctx, plan)
	return &result{Outcome: out, lasted: short(time.Since(start))}, err
}

// processes has the agents in processes of their own.
type processes struct {
	options   *gomas.Options
	processes int
}

func (p *processes) String() string { return "over TCP, in " + count(p.processes, "process") }

func (p *processes) run(ctx context.Context, s systems.System, tell progress) (_ *result, err error) {
	tell(0, 1, "starting "+count(p.processes, "process"))
	defer func() {
		if err != nil {
			p.awaitInterrupt(ctx)
		}
	}()
	c, err := gomas.NewContainer(ctx, anyPort, p.options)
	if err != nil {
		return nil, err
	}
	// All must have ended when this returns, whatever becomes of ctx.
	ending := context.WithoutCancel(ctx)
	defer func() { err = errors.Join(err, c.Shutdown(ending)) }()
	fleet, err := gomas.StartFleet(ctx, c, p.processes, &gomas.ProcessOptions{Name: s.Name})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, fleet.Stop(ending)) }()
	return timed(ctx, s, systems.Plan{Addrs: []string{anyPort}, Options: p.options, Progress: tell, Spawn: fleet.Spawn})
}

// awaitInterrupt gives the news of an interrupt the time to arrive: Ctrl-C is for
// the other processes, too, and the end of one may be the first that we hear.
func (*processes) awaitInterrupt(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(200 * time.Millisecond):
	}
}

// localNetwork has containers on a local network, in virtual time.
type localNetwork struct {
	options    *gomas.Options
	containers int
	seed       uint64
	trace      string // name of a file, "" for none
}

func (p *localNetwork) String() string {
	where := "on a local network of " + count(p.containers, "container")
	if p.seed == 0 {
		return where
	}
	return fmt.Sprintf("%s, seed %d", where, p.seed)
}

func (p *localNetwork) run(ctx context.Context, s systems.System, tell progress) (_ *result, err error) {
	trace := local.NewTrace(0)
	if p.trace != "" {
		file, err := newTraceFile(p.trace)
		if err != nil {
			return nil, err
		}
		trace = local.NewTrace(local.All)
		defer func() { err = errors.Join(err, file.write(trace.Events())) }()
	}
	addrs := make([]string, p.containers)
	for i := range addrs {
		addrs[i] = fmt.Sprintf("local://c%d", i)
	}
	net := local.New(&local.Options{Seed: p.seed, Trace: trace})
	defer func() { err = errors.Join(err, net.Close()) }()
	var out *systems.Outcome
	if err := net.Run(ctx, func(ctx context.Context) (err error) {
		out, err = s.Run(ctx, systems.Plan{Addrs: addrs, Seed: p.seed, Options: p.options, Progress: tell})
		return err
	}); err != nil {
		return nil, err
	}
	return &result{
		Outcome: out,
		lasted:  fmt.Sprintf("%v of virtual time", net.Clock().Now()),
		proof:   fmt.Sprintf("%d events, hash %016x", trace.Len(), trace.Hash()),
	}, nil
}

// count returns a number of things, in English.
func count(n int, thing string) string {
	switch {
	case n == 1:
		return "1 " + thing
	case thing[len(thing)-1] == 's':
		return fmt.Sprintf("%d %ses", n, thing)
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
