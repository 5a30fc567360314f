package gomastest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/gomas/gomas/transport/local"
)

// Run runs a scenario in a local network of its own. It fails the test, and ends
// it, if the scenario returns an error, or the network fails: by a deadlock, a
// panic, a task that stalls. Then, and if the scenario itself fails the test, it
// prints the seed and the end of the trace: the last 100 events, unless opts has a
// trace that keeps more.
//
// The environment variable GOMAS_SEED, if it is set, takes the place of the seed.
// Run finds goroutines that wait with a context of the network, as if CheckTurns was
// set in opts.
//
// Run must be called on the goroutine of the test. The scenario, and agents in it,
// may call FailNow and the like.
func Run(t testing.TB, opts *local.Options, scenario func(ctx context.Context) error) {
	t.Helper()
	o := settings(t, opts)
	if o.Trace == nil {
		o.Trace = local.NewTrace(100)
	}
	o.CheckTurns = true
	if err := run(t, &o, scenario); err != nil {
		t.Fatal(failure(t, &o, err))
	}
}

// settings returns the options, with the seed that is to be used.
func settings(t testing.TB, opts *local.Options) (o local.Options) {
	t.Helper()
	if opts != nil {
		o = *opts
	}
	if seed, ok := givenSeed(t); ok {
		o.Seed = seed
	}
	return o
}

// run runs a scenario that may fail the test itself, also by ending the goroutine.
func run(t testing.TB, o *local.Options, scenario func(ctx context.Context) error) error {
	t.Helper()
	before := t.Failed()
	defer func() {
		t.Helper()
		if t.Failed() && !before {
			t.Log(failure(t, o, errFailed))
		}
	}()
	return local.Run(t.Context(), o, scenario)
}

// errFailed is what is wrong with a scenario that has failed the test.
var errFailed = errors.New("the scenario has failed the test")

// failure says what has failed, and how to see it again.
func failure(t testing.TB, o *local.Options, err error) string {
	return again(t, &local.Finding{Seed: o.Seed, Err: err, Events: o.Trace.Events(), Hash: o.Trace.Hash()})
}

func again(t testing.TB, f *local.Finding) string {
	test := strings.ReplaceAll(regexp.QuoteMeta(t.Name()), "/", "$/^")
	return fmt.Sprintf("%v\nOr: GOMAS_SEED=%d go test -run '^%s$'", f, f.Seed, test)
}

// givenSeed returns the seed in the environment, if there is one.
func givenSeed(t testing.TB) (seed uint64, ok bool) {
	t.Helper()
	text := os.Getenv("GOMAS_SEED")
	if text == "" {
		return 0, false
	}
	seed, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("GOMAS_SEED: %v", err)
	}
	return seed, true
}

// Explore runs a scenario with many seeds, as [local.Explore] does, and fails the
// test, and ends it, with the lowest seed that fails and the end of its trace. With
// the flag -short it makes a tenth of the runs, in a tenth of the time.
//
// The scenario must return an error where it fails, and not call methods of t that
// fail the test: they would not know which run it was.
//
// If the environment variable GOMAS_SEED is set, there is one run, with this seed,
// as by [Run].
func Explore(t testing.TB, opts *local.ExploreOptions, scenario func(ctx context.Context) error) {
	t.Helper()
	var o local.ExploreOptions
	if opts != nil {
		o = *opts
	}
	if _, ok := givenSeed(t); ok {
		o.Network.Trace = nil
		Run(t, &o.Network, scenario)
		return
	}
	if testing.Short() {
		if o.Runs == 0 && o.Time == 0 {
			o.Runs = 1000
		}
		o.Runs = (o.Runs + 9) / 10
		o.Time = (o.Time + 9) / 10
	}
	finding, err := local.Explore(t.Context(), &o, scenario)
	if err != nil {
		t.Fatal(err)
	}
	if finding != nil {
		t.Fatal(again(t, finding))
	}
}

// Repeatable runs a scenario six times with one seed, twice each on one core, two
// and eight, and fails the test, and ends it, if the runs were not the same, frame
// by frame, with the first event that differs. So it does if the scenario fails, as
// [Run]. It keeps the events of two runs, and sets GOMAXPROCS meanwhile, so it must
// not be called by tests that run in parallel.
func Repeatable(t testing.TB, opts *local.Options, scenario func(ctx context.Context) error) {
	t.Helper()
	o := settings(t, opts)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var first *local.Trace
	for _, cores := range []int{1, 2, 8, 1, 2, 8} {
		runtime.GOMAXPROCS(cores)
		o.Trace = local.NewTrace(local.All)
		err := run(t, &o, scenario)
		if first == nil {
			first = o.Trace
		}
		if o.Trace.Hash() != first.Hash() {
			t.Errorf("seed %d does not give the same run each time, now with GOMAXPROCS=%d: %s", o.Seed, cores, difference(first, o.Trace))
		}
		if err != nil {
			t.Error(failure(t, &o, err))
		}
		if t.Failed() {
			t.FailNow()
		}
	}
}

// difference says where two traces differ that keep everything.
func difference(a, b *local.Trace) string {
	if d := local.Compare(a.Events(), b.Events()); d != nil {
		return d.String()
	}
	return "the frames differ where the trace does not show it"
}
