package mosaik_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/gomas/gomas/mosaik"
	"github.com/gomas/gomas/mosaik/mosaiktest"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/turn"
)

func TestMain(m *testing.M) {
	// The test program is also the processes that tests start.
	if served, err := mosaik.ServeProcess(context.Background(), players(), nil); served {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// scripted is a simulator whose methods are functions; those that are nil do
// the simplest thing that is right.
type scripted struct {
	meta    *mosaik.Meta
	init    func(context.Context, mosaik.Start) error
	create  func(context.Context, int, string, mosaik.Params) ([]mosaik.Entity, error)
	setUp   func(context.Context) error
	step    func(context.Context, mosaik.Step) (int64, error)
	getData func(context.Context, mosaik.Query) (mosaik.Outputs, error)
	stop    func(context.Context) error
	methods func(*rpc.Service)

	world *mosaik.World
	made  int
}

func (s *scripted) Meta() mosaik.Meta {
	if s.meta != nil {
		return *s.meta
	}
	return mosaik.Meta{Type: mosaik.TimeBased, Models: map[string]mosaik.Model{
		"Thing": {Params: []string{"size"}, Attrs: []string{"power", "name"}},
		"Part":  {Private: true, Attrs: []string{"power"}},
	}}
}

func (s *scripted) Init(ctx context.Context, start mosaik.Start) error {
	s.world = start.World
	if s.init == nil {
		return nil
	}
	return s.init(ctx, start)
}

func (s *scripted) Create(ctx context.Context, num int, model string, params mosaik.Params) ([]mosaik.Entity, error) {
	if s.create != nil {
		return s.create(ctx, num, model, params)
	}
	var entities []mosaik.Entity
	for range num {
		entities = append(entities, mosaik.Entity{ID: fmt.Sprintf("%s-%d", model, s.made)})
		s.made++
	}
	return entities, nil
}

func (s *scripted) SetupDone(ctx context.Context) error {
	if s.setUp == nil {
		return nil
	}
	return s.setUp(ctx)
}

func (s *scripted) Step(ctx context.Context, step mosaik.Step) (int64, error) {
	if s.step == nil {
		return step.Time + 1, nil
	}
	return s.step(ctx, step)
}

func (s *scripted) GetData(ctx context.Context, query mosaik.Query) (outputs mosaik.Outputs, err error) {
	if s.getData != nil {
		return s.getData(ctx, query)
	}
	for id, attrs := range query {
		for _, attr := range attrs {
			outputs.Put(id, attr, 1.5)
		}
	}
	return outputs, nil
}

func (s *scripted) Stop(ctx context.Context) error {
	if s.stop == nil {
		return nil
	}
	return s.stop(ctx)
}

func (s *scripted) Methods(methods *rpc.Service) {
	if s.methods != nil {
		s.methods(methods)
	}
}

// simulation is a simulator with a driver.
type simulation struct {
	*mosaiktest.Driver
	ended chan error // what Join or Serve has returned
}

// both runs a test for each way of starting a simulator.
func both(t *testing.T, sim func() *scripted, opts *mosaiktest.Options, test func(t *testing.T, s simulation)) {
	t.Run("mosaik listens", func(t *testing.T) { test(t, joined(t, sim(), opts)) })
	t.Run("the simulator listens", func(t *testing.T) {
		srv, err := mosaik.Listen(t.Context(), "127.0.0.1:0", sim(), nil)
		if err != nil {
			t.Fatal(err)
		}
		s := simulation{ended: make(chan error, 1)}
		go func() { s.ended <- srv.Serve(context.Background()) }()
		if s.Driver, err = mosaiktest.Dial(t.Context(), srv.Addr(), opts); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Stop(context.Background()) })
		test(t, s)
	})
}

// joined starts a simulator that connects to a driver.
func joined(t *testing.T, sim mosaik.Simulator, opts *mosaiktest.Options) simulation {
	t.Helper()
	d, err := mosaiktest.Listen(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	s := simulation{d, make(chan error, 1)}
	go func() { s.ended <- mosaik.Join(context.Background(), d.Addr(), sim, nil) }()
	t.Cleanup(func() { _ = s.Stop(context.Background()) })
	return s
}

// started is joined, with init and one entity, "Thing-0".
func started(t *testing.T, sim *scripted, opts *mosaiktest.Options) simulation {
	t.Helper()
	s := joined(t, sim, opts)
	s.begin(t)
	return s
}

func (s simulation) begin(t *testing.T) {
	t.Helper()
	if _, err := s.Init(t.Context(), "Sim-0", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Create(t.Context(), 1, "Thing", nil); err != nil {
		t.Fatal(err)
	}
}

// asking waits, with the turn given up, for a function that blocks.
func asking(ctx context.Context, fn func()) error { return turn.Await(ctx, fn) }
