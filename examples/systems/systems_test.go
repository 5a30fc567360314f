package systems_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/codec/msgpack"
	"github.com/gomas/gomas/examples/systems"
)

func TestMain(m *testing.M) {
	if os.Getenv("GOMAS_PROCESS") != "" {
		serve() // as one of the processes that a test starts
		return
	}
	goleak.VerifyTestMain(m)
}

func serve() {
	var factories gomas.Factories
	err := systems.Register(&factories)
	if err == nil {
		_, err = gomas.ServeProcess(context.Background(), &factories, nil)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// addrs returns those of so many containers.
func addrs(n int) []string { return slices.Repeat([]string{"tcp://127.0.0.1:0"}, n) }

// perform runs a system, which must come to its known answer.
func perform(t *testing.T, s systems.System, p systems.Plan) *systems.Outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var done, total int
	p.Progress = func(d, n int, note string) {
		if d < done || d > n || note == "" {
			t.Errorf("%s: %d of %d after %d: %q", s.Name, d, n, done, note)
		}
		done, total = d, n
	}
	out, err := s.Run(ctx, p)
	if err != nil {
		t.Fatalf("%s: %v", s.Name, err)
	}
	if done != total {
		t.Errorf("%s ends after %d of %d steps", s.Name, done, total)
	}
	if !out.OK() {
		t.Errorf("%s: %v", s.Name, out)
	}
	if out.Messages == 0 || out.Summary == "" || len(out.Figures) == 0 {
		t.Errorf("%s says too little: %v", s.Name, out)
	}
	return out
}

func TestEverySystemComesToItsKnownAnswer(t *testing.T) {
	plans := []struct {
		where string
		plan  systems.Plan
	}{
		{"in one container", systems.Plan{Addrs: addrs(1), Seed: 1, Options: &gomas.Options{CheckTurns: true}}},
		{"over TCP", systems.Plan{Addrs: addrs(3), Seed: 2, Options: &gomas.Options{CheckTurns: true}}},
	}
	for _, s := range systems.All() {
		for _, p := range plans {
			t.Run(s.Name+" "+p.where, func(t *testing.T) { perform(t, s, p.plan) })
		}
	}
}

// TestEverySystemRunsUnderATurn has an agent run the systems: whatever they wait
// for, they wait for with the context they are given, or the check of turns
// would notice. They speak MsgPack here.
func TestEverySystemRunsUnderATurn(t *testing.T) {
	c, err := gomas.NewContainer(t.Context(), "tcp://127.0.0.1:0", &gomas.Options{CheckTurns: true})
	if err != nil {
		t.Fatal(err)
	}
	boss, err := gomas.Spawn(t.Context(), c, func(_ context.Context, a *gomas.Agent) (*gomas.Agent, error) { return a, nil })
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range systems.All() {
		t.Run(s.Name, func(t *testing.T) {
			err := boss.Do(t.Context(), func(ctx context.Context) error {
				out, err := s.Run(ctx, systems.Plan{Addrs: addrs(2), Seed: 3, Options: &gomas.Options{Codec: msgpack.Codec{}}})
				if err == nil && !out.OK() {
					t.Error(out)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	if err := c.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestEverySystemEndsWhenItIsToldTo(t *testing.T) {
	for _, s := range systems.All() {
		t.Run(s.Name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			_, err := s.Run(ctx, systems.Plan{Addrs: addrs(2), Progress: func(done, _ int, _ string) {
				if done == 1 {
					cancel()
				}
			}})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("it ends with %v", err)
			}
		})
	}
}

func TestEverySystemRunsOverProcesses(t *testing.T) {
	ctx := t.Context()
	c, err := gomas.NewContainer(ctx, "tcp://127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	fleet, err := gomas.StartFleet(ctx, c, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range systems.All() {
		t.Run(s.Name, func(t *testing.T) { perform(t, s, systems.Plan{Addrs: addrs(1), Seed: 4, Spawn: fleet.Spawn}) })
	}
	if err := fleet.Stop(context.Background()); err != nil {
		t.Error(err)
	}
	if err := c.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
}
