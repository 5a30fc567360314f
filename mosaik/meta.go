package mosaik

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Type says when a simulator is stepped.
type Type string

// The types of simulators.
const (
	// TimeBased: first at time 0, then at the times that Step returns. Inputs
	// do not trigger steps, and outputs persist until the next step.
	TimeBased Type = "time-based"

	// EventBased: when an input arrives, and at the times that Step returns.
	// Each output is an event.
	EventBased Type = "event-based"

	// Hybrid: first at time 0, then at the times that Step returns, and when
	// one of [Model.Trigger] arrives. Outputs persist except for those of
	// [Model.NonPersistent].
	Hybrid Type = "hybrid"
)

// Meta describes a simulator to mosaik.
type Meta struct {
	// API is the version of mosaik's interface: "3.0" by default, any other
	// "3.x", or "2.x" for scenarios that need simulators of that version,
	// which are time-based.
	API string

	// Type says when the simulator is stepped.
	Type Type

	// Models are what there can be entities of, by name.
	Models map[string]Model

	// SetEvents says that the simulator calls [World.SetEvent].
	SetEvents bool
}

// Model is a kind of entities. [ModelOf] makes one of Go types.
type Model struct {
	// Private models cannot be created by scenarios; their entities are
	// children of others.
	Private bool

	// Params are the names of what Create takes.
	Params []string

	// Attrs are the names of what can be an input or output.
	Attrs []string

	// AnyInputs allows inputs that Attrs do not name.
	AnyInputs bool

	// Trigger are the inputs whose arrival makes mosaik call Step, NonTrigger
	// those that wait for a step. Together they are all inputs: of two, one
	// need not be given, and with AnyInputs one must not. Only a hybrid
	// simulator chooses.
	Trigger, NonTrigger []string

	// Persistent are the outputs that are valid until they change, and
	// NonPersistent those that are events. Together they are Attrs: of two, one
	// need not be given. Only a hybrid simulator chooses.
	Persistent, NonPersistent []string
}

// wire is the form in which mosaik reads it.
func (m *Meta) wire(extra []string) map[string]any {
	models := make(map[string]any, len(m.Models))
	for name, model := range m.Models {
		w := map[string]any{"public": !model.Private, "params": list(model.Params), "attrs": list(model.Attrs), "any_inputs": model.AnyInputs}
		if m.Type == Hybrid {
			model.addKinds(w)
		}
		models[name] = w
	}
	w := map[string]any{"api_version": m.version(), "models": models, "extra_methods": list(extra)}
	if m.Type != "" {
		w["type"] = string(m.Type)
	}
	if m.SetEvents {
		w["set_events"] = true
	}
	return w
}

// addKinds adds which attributes are of which kind. mosaik takes what is not
// "persistent" for a mistake, unless it is "non-persistent"; and it refuses,
// from simulators that are not hybrid, a list that is not complete.
func (m *Model) addKinds(w map[string]any) {
	events := m.NonPersistent
	if len(events) == 0 && len(m.Persistent) > 0 {
		events = slices.DeleteFunc(slices.Clone(m.Attrs), func(attr string) bool { return slices.Contains(m.Persistent, attr) })
	}
	for key, names := range map[string][]string{
		"trigger": m.Trigger, "non-trigger": m.NonTrigger, "persistent": m.Persistent, "non-persistent": events,
	} {
		if len(names) > 0 {
			w[key] = names
		}
	}
}

// list is names as a list, also if there are none.
func list(names []string) []string {
	if names == nil {
		return []string{}
	}
	return names
}

func (m *Meta) version() string {
	if m.API == "" {
		return "3.0"
	}
	return m.API
}

// major returns the first number of the version.
func (m *Meta) major() (int, error) {
	first, rest, dotted := strings.Cut(m.version(), ".")
	n, err := strconv.Atoi(first)
	if dotted && err == nil {
		_, err = strconv.ParseUint(rest, 10, 32)
	}
	if err != nil || n != 2 && n != 3 {
		return 0, fmt.Errorf("Meta.API is %.40q; leave it empty for \"3.0\", or set \"3.x\" or \"2.x\"", m.API)
	}
	return n, nil
}

// reserved are the names of mosaik's own calls.
var reserved = []string{"init", "create", "setup_done", "step", "get_data", "finalize", "stop"}

// Check returns what mosaik would refuse, for a simulator with extra methods of
// these names: nil if all is right. Components are checked when they start.
func (m *Meta) Check(extra ...string) error {
	var errs []error
	if major, err := m.major(); err != nil {
		errs = append(errs, err)
	} else if major < 3 && m.Type != TimeBased && m.Type != "" {
		errs = append(errs, fmt.Errorf("Meta.Type is %q, and simulators of API %s are time-based; set API to \"3.0\", or Type to TimeBased", m.Type, m.API))
	} else if major >= 3 && !slices.Contains([]Type{TimeBased, EventBased, Hybrid}, m.Type) {
		errs = append(errs, fmt.Errorf("Meta.Type is %.40q; set it to TimeBased, EventBased or Hybrid", m.Type))
	}
	if len(m.Models) == 0 {
		errs = append(errs, errors.New("Meta.Models is empty; name the models that Create makes entities of"))
	}
	for _, name := range slices.Sorted(maps.Keys(m.Models)) {
		model := m.Models[name]
		switch {
		case name == "":
			errs = append(errs, errors.New("a model has the empty name; give it another"))
		case slices.Contains(reserved, name):
			errs = append(errs, fmt.Errorf("model %q has the name of one of mosaik's own calls; rename it", name))
		case slices.Contains(extra, name):
			errs = append(errs, fmt.Errorf("%q is a model and an extra method; rename one of them", name))
		}
		if err := model.check(m.Type); err != nil {
			errs = append(errs, fmt.Errorf("model %q: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

func (m *Model) check(t Type) error {
	var errs []error
	for _, names := range []struct {
		what string
		list []string
	}{{"Params", m.Params}, {"Attrs", m.Attrs}} {
		for i, name := range names.list {
			if name == "" || slices.Contains(names.list[:i], name) {
				errs = append(errs, fmt.Errorf("%s has %q twice, or empty; name each once", names.what, name))
			}
		}
	}
	for _, name := range []string{"num", "model"} {
		if slices.Contains(m.Params, name) {
			errs = append(errs, fmt.Errorf("Params has %q, which is an argument of create; rename it", name))
		}
	}
	inputs := partition{m.Attrs, m.AnyInputs, "Trigger", m.Trigger, "NonTrigger", m.NonTrigger}
	outputs := partition{m.Attrs, false, "Persistent", m.Persistent, "NonPersistent", m.NonPersistent}
	errs = append(errs, inputs.check(), outputs.check())
	switch t {
	case TimeBased, "":
		errs = append(errs, none(t, "Trigger", m.Trigger), none(t, "NonPersistent", m.NonPersistent))
	case EventBased:
		errs = append(errs, none(t, "NonTrigger", m.NonTrigger), none(t, "Persistent", m.Persistent))
	}
	return errors.Join(errs...)
}

// none checks that a list is empty, which a type of simulators does not have.
func none(t Type, what string, names []string) error {
	if len(names) == 0 {
		return nil
	}
	if t == "" {
		t = TimeBased
	}
	return fmt.Errorf("%s is %q, which a simulator that is %s cannot have; leave it out, or set Meta.Type to Hybrid", what, names, t)
}

// partition is attributes that are of one kind or of another.
type partition struct {
	all    []string
	others bool // what is not in all may be there, too
	what1  string
	one    []string
	what2  string
	two    []string
}

func (p *partition) check() error {
	for _, name := range slices.Concat(p.one, p.two) {
		if !p.others && !slices.Contains(p.all, name) {
			return fmt.Errorf("%s or %s has %q, which is not in Attrs; add it there", p.what1, p.what2, name)
		}
	}
	for _, name := range p.one {
		if slices.Contains(p.two, name) {
			return fmt.Errorf("%q is in %s and in %s; take it out of one", name, p.what1, p.what2)
		}
	}
	if len(p.one) == 0 || len(p.two) == 0 {
		return nil
	}
	if p.others {
		return fmt.Errorf("%s and %s cannot name any inputs there may be; leave one of them empty", p.what1, p.what2)
	}
	for _, name := range p.all {
		if !slices.Contains(p.one, name) && !slices.Contains(p.two, name) {
			return fmt.Errorf("%q is neither in %s nor in %s; add it to one, or leave one of them empty", name, p.what1, p.what2)
		}
	}
	return nil
}
