package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"time"
)

// ExploreOptions are the settings of [Explore]. The zero value of each field means
// its default, and a nil *ExploreOptions all defaults.
type ExploreOptions struct {
	// Network are the settings of the network of each run. Its Seed and Trace
	// do not matter. Its functions are called by several runs at a time.
	Network Options

	// First is the first seed. The default is 1.
	First uint64

	// Runs is how many seeds are tried at most, one after another. The default
	// is 1000 or, if Time is set, any number.
	Runs int

	// Time is the real time after which no more runs are begun. The default is
	// not to look at the time.
	Time time.Duration

	// Parallel is how many runs are under way at a time. The default is
	// GOMAXPROCS.
	Parallel int

	// Keep is how many events the trace of a finding has, the last ones; it
	// may be [All]. The default is 100.
	Keep int

	// Progress, if it is a terminal, shows a line that says how far it has got.
	Progress io.Writer
}

// Explore runs a scenario once for each of many seeds, each time in a network of
// its own, and returns the run with the lowest seed that failed: its scenario
// returned an error, ended its goroutine, or the network failed, as by a deadlock
// or a panic. It returns nil if none did.
//
// Runs share no network, but are under way at the same time in one process. So the
// scenario must not use what other runs use, too, such as package-level variables.
//
// Seeds are begun in their order, and each run that was begun is finished, so
// which seed is found does not depend on how fast runs are. If that is to be the
// same everywhere, it takes a budget in runs.
//
// The run is then repeated with a trace, twice; see [Finding]. If ctx ends, so do
// all runs, and Explore returns its error, along with what was found until then.
func Explore(ctx context.Context, opts *ExploreOptions, scenario func(ctx context.Context) error) (*Finding, error) {
	e := &exploration{scenario: scenario, began: time.Now()}
	if opts != nil {
		e.options = *opts
	}
	e.options.setDefaults()
	e.next = e.options.First
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		var all sync.WaitGroup
		for range e.options.Parallel {
			all.Go(func() { e.work(ctx) })
		}
		all.Wait()
	}()
	e.watch(ended)
	f := e.found
	if f != nil {
		f.Runs, f.Time = e.runs, time.Since(e.began)
	}
	if err := ctx.Err(); err != nil {
		return f, fmt.Errorf("local: explore, after %d runs: %w", e.runs, err)
	}
	if f != nil {
		f.repeat(ctx, &e.options, scenario)
	}
	return f, nil
}

func (o *ExploreOptions) setDefaults() {
	if o.First == 0 {
		o.First = 1
	}
	if o.Runs <= 0 && o.Time <= 0 {
		o.Runs = 1000
	}
	if o.Parallel <= 0 {
		o.Parallel = runtime.GOMAXPROCS(0)
	}
	if o.Keep == 0 {
		o.Keep = 100
	}
}

// network returns the settings of the network of one run.
func (o *ExploreOptions) network(seed uint64, trace *Trace) *Options {
	n := o.Network
	n.Seed, n.Trace = seed, trace
	return &n
}

// exploration is a call of Explore.
type exploration struct {
	options  ExploreOptions
	scenario func(ctx context.Context) error
	began    time.Time

	mu    sync.Mutex
	next  uint64 // seed
	begun int
	runs  int      // that have ended
	found *Finding // with the lowest seed so far
}

// work runs the scenario with one seed after another.
func (e *exploration) work(ctx context.Context) {
	for {
		seed, ok := e.take(ctx)
		if !ok {
			return
		}
		opts := e.options.network(seed, nil)
		opts.hasty = true
		if seed == e.options.First {
			opts.CheckTurns = true // which takes long, and is the same with each seed
		}
		err := once(ctx, opts, e.scenario)
		if ctx.Err() != nil {
			return // which may be all that is wrong
		}
		e.note(seed, err)
	}
}

// take returns the seed of a run to begin, if there is one that still matters.
func (e *exploration) take(ctx context.Context) (seed uint64, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	o := &e.options
	switch {
	case ctx.Err() != nil, e.found != nil, e.next == 0, // after the last that there is
		o.Runs > 0 && e.begun == o.Runs,
		o.Time > 0 && time.Since(e.began) >= o.Time && e.begun > 0:
		return 0, false
	}
	seed = e.next
	e.next++
	e.begun++
	return seed, true
}

// note counts a run that has ended.
func (e *exploration) note(seed uint64, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.runs++
	if err != nil && (e.found == nil || seed < e.found.Seed) {
		e.found = &Finding{Seed: seed, Err: err}
	}
}

// errLeft is what is wrong with a scenario that does not return.
var errLeft = errors.New("local: the scenario has ended its goroutine, as FailNow of package testing does; it must return an error")

// once runs the scenario once. It returns also if the scenario ends its goroutine.
func once(ctx context.Context, opts *Options, scenario func(ctx context.Context) error) error {
	result := make(chan error, 1)
	go func() {
		err := errLeft
		defer func() { result <- err }()
		err = Run(ctx, opts, scenario)
	}()
	return <-result
}

// watch waits for the end, and shows how far it is.
func (e *exploration) watch(ended <-chan struct{}) {
	line := newLine(e.options.Progress)
	if line == nil {
		<-ended
		return
	}
	defer line.clear()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		line.show(e.String())
		select {
		case <-ended:
			return
		case <-tick.C:
		}
	}
}

// String says how far it is.
func (e *exploration) String() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	text := fmt.Sprintf("%d runs", e.runs)
	if e.options.Runs > 0 {
		text = fmt.Sprintf("%d of %d runs", e.runs, e.options.Runs)
	}
	text += fmt.Sprintf(" in %v", time.Since(e.began).Round(100*time.Millisecond))
	if e.found != nil {
		text += fmt.Sprintf(", seed %d fails, %d under way", e.found.Seed, e.begun-e.runs)
	}
	return text
}
