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
//
// A fleet of 0 processes is one in which nothing can be spawned; less than 0
// is an error.
func StartFleet(ctx context.Context, c *Container, n int, opts *ProcessOptions) (*Fleet, error) {
	if n < 0 {
		return nil, fmt.Errorf("gomas: start a fleet of %d processes: want 0 or more", n)
	}
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
// fewest of those made by Spawn: the first, the second, and so on. Processes
// that have ended are left out. It is an error if one ends meanwhile, and if all
// have ended; the error then has the reason of each.
func (f *Fleet) Spawn(ctx context.Context, name string, args ...any) (rpc.Remote, error) {
	i, err := f.fewest()
	if err != nil {
		return rpc.Remote{}, err
	}
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
func (f *Fleet) fewest() (least int, err error) {
	if len(f.processes) == 0 {
		return 0, errEmptyFleet
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	least = -1
	var reasons []error
	for i, p := range f.processes {
		switch reason := p.gone(); {
		case reason != nil:
			reasons = append(reasons, reason)
		case least < 0 || f.agents[i] < f.agents[least]:
			least = i
		}
	}
	if least < 0 {
		return 0, fmt.Errorf("gomas: spawn in a fleet whose processes have all ended: %w", errors.Join(reasons...))
	}
	f.agents[least]++
	return least, nil
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
