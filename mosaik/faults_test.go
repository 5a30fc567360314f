package mosaik_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/mosaik"
	"github.com/gomas/gomas/mosaik/mosaiktest"
	"github.com/gomas/gomas/rpc"
)

// raw calls a simulator without the checks of the driver.
func raw(t *testing.T, sim *scripted) (rpc.Remote, chan error) {
	t.Helper()
	srv, err := mosaik.Listen(t.Context(), "127.0.0.1:0", sim, nil)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(context.Background()) }()
	conn, err := rpc.Dial(t.Context(), "tcp://"+srv.Addr(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn.Remote(), ended
}

func TestBadRequestsOfMosaikFailClearly(t *testing.T) {
	type call struct {
		name string
		args []any
	}
	initialise := call{"init", []any{"Sim-0"}}
	create := call{"create", []any{1, "Thing"}}
	step := func(time any, inputs any) call { return call{"step", []any{time, inputs, 10}} }
	input := func(id, attr string) any {
		return map[string]any{id: map[string]any{attr: map[string]any{"O-0.E": 1}}}
	}
	for _, test := range []struct {
		name   string
		before []call
		bad    call
		want   []string
	}{
		{"a step before init", nil, step(0, nil), []string{"step before init", "call init first"}},
		{"a second init", []call{initialise}, initialise, []string{"init was called before"}},
		{"a time_resolution of NaN", nil, call{"init", []any{"Sim-0", math.NaN()}}, []string{"time_resolution is NaN"}},
		{"a time_resolution of 0", nil, call{"init", []any{"Sim-0", 0}}, []string{"time_resolution is 0"}},
		{"a huge time_resolution", nil, call{"init", []any{"Sim-0", 1e300}}, []string{"time_resolution is 1e+300"}},
		{"an unknown call", []call{initialise}, call{"finalise", nil}, []string{"AttributeError", `no method "finalise"`, "extra methods are scale"}},
		{"an unknown model", []call{initialise}, call{"create", []any{1, "Nothing"}}, []string{`no model "Nothing"`, "has Thing"}},
		{"a private model", []call{initialise}, call{"create", []any{1, "Part"}}, []string{`no model "Part"`}},
		{"an unknown parameter", []call{initialise}, call{"create", []any{1, "Thing", rpc.Kw{"weight": 1}}}, []string{`no parameter "weight"`, "has size"}},
		{"less than no entities", []call{initialise}, call{"create", []any{-1, "Thing"}}, []string{"create -1 entities"}},
		{"a number that is huge", []call{initialise}, call{"create", []any{1e300, "Thing"}}, []string{"argument 'num'", "1e+300 does not fit int"}},
		{"an input of an unknown entity", []call{initialise, create}, step(0, input("Thing-7", "power")), []string{`no entity "Thing-7"`}},
		{"an unknown input", []call{initialise, create}, step(0, input("Thing-0", "colour")), []string{`no attribute "colour"`, "has power, name"}},
		{"inputs that are none", []call{initialise, create}, step(0, "x"), []string{"argument 'inputs'"}},
		{"a time of NaN", []call{initialise}, step(math.NaN(), nil), []string{"argument 'time'", "NaN"}},
		{"a time that is huge", []call{initialise}, step(1e300, nil), []string{"argument 'time'", "1e+300"}},
		{"a time before 0", []call{initialise}, step(-1, nil), []string{"step at -1"}},
		{"a time that goes back", []call{initialise, step(5, nil)}, step(4, nil), []string{"step at 4 after one at 5"}},
		{"an unknown output", []call{initialise, create}, call{"get_data", []any{map[string][]string{"Thing-0": {"colour"}}}}, []string{`no attribute "colour"`}},
		{"an output of an unknown entity", []call{initialise, create}, call{"get_data", []any{map[string][]string{"time": {"power"}}}}, []string{`no entity "time"`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, ended := raw(t, &scripted{methods: func(svc *rpc.Service) { svc.Handle("scale()", func() {}) }})
			for _, c := range test.before {
				if _, err := rpc.Call[any](t.Context(), r, c.name, c.args...); err != nil {
					t.Fatal(err)
				}
			}
			_, err := rpc.Call[any](t.Context(), r, test.bad.name, test.bad.args...)
			for _, want := range test.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in: %v", want, err)
				}
			}
			if _, err := rpc.Call[any](t.Context(), r, "stop"); err != nil {
				t.Error("stop:", err)
			}
			<-ended
		})
	}
}

func TestBadAnswersOfSimulatorsFailClearly(t *testing.T) {
	ctx := context.Background()
	create := func(entities ...mosaik.Entity) *scripted {
		return &scripted{create: func(context.Context, int, string, mosaik.Params) ([]mosaik.Entity, error) { return entities, nil }}
	}
	next := func(meta *mosaik.Meta, next int64) *scripted {
		return &scripted{meta: meta, step: func(context.Context, mosaik.Step) (int64, error) { return next, nil }}
	}
	output := func(outputs mosaik.Outputs) *scripted {
		return &scripted{getData: func(context.Context, mosaik.Query) (mosaik.Outputs, error) { return outputs, nil }}
	}
	deep := mosaik.Entity{ID: "x", Model: "Part"}
	for range codec.MaxDepth / 4 {
		deep = mosaik.Entity{ID: deep.ID + "x", Model: "Part", Children: []mosaik.Entity{deep}}
	}
	deep.Model = "Thing"
	for _, test := range []struct {
		name string
		sim  *scripted
		want string
	}{
		{"too few entities", create(), "0 entities of Thing instead of 1"},
		{"another model", create(mosaik.Entity{ID: "A", Model: "Part"}), `entity "A" of model "Part" instead of Thing`},
		{"no id", create(mosaik.Entity{}), `id ""`},
		{"the id time", create(mosaik.Entity{ID: "time"}), `id "time"`},
		{"an id twice", create(mosaik.Entity{ID: "A", Children: []mosaik.Entity{{ID: "A", Model: "Part"}}}), `id "A" a second time`},
		{"a child of no model", create(mosaik.Entity{ID: "A", Children: []mosaik.Entity{{ID: "B"}}}), `entity "B" of model ""`},
		{"children too deep", create(deep), "nest less deep"},
		{"a next step that is now", next(nil, 5), "has returned 5 as the time of the next step"},
		{"a next step in the past", next(nil, 4), "not later"},
		{"a time-based one without a next step", next(nil, mosaik.NoStep), "NoStep, and a time-based simulator needs a next step"},
		{"an error", &scripted{step: func(context.Context, mosaik.Step) (int64, error) { return 0, errors.New("spam") }}, "Error: spam"},
		{"an output left out", output(mosaik.Outputs{}), "left out power of entity Thing-0"},
		{"outputs of the past", output(mosaik.Outputs{Values: map[string]map[string]any{"Thing-0": {"power": 1}}, Time: 4}), "4 as Outputs.Time, before the step at 5"},
		{"an output that cannot be sent", output(mosaik.Outputs{Values: map[string]map[string]any{"Thing-0": {"power": func() {}}}}), "func() as power of entity Thing-0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := joined(t, test.sim, nil)
			_, err := s.Init(ctx, "Sim-0", nil)
			if err == nil {
				_, err = s.Create(ctx, 1, "Thing", nil)
			}
			if err == nil {
				_, err = s.Step(ctx, 5, nil, 10)
			}
			if err == nil {
				_, err = s.GetData(ctx, mosaik.Query{"Thing-0": {"power"}})
			}
			var failure *mosaik.RemoteError
			if !errors.As(err, &failure) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("mosaik gets %v, want %q", err, test.want)
			}
			if err := s.Stop(ctx); err != nil {
				t.Error(err)
			}
			if err := <-s.ended; err == nil || !strings.Contains(err.Error(), strings.TrimPrefix(test.want, "Error: ")) {
				t.Errorf("the simulator ended with %v, want %q", err, test.want)
			}
		})
	}
}

func TestAStopInTheMiddleOfACallEndsIt(t *testing.T) {
	for _, call := range []string{"init", "step"} {
		t.Run(call, func(t *testing.T) {
			began := make(chan struct{})
			hang := func(ctx context.Context) error {
				close(began)
				<-ctx.Done() // without giving up the turn
				return context.Cause(ctx)
			}
			stopped := 0
			sim := &scripted{stop: func(context.Context) error { stopped++; return nil }}
			if call == "init" {
				sim.init = func(ctx context.Context, _ mosaik.Start) error { return hang(ctx) }
			}
			sim.step = func(ctx context.Context, _ mosaik.Step) (int64, error) { return 0, hang(ctx) }
			s := joined(t, sim, nil)
			outcome := make(chan error, 1)
			go func() {
				_, err := s.Init(context.Background(), "Sim-0", nil)
				if err == nil {
					_, err = s.Step(context.Background(), 0, nil, 10)
				}
				outcome <- err
			}()
			<-began
			if err := s.Stop(t.Context()); err != nil {
				t.Error(err)
			}
			if err := <-s.ended; err != nil || stopped != 1 {
				t.Errorf("it ended with %v after %d stops", err, stopped)
			}
			if err := <-outcome; err == nil || !strings.Contains(err.Error(), "the simulation has been stopped") {
				t.Errorf("the call that was stopped: %v", err)
			}
		})
	}
}

func TestAMosaikThatVanishes(t *testing.T) {
	began := make(chan struct{}, 1)
	for _, test := range []struct {
		name   string
		vanish func(t *testing.T, s simulation)
		during string
		stops  int
	}{
		{"before init", func(t *testing.T, s simulation) {
			if _, err := s.Call(t.Context(), "x"); err == nil {
				t.Error("an unknown method")
			}
		}, "between two calls", 0},
		{"between two calls", func(t *testing.T, s simulation) { s.begin(t) }, "between two calls", 1},
		{"in the middle of a step", func(t *testing.T, s simulation) {
			s.begin(t)
			go func() { _, _ = s.Step(context.Background(), 0, nil, 10) }()
			<-began
		}, "during step", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			stops := 0
			sim := &scripted{
				step: func(ctx context.Context, _ mosaik.Step) (int64, error) {
					began <- struct{}{}
					<-ctx.Done()
					return 0, ctx.Err()
				},
				stop: func(context.Context) error { stops++; return nil },
			}
			s := joined(t, sim, nil)
			if err := s.Connected(t.Context()); err != nil {
				t.Fatal(err)
			}
			test.vanish(t, s)
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			err := <-s.ended
			var lost *mosaik.LostError
			if !errors.As(err, &lost) || !strings.Contains(err.Error(), test.during) || !strings.Contains(err.Error(), "without a stop") || stops != test.stops {
				t.Errorf("it ended with %v after %d stops", err, stops)
			}
		})
	}
}

func TestAMethodThatDoesNotEndIsReported(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	began := make(chan struct{})
	d, err := mosaiktest.Listen(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		ended <- mosaik.Join(context.Background(), d.Addr(), &scripted{step: func(context.Context, mosaik.Step) (int64, error) {
			close(began)
			<-release
			return 1, nil
		}}, &mosaik.Options{Grace: 20 * time.Millisecond})
	}()
	s := simulation{d, ended}
	s.begin(t)
	go func() { _, _ = s.Step(context.Background(), 0, nil, 10) }()
	<-began
	if err := s.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "step has not returned within 20ms of the end") {
		t.Errorf("it ended with %v", err)
	}
}

func TestTheEndOfTheProgramsContextEndsTheSimulation(t *testing.T) {
	d, err := mosaiktest.Listen(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	stops := 0
	go func() {
		ended <- mosaik.Join(ctx, d.Addr(), &scripted{stop: func(context.Context) error { stops++; return nil }}, nil)
	}()
	simulation{d, ended}.begin(t)
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) || stops != 1 {
		t.Errorf("it ended with %v after %d stops", err, stops)
	}
	if err := d.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestASimulatorTakesPartInOneSimulation(t *testing.T) {
	srv, err := mosaik.Listen(t.Context(), "127.0.0.1:0", &scripted{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(context.Background()) }()
	for i := range 3 { // the first goes without a word, and is none
		d, err := mosaiktest.Dial(t.Context(), srv.Addr(), nil)
		if err != nil {
			t.Fatal(err)
		}
		switch i {
		case 0:
			if err := errors.Join(d.Close(), d.Wait(t.Context())); err != nil {
				t.Error(err)
			}
		case 1:
			simulation{d, nil}.begin(t)
			defer func() {
				if err := d.Stop(context.Background()); err != nil {
					t.Error(err)
				}
				if err := <-ended; err != nil {
					t.Error("it ended with", err)
				}
			}()
		case 2:
			if _, err := d.Init(t.Context(), "Sim-1", nil); err == nil || !strings.Contains(err.Error(), "takes part in a simulation already") {
				t.Errorf("a second mosaik: %v", err)
			}
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}
