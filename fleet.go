package gomas

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/gomas/gomas/rpc"
)

// Fleet is a number of processes over which agents are spread. Its methods may
// be called from any number of goroutines.
type Fleet struct {
	processes []*Process

	mu     sync.Mutex
	agents []int // how many each process has, or is about to have
}

// StartFleet starts n processes at the same time, see [StartProcess], and
// returns when all are ready. Their names are that of opts with a number from
// 0: "house-0". If one does not start, the others are stopped, and the error
// names it.
func StartFleet(ctx context.Context, c *Container, n int, opts *ProcessOptions) (*Fleet, error) {
	var all ProcessOptions
	if opts != nil {
		all = *opts
	}
	setDefault(&all.Name, "process")
	all.printing = new(sync.Mutex) // of all, since they share the writers
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = i
	}
	// All are waited for, also if ctx ends: none may be left running.
	processes, err := rpc.Gather(context.WithoutCancel(ctx), numbers, func(_ context.Context, i int) (*Process, error) {
		own := all
		own.Name = fmt.Sprintf("%s-%d", all.Name, i)
		return StartProcess(ctx, c, &own)
	})
	f := &Fleet{processes: processes, agents: make([]int, n)}
	if err != nil {
		f.processes = slices.DeleteFunc(processes, func(p *Process) bool { return p == nil })
		return nil, errors.Join(err, f.Stop(context.WithoutCancel(ctx)))
	}
	return f, nil
}

// Processes returns the processes, in the order of their names.
func (f *Fleet) Processes() []*Process { return slices.Clone(f.processes) }

// Spawn makes an agent, see [RemoteManager.Spawn], in the process that has the
// fewest of those made by Spawn: the first, the second, and so on. If that
// process has ended, it is an error.
func (f *Fleet) Spawn(ctx context.Context, name string, args ...any) (rpc.Remote, error) {
	if len(f.processes) == 0 {
		return rpc.Remote{}, errEmptyFleet
	}
	i := f.fewest()
	r, err := f.processes[i].Spawn(ctx, name, args...)
	if err != nil {
		f.mu.Lock()
		f.agents[i]--
		f.mu.Unlock()
	}
	return r, err
}

var errEmptyFleet = errors.New("gomas: spawn in a fleet of no processes")

// fewest finds the process for one more agent, and counts that.
func (f *Fleet) fewest() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.Index(f.agents, slices.Min(f.agents))
	f.agents[i]++
	return i
}

// SetTime sets the clocks of all processes at once, and returns when all are
// set; see [RemoteManager.SetTime]. The error names each process where that
// failed; the others have the new time.
func (f *Fleet) SetTime(ctx context.Context, t time.Duration) error {
	return f.each(ctx, func(p *Process) error { return p.SetTime(ctx, t) })
}

// Stop ends all processes at once; see [Process.Stop]. The error names each
// that did not end well.
func (f *Fleet) Stop(ctx context.Context) error {
	return f.each(ctx, func(p *Process) error { return p.Stop(ctx) })
}

// each calls fn, which knows when to end, for all processes at once, and joins
// the errors.
func (f *Fleet) each(ctx context.Context, fn func(*Process) error) error {
	_, err := rpc.Gather(context.WithoutCancel(ctx), f.processes, func(_ context.Context, p *Process) (struct{}, error) {
		return struct{}{}, fn(p)
	})
	return err
}
