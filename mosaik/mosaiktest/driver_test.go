package mosaiktest_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gomas/gomas/mosaik"
	"github.com/gomas/gomas/mosaik/mosaiktest"
	"github.com/gomas/gomas/rpc"
)

// dict is what a simulator answers with.
type dict = map[string]any

// right are answers that are right.
func right() map[string]any {
	return map[string]any{
		"init": dict{
			"api_version": "3.0", "type": "time-based", "extra_methods": []any{"extra"},
			"models": dict{"Thing": dict{"public": true, "params": []any{"size"}, "attrs": []any{"power"}}, "Part": dict{"public": false, "attrs": []any{}}},
		},
		"create":     []any{dict{"eid": "A", "type": "Thing"}},
		"setup_done": nil,
		"step":       10,
		"get_data":   dict{"A": dict{"power": 1}},
		"stop":       nil,
	}
}

func TestAnswersThatMosaikWouldNotTake(t *testing.T) {
	meta := func(key string, value any) dict {
		m := maps.Clone(right()["init"].(dict))
		m[key] = value
		return m
	}
	for _, test := range []struct {
		name, call string
		answer     any
		want       string // "" if it is right
	}{
		{"all right", "stop", nil, ""},
		{"API 4", "init", meta("api_version", "4.0"), `Meta.API is "4.0"`},
		{"no API version", "init", meta("api_version", ""), `Meta.API is "1"`},
		{"no type", "init", meta("type", ""), "set it to TimeBased"},
		{"a model and a method of one name", "init", meta("extra_methods", []any{"Thing"}), "rename one of them"},
		{"a meta that is none", "init", 3, "integer 3 does not fit"},
		{"too many entities", "create", []any{dict{"eid": "A", "type": "Thing"}, dict{"eid": "B", "type": "Thing"}}, "2 entities of Thing instead of 1"},
		{"an entity of another type", "create", []any{dict{"eid": "A", "type": "Part"}}, `of type "Part" instead of Thing`},
		{"an entity called time", "create", []any{dict{"eid": "time", "type": "Thing"}}, `the entity "time"`},
		{"a child of no model", "create", []any{dict{"eid": "A", "type": "Thing", "children": []any{dict{"eid": "B", "type": "X"}}}}, `the entity "B" of type "X"`},
		{"a next step that is a float", "step", 10.0, "a float64 and no integer"},
		{"a next step that is now", "step", 5, "at 5, which is not later"},
		{"no next step", "step", nil, "AssertionError"},
		{"a missing value", "get_data", dict{"A": dict{}}, "no value of power of entity A"},
		{"outputs of the past", "get_data", dict{"A": dict{"power": 1}, "time": 4}, "the outputs are of 4, before the step at 5"},
		{"a time that is none", "get_data", dict{"A": dict{"power": 1}, "time": "x"}, "get_data: time"},
	} {
		t.Run(test.name, func(t *testing.T) {
			answers := right()
			answers[test.call] = test.answer
			d, _ := answering(t, answers, nil)
			ctx := t.Context()
			_, err := d.Init(ctx, "Sim-0", nil)
			if err == nil {
				_, err = d.Create(ctx, 1, "Thing", map[string]any{"size": 1})
			}
			if err == nil {
				_, err = d.Step(ctx, 5, nil, 10)
			}
			if err == nil {
				_, err = d.GetData(ctx, mosaik.Query{"A": {"power"}})
			}
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("%v, want %q", err, test.want)
			}
			if err := errors.Join(d.Stop(ctx), d.Stop(ctx)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWhatMosaikItselfRefuses(t *testing.T) {
	d, _ := answering(t, right(), nil)
	ctx := t.Context()
	if _, err := d.Init(ctx, "Sim.0", nil); err == nil || !strings.Contains(err.Error(), "has a point") {
		t.Error(err)
	}
	if _, err := d.Init(ctx, "Sim-0", nil); err != nil {
		t.Fatal(err)
	}
	for want, call := range map[string]func() error{
		`no public model "Part"`: func() error { _, err := d.Create(ctx, 1, "Part", nil); return err },
		`no parameter "colour"`:  func() error { _, err := d.Create(ctx, 1, "Thing", dict{"colour": 1}); return err },
		`no method "step"`:       func() error { _, err := d.Call(ctx, "step"); return err },
	} {
		if err := call(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestRequestsThatMosaikRefuses(t *testing.T) {
	d, conn := answering(t, right(), nil)
	if _, err := d.Init(t.Context(), "Sim-0", nil); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		call string
		arg  any
		want string
	}{
		{"get_data", dict{"Other-0.A": []any{"x"}}, "ScenarioError"},
		{"set_data", dict{"Sim-0.A": dict{"Other-0.A": dict{"x": 1}}}, "ScenarioError"},
		{"set_data", dict{"Other-0.A": dict{"Sim-0.A": dict{"x": 1}}}, "no entity of Sim-0"},
		{"set_event", 3, "SimulationError"},
		{"get_related_entities", "Other-0.A", "KeyError"},
		{"get_related_entities", 3, "TypeError"},
	} {
		if _, err := rpc.Call[any](t.Context(), conn.Remote(), test.call, test.arg); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s(%v): %v, want %q", test.call, test.arg, err, test.want)
		}
	}
	if progress, err := rpc.Call[float64](t.Context(), conn.Remote(), "get_progress"); err != nil || progress != 0 {
		t.Errorf("progress before the start: %v, %v", progress, err)
	}
}

func TestAFailureOfAScenarioStopsTheSimulator(t *testing.T) {
	answers := right()
	d, conn := answering(t, answers, nil)
	if _, err := d.Init(t.Context(), "Sim-0", nil); err != nil {
		t.Fatal(err)
	}
	spam := errors.New("spam")
	err := d.Run(t.Context(), mosaiktest.Scenario{
		Until: 20, Query: mosaik.Query{"A": {"power"}},
		Seen: func(int64, mosaik.Outputs) error { return spam },
	})
	if !errors.Is(err, spam) || !strings.Contains(err.Error(), "at 0") {
		t.Error(err)
	}
	if err := conn.Wait(t.Context()); err == nil {
		t.Error("the connection is still there")
	}
}

func TestProgramsThatTheDriverStarts(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := []string{self, "%(addr)s"}
	t.Run("one that takes part", func(t *testing.T) {
		t.Setenv("MOSAIKTEST_PROGRAM", "counts")
		d, err := mosaiktest.Start(t.Context(), command, &mosaiktest.Options{Output: t.Output()})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Init(t.Context(), "Sim-0", nil); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Create(t.Context(), 1, "Counter", nil); err != nil {
			t.Fatal(err)
		}
		last := int64(0)
		err = d.Run(t.Context(), mosaiktest.Scenario{Until: 5, Query: mosaik.Query{"C": {"steps"}}, Seen: func(_ int64, o mosaik.Outputs) error {
			last, _ = o.Values["C"]["steps"].(int64)
			return nil
		}})
		if err != nil || last != 5 {
			t.Errorf("%d steps, %v", last, err)
		}
	})
	t.Run("one that mosaik leaves", func(t *testing.T) {
		t.Setenv("MOSAIKTEST_PROGRAM", "counts")
		d, err := mosaiktest.Start(t.Context(), command, &mosaiktest.Options{Output: t.Output()})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		if err := d.Wait(t.Context()); err == nil || !strings.Contains(err.Error(), "exit status 1") {
			t.Error(err)
		}
	})
	t.Run("one that ends", func(t *testing.T) {
		t.Setenv("MOSAIKTEST_PROGRAM", "ends")
		var out strings.Builder
		_, err := mosaiktest.Start(t.Context(), command, &mosaiktest.Options{Output: &out})
		if err == nil || !strings.Contains(err.Error(), "has not connected: its program has ended") || out.String() != "no, thanks\n" {
			t.Errorf("%v, printed %q", err, out.String())
		}
	})
	t.Run("one that does not connect", func(t *testing.T) {
		t.Setenv("MOSAIKTEST_PROGRAM", "hangs")
		_, err := mosaiktest.Start(t.Context(), command, &mosaiktest.Options{StartTimeout: 50 * time.Millisecond})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
	t.Run("none", func(t *testing.T) {
		for _, command := range [][]string{nil, {"/does/not/exist"}} {
			if _, err := mosaiktest.Start(t.Context(), command, nil); err == nil {
				t.Errorf("%q was started", command)
			}
		}
	})
}

func TestASimulatorMustListenBeforeMosaikStarts(t *testing.T) {
	if _, err := mosaiktest.Dial(t.Context(), "127.0.0.1:1", nil); err == nil || !strings.Contains(err.Error(), "must listen before") {
		t.Error(err)
	}
}
