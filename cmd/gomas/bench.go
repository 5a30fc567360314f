package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/rpc"
)

// benchCommand measures how long calls take, and how many there can be.
type benchCommand struct {
	Address  target   `arg:"" help:"Of a container or server, or of an agent."`
	Function string   `arg:"" optional:"" help:"What to call, as of gomas call. The default is a question that every peer answers."`
	Args     []string `arg:"" optional:"" name:"arg" help:"Arguments, as of gomas call."`

	Callers     []int         `default:"1,64" placeholder:"N" help:"How many call at the same time, each one call after another; several numbers are measured one after another."`
	Connections int           `default:"1" help:"Over how many connections, which the callers share."`
	For         time.Duration `default:"2s" help:"How long each measurement takes."`
	Dialling
}

func (*benchCommand) Help() string {
	return `Prints, for each number of callers, the calls in a second and how long they took: the times that 50 %, 90 %, 99 % and 99.9 % of the calls did not exceed (up to 2 % too much), and the longest. The function is really called, so choose one that does no harm. Results are not decoded.

This program and the peer share the machine if both run on it.

Examples:

    gomas bench tcp://localhost:5555
    gomas bench tcp://localhost:5555/1 echo 42 --callers 1,8,64 --for 5s`
}

const maxCallers = 4096

// Run implements the command.
func (c *benchCommand) Run(env *environment) error {
	types, err := foreignTypes()
	if err == nil {
		err = c.check()
	}
	if err != nil {
		return err
	}
	args, err := parseArguments(c.Args, types)
	if err != nil {
		return err
	}
	peers := make([]*peer, c.Connections)
	for i := range peers {
		if peers[i], err = c.dial(env, c.Address); err != nil {
			return err
		}
		defer peers[i].Close()
	}
	load := c.load(args)
	for _, p := range peers { // a mistake shows here, and not a million times
		if err := load(env, p); err != nil {
			return p.explain(env, err)
		}
	}
	table := tabwriter.NewWriter(env.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	defer table.Flush()
	_, _ = fmt.Fprint(table, "callers\tcalls/s\tp50\tp90\tp99\tp99.9\tmax\t\n")
	for _, n := range c.Callers {
		m := measure(env, n, c.For, func(ctx context.Context, caller int) error { return load(ctx, peers[caller%len(peers)]) })
		if m.took.n > 0 {
			_, _ = fmt.Fprintf(table, "%d\t%.0f\t", n, float64(m.took.n)/m.lasted.Seconds())
			for _, p := range []float64{50, 90, 99, 99.9, 100} {
				_, _ = fmt.Fprintf(table, "%s\t", short(m.took.percentile(p)))
			}
			_, _ = fmt.Fprintln(table)
		}
		if env.Err() != nil {
			return errInterrupted
		}
		if m.err != nil {
			f := failureOf(peers[0].explain(env, m.err))
			return &failure{f.code, fmt.Errorf("a call failed after %d: %w", m.took.n, f.err), f.hint}
		}
	}
	return nil
}

func (c *benchCommand) check() error {
	if c.Connections < 1 || c.Connections > maxCallers {
		return usageError("", "--connections must be from 1 to %d", maxCallers)
	}
	if c.For <= 0 {
		return usageError("", "--for must be more than nothing")
	}
	for _, n := range c.Callers {
		if n < 1 || n > maxCallers {
			return usageError("", "--callers must be from 1 to %d", maxCallers)
		}
	}
	return nil
}

// load returns what is measured.
func (c *benchCommand) load(args arguments) func(context.Context, *peer) error {
	if c.Function == "" {
		return func(ctx context.Context, p *peer) error {
			name, _, err := agentType(ctx, p.Remote(), c.Address.agent)
			if err == nil && name == "" && c.Address.agent != "" {
				return noAgent(c.Address)
			}
			return err
		}
	}
	list := args.list()
	return func(ctx context.Context, p *peer) error {
		_, err := rpc.Call[codec.Raw](ctx, p.target.in(p.Conn), c.Function, list...)
		return err
	}
}

// measurement is what came of a number of callers.
type measurement struct {
	took   latencies
	lasted time.Duration
	err    error // the first one, which ends the measurement
}

// measure has n callers call one time after another, for a while.
func measure(ctx context.Context, n int, lasting time.Duration, call func(ctx context.Context, caller int) error) *measurement {
	var (
		m     measurement
		mu    sync.Mutex
		all   sync.WaitGroup
		start = time.Now()
		end   = start.Add(lasting)
	)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for caller := range n {
		all.Go(func() {
			own := new(latencies)
			defer func() {
				mu.Lock()
				defer mu.Unlock()
				m.took.join(own)
			}()
			for before := time.Now(); before.Before(end); {
				if err := call(ctx, caller); err != nil {
					cancel(err)
					return
				}
				after := time.Now()
				own.add(after.Sub(before))
				before = after
			}
		})
	}
	all.Wait()
	m.lasted = time.Since(start)
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		m.err = cause
	}
	return &m
}
