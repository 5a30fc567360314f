package mosaik_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/gomas/gomas/mosaik"
	"github.com/gomas/gomas/rpc"
)

func TestMistakesInMetaAreFoundAtStartUp(t *testing.T) {
	one := func(m mosaik.Model) map[string]mosaik.Model { return map[string]mosaik.Model{"Thing": m} }
	attrs := []string{"a", "b"}
	for _, test := range []struct {
		name string
		meta mosaik.Meta
		want string // "" for none
	}{
		{"none, time-based", mosaik.Meta{Type: mosaik.TimeBased, Models: one(mosaik.Model{Attrs: attrs})}, ""},
		{"none, hybrid with both lists", mosaik.Meta{Type: mosaik.Hybrid, Models: one(mosaik.Model{Attrs: attrs, Trigger: []string{"a"}, NonTrigger: []string{"b"}})}, ""},
		{"none, hybrid with any inputs", mosaik.Meta{Type: mosaik.Hybrid, Models: one(mosaik.Model{AnyInputs: true, Trigger: []string{"x"}})}, ""},
		{"none, a time-based one that names some of what waits", mosaik.Meta{Type: mosaik.TimeBased, Models: one(mosaik.Model{Attrs: attrs, NonTrigger: []string{"a"}, Persistent: []string{"b"}})}, ""},
		{"any inputs with both lists", mosaik.Meta{Type: mosaik.Hybrid, Models: one(mosaik.Model{Attrs: attrs, AnyInputs: true, Trigger: []string{"a"}, NonTrigger: []string{"b"}})}, "Trigger and NonTrigger cannot name any inputs there may be"},
		{"none, API 3.7", mosaik.Meta{API: "3.7", Type: mosaik.EventBased, Models: one(mosaik.Model{})}, ""},
		{"none, API 2 without a type", mosaik.Meta{API: "2", Models: one(mosaik.Model{})}, ""},
		{"API 4", mosaik.Meta{API: "4.0", Type: mosaik.TimeBased, Models: one(mosaik.Model{})}, `Meta.API is "4.0"`},
		{"API 1", mosaik.Meta{API: "1", Models: one(mosaik.Model{})}, `Meta.API is "1"`},
		{"an API that is no number", mosaik.Meta{API: "3.x", Type: mosaik.TimeBased, Models: one(mosaik.Model{})}, `Meta.API is "3.x"`},
		{"an API without its second number", mosaik.Meta{API: "3.", Type: mosaik.TimeBased, Models: one(mosaik.Model{})}, `Meta.API is "3."`},
		{"an event-based one of API 2", mosaik.Meta{API: "2.4", Type: mosaik.EventBased, Models: one(mosaik.Model{})}, "simulators of API 2.4 are time-based"},
		{"no type", mosaik.Meta{Models: one(mosaik.Model{})}, "set it to TimeBased, EventBased or Hybrid"},
		{"no models", mosaik.Meta{Type: mosaik.TimeBased}, "Meta.Models is empty"},
		{"a model with the name of a call", mosaik.Meta{Type: mosaik.TimeBased, Models: map[string]mosaik.Model{"step": {}}}, `model "step" has the name`},
		{"a model with the name of an extra method", mosaik.Meta{Type: mosaik.TimeBased, Models: map[string]mosaik.Model{"extra": {}}}, `"extra" is a model and an extra method`},
		{"a model without a name", mosaik.Meta{Type: mosaik.TimeBased, Models: map[string]mosaik.Model{"": {}}}, "empty name"},
		{"an attribute twice", mosaik.Meta{Type: mosaik.TimeBased, Models: one(mosaik.Model{Attrs: []string{"a", "a"}})}, `Attrs has "a" twice`},
		{"an empty parameter", mosaik.Meta{Type: mosaik.TimeBased, Models: one(mosaik.Model{Params: []string{""}})}, `Params has "" twice, or empty`},
		{"a parameter of create itself", mosaik.Meta{Type: mosaik.TimeBased, Models: one(mosaik.Model{Params: []string{"num"}})}, `Params has "num"`},
		{"a trigger of a time-based one", mosaik.Meta{Type: mosaik.TimeBased, Models: one(mosaik.Model{Attrs: attrs, Trigger: []string{"a"}})}, `Trigger is ["a"], which a simulator that is time-based cannot have`},
		{"persistence of an event-based one", mosaik.Meta{Type: mosaik.EventBased, Models: one(mosaik.Model{Attrs: attrs, Persistent: []string{"a"}})}, `Persistent is ["a"], which a simulator that is event-based`},
		{"a trigger that is no attribute", mosaik.Meta{Type: mosaik.Hybrid, Models: one(mosaik.Model{Attrs: attrs, Trigger: []string{"c"}})}, `has "c", which is not in Attrs`},
		{"an attribute on both sides", mosaik.Meta{Type: mosaik.Hybrid, Models: one(mosaik.Model{Attrs: attrs, Trigger: attrs, NonTrigger: attrs})}, `"a" is in Trigger and in NonTrigger`},
		{"an attribute on neither side", mosaik.Meta{Type: mosaik.Hybrid, Models: one(mosaik.Model{Attrs: append(attrs, "c"), Persistent: []string{"a"}, NonPersistent: []string{"b"}})}, `"c" is neither in Persistent nor in NonPersistent`},
	} {
		t.Run(test.name, func(t *testing.T) {
			sim := &scripted{meta: &test.meta, methods: func(svc *rpc.Service) { svc.Handle("extra()", func() {}) }}
			srv, err := mosaik.Listen(t.Context(), "127.0.0.1:0", sim, nil)
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("%v, want %q", err, test.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			ended, cancel := context.WithCancel(t.Context())
			cancel()
			_ = srv.Serve(ended)
		})
	}
}

func TestAnExtraMethodMustNotBeOneOfMosaiksCalls(t *testing.T) {
	sim := &scripted{methods: func(svc *rpc.Service) { svc.Handle("get_data()", func() {}) }}
	if err := mosaik.Join(t.Context(), "127.0.0.1:1", sim, nil); err == nil || !strings.Contains(err.Error(), `"get_data" has the name`) {
		t.Error(err)
	}
}

func TestAMetaThatHasMistakesOnlyAfterInit(t *testing.T) {
	sim := &scripted{}
	sim.init = func(context.Context, mosaik.Start) error {
		sim.meta = &mosaik.Meta{API: "4.0"}
		return nil
	}
	s := joined(t, sim, nil)
	if _, err := s.Init(t.Context(), "Sim-0", nil); err == nil || !strings.Contains(err.Error(), `Meta.API is "4.0"`) {
		t.Error("init:", err)
	}
	if _, err := s.Call(t.Context(), "x"); err == nil {
		t.Error("a call of an unknown method")
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-s.ended; err == nil || !strings.Contains(err.Error(), `Meta.API is "4.0"`) {
		t.Error("it ended with", err)
	}
}

// TestMosaikGetsTheListsThatItCannotMisread: mosaik infers what is not persistent
// from nothing but a list of it, and compares the lists of simulators that are not
// hybrid with all attributes.
func TestMosaikGetsTheListsThatItCannotMisread(t *testing.T) {
	for _, test := range []struct {
		name  string
		kind  mosaik.Type
		model mosaik.Model
		want  mosaik.Model
	}{
		{"the events of a hybrid one follow from what lasts", mosaik.Hybrid, mosaik.Model{Persistent: []string{"a"}}, mosaik.Model{Persistent: []string{"a"}, NonPersistent: []string{"b"}}},
		{"if all lasts there are no events", mosaik.Hybrid, mosaik.Model{Persistent: []string{"a", "b"}}, mosaik.Model{Persistent: []string{"a", "b"}}},
		{"triggers of a hybrid one are as given", mosaik.Hybrid, mosaik.Model{Trigger: []string{"a"}, NonPersistent: []string{"b"}}, mosaik.Model{Trigger: []string{"a"}, NonPersistent: []string{"b"}}},
		{"a time-based one has no lists", mosaik.TimeBased, mosaik.Model{NonTrigger: []string{"a"}, Persistent: []string{"b"}}, mosaik.Model{}},
		{"an event-based one has none, either", mosaik.EventBased, mosaik.Model{Trigger: []string{"a"}, NonPersistent: []string{"b"}}, mosaik.Model{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.model.Attrs = []string{"a", "b"}
			s := joined(t, &scripted{meta: &mosaik.Meta{Type: test.kind, Models: map[string]mosaik.Model{"Thing": test.model}}}, nil)
			meta, err := s.Init(t.Context(), "Sim-0", nil)
			if err != nil {
				t.Fatal(err)
			}
			got := meta.Models["Thing"]
			for _, lists := range [][2][]string{
				{got.Trigger, test.want.Trigger},
				{got.NonTrigger, test.want.NonTrigger},
				{got.Persistent, test.want.Persistent},
				{got.NonPersistent, test.want.NonPersistent},
			} {
				if !slices.Equal(lists[0], lists[1]) {
					t.Errorf("mosaik gets %+v, want %+v", got, test.want)
				}
			}
		})
	}
}

func TestEveryInputOfAHybridStructMayHaveATag(t *testing.T) {
	model := mosaik.ModelOf[struct{}, struct {
		Price  float64  `mosaik:"price,in,trigger"`
		Power  float64  `mosaik:"power,in,non-trigger"`
		Charge float64  `mosaik:"charge,out,persistent"`
		Alarm  *float64 `mosaik:"alarm,out,non-persistent"`
	}]()
	meta := mosaik.Meta{Type: mosaik.Hybrid, Models: map[string]mosaik.Model{"Store": model}}
	if err := meta.Check(); err != nil {
		t.Error(err)
	}
}

func TestASimulatorOfAPI2LeavesNoOutputOut(t *testing.T) {
	s := started(t, &scripted{
		meta:    &mosaik.Meta{API: "2.2", Models: map[string]mosaik.Model{"Thing": {Attrs: []string{"power"}}}},
		getData: func(context.Context, mosaik.Query) (mosaik.Outputs, error) { return mosaik.Outputs{}, nil },
	}, nil)
	if _, err := s.GetData(t.Context(), mosaik.Query{"Thing-0": {"power"}}); err == nil || !strings.Contains(err.Error(), "left out power of entity Thing-0") {
		t.Error(err)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-s.ended; err == nil {
		t.Error("it ended without the error")
	}
}
