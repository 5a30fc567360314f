package local

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Finding is a run that has failed. A network with its seed, and the other options
// that it had, repeats it.
type Finding struct {
	Seed   uint64
	Err    error         // of the run
	Events []Event       // the end of its trace
	Hash   uint64        // of all of its trace
	Runs   int           // that were made to find it
	Time   time.Duration // that this took

	// Unsteady says in which way the run was another when it was repeated with
	// the same seed, so that its events may not show what happened, and the seed
	// may not either. It is "" if the run was the same. Something in the
	// scenario depends on more than the seed then: goroutines of its own, the
	// order of a map, the time of day, what another run has left behind.
	Unsteady string
}

// repeat runs the scenario again, for its trace, and once more, to see whether it
// is the same.
func (f *Finding) repeat(ctx context.Context, opts *ExploreOptions, scenario func(ctx context.Context) error) {
	first, second := NewTrace(opts.Keep), NewTrace(0)
	err := once(ctx, opts.network(f.Seed, first), scenario)
	f.Events, f.Hash = first.Events(), first.Hash()
	if f.differs(err) || f.differs(once(ctx, opts.network(f.Seed, second), scenario)) {
		return
	}
	if a, b := first.Hash(), second.Hash(); a != b {
		f.Unsteady = fmt.Sprintf("it failed alike, but other frames were sent, or at other times: the hashes of the traces are %016x and %016x", a, b)
	}
}

// differs reports whether a repetition has failed in another way.
func (f *Finding) differs(err error) bool {
	switch {
	case err == nil:
		f.Unsteady = "it passed"
	case reason(err) != reason(f.Err):
		f.Unsteady = fmt.Sprintf("it failed in another way: %v", err)
	}
	return f.Unsteady != ""
}

// reason returns what an error says that is the same in every run.
func reason(err error) string {
	if p, ok := errors.AsType[*PanicError](err); ok { // its stack has addresses
		return fmt.Sprintf("%s panicked: %v", p.Task, p.Value)
	}
	if s, ok := errors.AsType[*StallError](err); ok {
		return s.Task + " stalled"
	}
	return err.Error()
}

// String says what has failed, how, and how to see it again.
func (f *Finding) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d fails", f.Seed)
	if f.Runs > 0 {
		fmt.Fprintf(&b, ", after %d runs in %v", f.Runs, f.Time.Round(time.Millisecond))
	}
	fmt.Fprintf(&b, ": %v\n", f.Err)
	traced := "its trace"
	if f.Unsteady != "" {
		fmt.Fprintf(&b, "The run is not the same each time, though its seed is. Run again, %s.\n", f.Unsteady)
		traced = "the trace of another run with the seed"
	}
	if len(f.Events) > 0 {
		fmt.Fprintf(&b, "The end of %s:\n", traced)
		if err := WriteText(&b, f.Events); err != nil {
			fmt.Fprintf(&b, "… %v\n", err)
		}
	}
	fmt.Fprintf(&b, "To see it again, run the scenario with local.Options{Seed: %d} and the other options as they were.", f.Seed)
	return b.String()
}
