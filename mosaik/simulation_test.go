package mosaik_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/gomas/gomas/mosaik"
	"github.com/gomas/gomas/mosaik/mosaiktest"
	"github.com/gomas/gomas/rpc"
)

func TestASimulationFromInitToStop(t *testing.T) {
	var got struct {
		start   mosaik.Start
		params  mosaik.Params
		inputs  []mosaik.Inputs
		times   []int64
		setUps  int
		stopped int
	}
	both(t, func() *scripted {
		got.times, got.inputs, got.setUps, got.stopped = nil, nil, 0, 0
		return &scripted{
			init: func(_ context.Context, start mosaik.Start) error { got.start = start; return nil },
			create: func(_ context.Context, num int, model string, params mosaik.Params) ([]mosaik.Entity, error) {
				got.params = params
				return []mosaik.Entity{
					{ID: "A", Related: []string{"B"}, Extra: map[string]any{"x": int64(1)}},
					{ID: "B.1", Children: []mosaik.Entity{{ID: "C", Model: "Part"}}},
				}, nil
			},
			setUp: func(context.Context) error { got.setUps++; return nil },
			step: func(_ context.Context, step mosaik.Step) (int64, error) {
				got.times, got.inputs = append(got.times, step.Time), append(got.inputs, step.Inputs)
				return step.Time + 900, nil
			},
			stop: func(context.Context) error { got.stopped++; return nil },
			methods: func(svc *rpc.Service) {
				svc.Handle("scale(factor, by=2)", func(factor, by float64) float64 { return factor * by })
			},
		}
	}, &mosaiktest.Options{Resolution: 60}, func(t *testing.T, s simulation) {
		ctx := t.Context()
		meta, err := s.Init(ctx, "Sim-0", map[string]any{"path": "x.csv", "n": 3})
		if err != nil || meta.Type != mosaik.TimeBased || meta.API != "3.0" {
			t.Fatalf("meta %+v, %v", meta, err)
		}
		if got.start.ID != "Sim-0" || got.start.Resolution != time.Minute || !reflect.DeepEqual(got.start.Params, mosaik.Params{"path": "x.csv", "n": int64(3)}) {
			t.Errorf("Init got %+v", got.start)
		}
		entities, err := s.Create(ctx, 2, "Thing", map[string]any{"size": 2.5})
		if err != nil || len(entities) != 2 || entities[0].Model != "Thing" || entities[1].Children[0].ID != "C" || !reflect.DeepEqual(got.params, mosaik.Params{"size": 2.5}) {
			t.Fatalf("created %+v of %v, %v", entities, got.params, err)
		}
		if v, err := s.Call(ctx, "scale", 3, rpc.Kw{"by": 1.5}); err != nil || v != 4.5 {
			t.Errorf("the extra method returned %v, %v", v, err)
		}
		inputs := mosaik.Inputs{"A": {"power": {"Other-0.E": math.Inf(1)}, "name": {"Other-0.E": "é"}}}
		var seen []int64
		if err := s.Run(ctx, mosaiktest.Scenario{
			Until:  3600,
			Inputs: func(int64) mosaik.Inputs { return inputs },
			Query:  mosaik.Query{"A": {"power"}, "C": {"power"}},
			Seen: func(time int64, outputs mosaik.Outputs) error {
				seen = append(seen, time)
				if outputs.Values["C"]["power"] != 1.5 || outputs.Time != time {
					t.Errorf("at %d: %+v", time, outputs)
				}
				return nil
			},
		}); err != nil {
			t.Fatal(err)
		}
		if err := <-s.ended; err != nil {
			t.Error("the simulator ended with", err)
		}
		want := []int64{0, 900, 1800, 2700}
		if !slices.Equal(got.times, want) || !slices.Equal(seen, want) || !reflect.DeepEqual(got.inputs[1], inputs) {
			t.Errorf("steps at %d with %v, seen at %d", got.times, got.inputs, seen)
		}
		if got.setUps != 1 || got.stopped != 1 {
			t.Errorf("%d set-ups and %d stops", got.setUps, got.stopped)
		}
	})
}

func TestStepsOfEachTypeOfSimulator(t *testing.T) {
	thing := func(m mosaik.Model) map[string]mosaik.Model {
		m.Attrs = []string{"power", "name"}
		return map[string]mosaik.Model{"Thing": m}
	}
	for _, test := range []struct {
		name     string
		meta     mosaik.Meta
		next     func(int64) int64
		triggers []int64
		steps    []int64
		advance  []int64 // max_advance
	}{
		{
			"a time-based one steps as it says",
			mosaik.Meta{Type: mosaik.TimeBased, Models: thing(mosaik.Model{})},
			func(now int64) int64 { return now + 4 }, nil,
			[]int64{0, 4, 8},
			[]int64{10, 10, 10},
		},
		{
			"an event-based one when it is triggered",
			mosaik.Meta{Type: mosaik.EventBased, Models: thing(mosaik.Model{Trigger: []string{"power", "name"}})},
			func(int64) int64 { return mosaik.NoStep },
			[]int64{3, 7},
			[]int64{3, 7},
			[]int64{6, 10},
		},
		{
			"a hybrid one in both ways",
			mosaik.Meta{Type: mosaik.Hybrid, Models: thing(mosaik.Model{Trigger: []string{"power"}, NonPersistent: []string{"power"}})},
			func(now int64) int64 { return now + 5 - now%5 },
			[]int64{3, 7},
			[]int64{0, 3, 5, 7},
			[]int64{2, 4, 6, 10},
		},
		{
			"what has been returned stands when a trigger comes before it",
			mosaik.Meta{Type: mosaik.EventBased, Models: thing(mosaik.Model{})},
			func(now int64) int64 { return now + 4 },
			[]int64{1, 2},
			[]int64{1, 2, 5, 6, 9},
			[]int64{1, 4, 5, 8, 10},
		},
		{
			"one of API 2 is not told max_advance",
			mosaik.Meta{API: "2.2", Models: thing(mosaik.Model{})},
			func(now int64) int64 { return now + 5 }, nil,
			[]int64{0, 5},
			[]int64{0, 5},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			var steps, advance []int64
			s := started(t, &scripted{meta: &test.meta, step: func(_ context.Context, step mosaik.Step) (int64, error) {
				steps, advance = append(steps, step.Time), append(advance, step.MaxAdvance)
				return test.next(step.Time), nil
			}}, nil)
			if err := s.Run(t.Context(), mosaiktest.Scenario{Until: 10, Triggers: test.triggers}); err != nil {
				t.Fatal(err)
			}
			if err := <-s.ended; err != nil {
				t.Error(err)
			}
			if !slices.Equal(steps, test.steps) || !slices.Equal(advance, test.advance) {
				t.Errorf("steps at %d with max_advance %d, want %d with %d", steps, advance, test.steps, test.advance)
			}
		})
	}
}

func TestEventsMayBeLeftOutAndHaveATimeOfTheirOwn(t *testing.T) {
	meta := mosaik.Meta{Type: mosaik.EventBased, Models: map[string]mosaik.Model{"Thing": {Attrs: []string{"power", "name"}}}}
	s := started(t, &scripted{meta: &meta, getData: func(context.Context, mosaik.Query) (mosaik.Outputs, error) {
		outputs := mosaik.Outputs{Time: 8}
		outputs.Put("Thing-0", "power", math.NaN())
		outputs.Put("Thing-0", "not asked for", 1)
		outputs.Put("Other", "power", 1)
		return outputs, nil
	}}, nil)
	if _, err := s.Step(t.Context(), 5, nil, 10); err != nil {
		t.Fatal(err)
	}
	outputs, err := s.GetData(t.Context(), mosaik.Query{"Thing-0": {"name", "power"}})
	values := outputs.Values["Thing-0"]
	if power, _ := values["power"].(float64); err != nil || outputs.Time != 8 || len(outputs.Values) != 1 || len(values) != 1 || !math.IsNaN(power) {
		t.Errorf("%+v, %v", outputs, err)
	}
}

func TestRequestsOfAStep(t *testing.T) {
	var world *mosaik.World
	opts := &mosaiktest.Options{
		AsyncRequests: []string{"Other-0"},
		Data:          map[string]map[string]any{"Other-0.E.1": {"power": 2.5}},
		Related: mosaik.Graph{
			Nodes: map[string]mosaik.Node{"Other-0.E.1": {Simulator: "Other-0", Model: "E"}},
			Edges: [][2]string{{"Other-0.E.1", "Sim-0.Thing-0"}},
		},
		RealTime: true,
	}
	both(t, func() *scripted {
		return &scripted{
			init: func(_ context.Context, start mosaik.Start) error { world = start.World; return nil },
			setUp: func(ctx context.Context) error {
				graph, err := world.Graph(ctx)
				if err != nil || len(graph.Nodes) != 2 || len(graph.Edges) != 1 || graph.Edges[0] != opts.Related.Edges[0] {
					t.Errorf("graph %+v, %v", graph, err)
				}
				related, err := world.Related(ctx, "Sim-0.Thing-0")
				if err != nil || related["Sim-0.Thing-0"]["Other-0.E.1"].Model != "E" {
					t.Errorf("related %v, %v", related, err)
				}
				_, err = world.Related(ctx, "Nope-0.X")
				var failure *mosaik.RemoteError
				if !errors.As(err, &failure) || failure.Type != "KeyError" || failure.Message != "'Nope-0.X'" {
					t.Errorf("unknown entity: %v", err)
				}
				_, err = world.GetData(ctx, mosaik.Query{"Other-0.E.1": {"power"}})
				if !errors.Is(err, mosaik.ErrOutside) {
					t.Errorf("get_data in setup_done: %v", err)
				}
				return nil
			},
			step: func(ctx context.Context, step mosaik.Step) (int64, error) {
				progress, err := world.Progress(ctx)
				if want := 100 * float64(step.Time) / 4; err != nil || progress != want {
					t.Errorf("progress %v, %v, want %v", progress, err, want)
				}
				data, err := world.GetData(ctx, mosaik.Query{"Other-0.E.1": {"power"}})
				if err != nil || data["Other-0.E.1"]["power"] != 2.5 {
					t.Errorf("get_data %v, %v", data, err)
				}
				if err := world.SetData(ctx, map[string]map[string]map[string]any{"Sim-0.Thing-0": {"Other-0.E.1": {"limit": 3}}}); err != nil {
					t.Error("set_data:", err)
				}
				err = world.SetData(ctx, map[string]map[string]map[string]any{"Sim-0.Thing-0": {"Strange-0.E": {"limit": 3}}})
				var failure *mosaik.RemoteError
				if !errors.As(err, &failure) || failure.Type != "ScenarioError" {
					t.Errorf("set_data without async_requests: %v", err)
				}
				return step.Time + 2, world.SetEvent(ctx, 3)
			},
		}
	}, opts, func(t *testing.T, s simulation) {
		s.begin(t)
		if err := s.SetupDone(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := world.Progress(t.Context()); !errors.Is(err, mosaik.ErrOutside) {
			t.Errorf("a request outside of a call: %v", err)
		}
		if err := s.Run(t.Context(), mosaiktest.Scenario{Until: 4}); err != nil {
			t.Fatal(err)
		}
		if err := <-s.ended; err != nil {
			t.Error(err)
		}
		if sent := s.Sent(); len(sent) != 3 || sent[1].Data["Sim-0.Thing-0"]["Other-0.E.1"]["limit"] != int64(3) {
			t.Errorf("sent %+v", sent)
		}
		if events := s.Events(); len(events) != 3 {
			t.Errorf("events %v", events)
		}
		if err := world.SetEvent(t.Context(), 5); !errors.Is(err, mosaik.ErrStopped) {
			t.Errorf("a request after the end: %v", err)
		}
	})
}

func TestDataIsGivenToOthersWhileAStepWaitsForMosaik(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	sim := &scripted{}
	sim.step = func(ctx context.Context, step mosaik.Step) (int64, error) {
		// A wait through gomas, as a request to mosaik is.
		wait := asking(ctx, func() { close(asked); <-answer })
		return step.Time + 1, wait
	}
	s := started(t, sim, nil)
	stepped := make(chan error, 1)
	go func() {
		_, err := s.Step(context.Background(), 0, nil, 10)
		stepped <- err
	}()
	<-asked
	if _, err := s.GetData(t.Context(), mosaik.Query{"Thing-0": {"power"}}); err != nil {
		t.Error(err)
	}
	close(answer)
	if err := <-stepped; err != nil {
		t.Error(err)
	}
}

// TestCallsAtTheSameTimeAreWorkedOnOneAfterAnother: an asynchronous scenario may
// have a simulator create several entities at once.
func TestCallsAtTheSameTimeAreWorkedOnOneAfterAnother(t *testing.T) {
	asked, answer := make(chan struct{}, 2), make(chan struct{})
	working, most := 0, 0
	sim := new(scripted)
	sim.create = func(ctx context.Context, _ int, _ string, _ mosaik.Params) ([]mosaik.Entity, error) {
		working++
		most = max(most, working)
		err := asking(ctx, func() { asked <- struct{}{}; <-answer })
		working--
		sim.made++
		return []mosaik.Entity{{ID: fmt.Sprint(sim.made)}}, err
	}
	s := joined(t, sim, nil)
	if _, err := s.Init(t.Context(), "Sim-0", nil); err != nil {
		t.Fatal(err)
	}
	created := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := s.Create(context.Background(), 1, "Thing", nil)
			created <- err
		}()
	}
	<-asked
	for range 100 { // time for the other one to come
		if _, err := s.GetData(t.Context(), mosaik.Query{}); err != nil {
			t.Error(err)
		}
	}
	close(answer)
	if err := errors.Join(<-created, <-created, s.Stop(t.Context()), <-s.ended); err != nil {
		t.Error(err)
	}
	if most != 1 {
		t.Errorf("%d calls are worked on at once", most)
	}
}
