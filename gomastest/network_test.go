package gomastest_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/gomastest"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport/local"
	"github.com/gomas/gomas/turn"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorder is a test that may fail.
type recorder struct {
	testing.TB
	failed bool
	text   strings.Builder
}

func (r *recorder) Helper()        {}
func (r *recorder) Name() string   { return "TestOf/a+b" }
func (r *recorder) Failed() bool   { return r.failed }
func (r *recorder) Log(arg ...any) { fmt.Fprintln(&r.text, arg...) }

func (r *recorder) Error(arg ...any) {
	r.Log(arg...)
	r.failed = true
}

func (r *recorder) Errorf(format string, arg ...any) { r.Error(fmt.Sprintf(format, arg...)) }

func (r *recorder) FailNow() {
	r.failed = true
	runtime.Goexit()
}

func (r *recorder) Fatal(arg ...any) {
	r.Error(arg...)
	r.FailNow()
}

func (r *recorder) Fatalf(format string, arg ...any) { r.Fatal(fmt.Sprintf(format, arg...)) }

// record runs a test that may fail, and reports whether it came to its end.
func record(t *testing.T, test func(t testing.TB)) (r *recorder, finished bool) {
	r = &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		test(r)
		finished = true
	}()
	<-done
	return r, finished
}

var errWrong = errors.New("wrong")

func fail(ctx context.Context) error {
	local.From(ctx).Note("about to fail")
	return errWrong
}

// rarely fails with few seeds.
func rarely(ctx context.Context) error {
	if local.From(ctx).Rand("coin").IntN(20) == 0 {
		return fail(ctx)
	}
	return nil
}

func TestTheHelpersForLocalNetworksPassWhatIsRight(t *testing.T) {
	scenario := func(ctx context.Context) error {
		n := local.From(ctx)
		if n.Seed() == 0 {
			return errors.New("no seed")
		}
		n.Note("asleep")
		return clock.Sleep(ctx, n.Clock(), time.Hour)
	}
	gomastest.Run(t, &local.Options{Seed: 1}, scenario)
	gomastest.Explore(t, &local.ExploreOptions{Runs: 10}, scenario)
	gomastest.Repeatable(t, &local.Options{Seed: 3}, scenario)
}

func TestTheHelpersForLocalNetworksFailTheTestWithTheSeedAndTheTrace(t *testing.T) {
	count := 0
	for _, test := range []struct {
		name string
		run  func(t testing.TB)
		want []string
	}{
		{
			"an error", func(t testing.TB) { gomastest.Run(t, &local.Options{Seed: 5}, fail) },
			[]string{"seed 5 fails: wrong\n", "about to fail", "GOMAS_SEED=5 go test -run '^TestOf$/^a\\+b$'"},
		},
		{"a deadlock", func(t testing.TB) {
			gomastest.Run(t, nil, func(ctx context.Context) error {
				return new(turn.Event).Wait(ctx, nil, "what never comes")
			})
		}, []string{"seed 0 fails: deadlock", "main waits for what never comes"}},
		{"a panic", func(t testing.TB) {
			gomastest.Run(t, nil, func(context.Context) error { panic("boo") })
		}, []string{"main panicked: boo"}},
		{"a test that fails inside", func(t testing.TB) {
			gomastest.Run(t, nil, func(ctx context.Context) error {
				local.From(ctx).Note("about to fail")
				t.Fatal("as it should")
				return nil
			})
		}, []string{"as it should", "seed 0 fails: the scenario has failed the test", "about to fail"}},
		{"a test that fails in an agent", func(t testing.TB) {
			gomastest.Run(t, nil, func(ctx context.Context) error {
				c, err := gomas.NewContainer(ctx, "local://here", nil)
				if err != nil {
					return err
				}
				const ask rpc.Proc0 = "ask()"
				a, err := gomas.Spawn(ctx, c, func(_ context.Context, a *gomas.Agent) (*gomas.Agent, error) {
					ask.Handle(a.Services(), func(context.Context) error {
						t.FailNow()
						return nil
					})
					return a, nil
				})
				if err != nil {
					return err
				}
				return ask.Call(ctx, a.Remote())
			})
		}, []string{"seed 0 fails: the scenario has failed the test"}},
		{
			"one of many seeds", func(t testing.TB) { gomastest.Explore(t, nil, rarely) },
			[]string{"fails, after ", ": wrong\n", "about to fail", "Or: GOMAS_SEED="},
		},
		{"other events", func(t testing.TB) {
			gomastest.Repeatable(t, &local.Options{Seed: 4}, func(ctx context.Context) error {
				count++
				local.From(ctx).Note("the same")
				local.From(ctx).Note(fmt.Sprint("run ", count))
				return nil
			})
		}, []string{"seed 4 does not give the same run each time, now with GOMAXPROCS=2: the traces differ at event 1", "- 1  0.000ms  run 1", "+ 1  0.000ms  run 2"}},
		{"fewer events", func(t testing.TB) {
			first := true
			gomastest.Repeatable(t, nil, func(ctx context.Context) error {
				if first {
					local.From(ctx).Note("once")
				}
				first = false
				return nil
			})
		}, []string{"the traces differ at event 0", "+ the end"}},
		{
			"an error each time", func(t testing.TB) { gomastest.Repeatable(t, nil, fail) },
			[]string{"seed 0 fails: wrong\n", "about to fail"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			cores := runtime.GOMAXPROCS(0)
			r, finished := record(t, test.run)
			if !r.failed || finished {
				t.Errorf("failed: %v, went on: %v", r.failed, finished)
			}
			for _, want := range test.want {
				if strings.Count(r.text.String(), want) != 1 {
					t.Errorf("%q is not there once:\n%s", want, &r.text)
				}
			}
			if n := runtime.GOMAXPROCS(0); n != cores {
				t.Errorf("GOMAXPROCS is %d, was %d", n, cores)
			}
		})
	}
}

func TestASeedInTheEnvironmentIsTheOneThatIsUsed(t *testing.T) {
	t.Setenv("GOMAS_SEED", "18446744073709551615")
	runs := 0
	scenario := func(ctx context.Context) error {
		runs++
		if seed := local.From(ctx).Seed(); seed != 1<<64-1 {
			t.Errorf("seed %d", seed)
		}
		return nil
	}
	gomastest.Run(t, &local.Options{Seed: 1}, scenario)
	gomastest.Explore(t, &local.ExploreOptions{First: 2}, scenario)
	gomastest.Repeatable(t, nil, scenario)
	if runs != 1+1+6 {
		t.Errorf("%d runs", runs)
	}

	t.Setenv("GOMAS_SEED", "-1")
	r, finished := record(t, func(t testing.TB) { gomastest.Run(t, nil, scenario) })
	if !r.failed || finished || !strings.Contains(r.text.String(), "GOMAS_SEED") {
		t.Errorf("no number: %s", &r.text)
	}
}

func TestShortTestsExploreATenth(t *testing.T) {
	short := flag.Lookup("test.short").Value
	before := short.String()
	defer func() { _ = short.Set(before) }()
	for _, test := range []struct {
		short string
		runs  int
		want  int64
	}{
		{"false", 25, 25}, {"true", 25, 3}, {"true", 0, 100},
	} {
		if err := short.Set(test.short); err != nil {
			t.Fatal(err)
		}
		var runs atomic.Int64
		gomastest.Explore(t, &local.ExploreOptions{Runs: test.runs}, func(context.Context) error { runs.Add(1); return nil })
		if runs.Load() != test.want {
			t.Errorf("%d runs if short is %s, of %d; want %d", runs.Load(), test.short, test.runs, test.want)
		}
	}
}
