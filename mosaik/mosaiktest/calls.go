package mosaiktest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/json"
	"github.com/gomas/gomas/mosaik"
	"github.com/gomas/gomas/rpc"
)

// meta is the answer to init.
type meta struct {
	API          string           `json:"api_version"`
	Type         string           `json:"type"`
	Models       map[string]model `json:"models"`
	ExtraMethods []string         `json:"extra_methods"`
	SetEvents    bool             `json:"set_events"`
}

type model struct {
	Public        *bool    `json:"public"`
	Params        []string `json:"params"`
	Attrs         []string `json:"attrs"`
	AnyInputs     bool     `json:"any_inputs"`
	Trigger       []string `json:"trigger"`
	NonTrigger    []string `json:"non-trigger"`
	Persistent    []string `json:"persistent"`
	NonPersistent []string `json:"non-persistent"`
}

func (m *meta) meta() mosaik.Meta {
	all := mosaik.Meta{API: m.API, Type: mosaik.Type(m.Type), Models: make(map[string]mosaik.Model), SetEvents: m.SetEvents}
	if all.API == "" {
		all.API = "1"
	}
	for name, w := range m.Models {
		all.Models[name] = mosaik.Model{
			Private: w.Public != nil && !*w.Public, Params: w.Params, Attrs: w.Attrs, AnyInputs: w.AnyInputs,
			Trigger: w.Trigger, NonTrigger: w.NonTrigger, Persistent: w.Persistent, NonPersistent: w.NonPersistent,
		}
	}
	return all
}

// Init sends init with parameters, checks the meta that comes back, and returns
// it.
func (d *Driver) Init(ctx context.Context, sid string, params map[string]any) (mosaik.Meta, error) {
	if strings.ContainsAny(sid, ".") || sid == "" {
		return mosaik.Meta{}, fmt.Errorf("mosaiktest: init: %q cannot be the id of a simulator: it is empty or has a point", sid)
	}
	kw := rpc.Kw{"time_resolution": d.opts.Resolution}
	maps.Copy(kw, params)
	bounded, cancel := context.WithTimeout(ctx, d.opts.StartTimeout)
	defer cancel()
	d.mu.Lock()
	d.sid = sid
	d.mu.Unlock()
	answer, err := ask[meta](bounded, d, "init", sid, kw)
	if err != nil {
		return mosaik.Meta{}, err
	}
	all := answer.meta()
	if err := all.Check(answer.ExtraMethods...); err != nil {
		return all, fmt.Errorf("mosaiktest: init: the meta of the simulator: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.meta, d.extra = all, answer.ExtraMethods
	return all, nil
}

// Create has the simulator create entities, and checks them.
func (d *Driver) Create(ctx context.Context, num int, model string, params map[string]any) ([]mosaik.Entity, error) {
	m, ok := d.Meta().Models[model]
	if !ok || m.Private {
		return nil, fmt.Errorf("mosaiktest: create: mosaik refuses it: the meta has no public model %q", model)
	}
	for name := range params {
		if !slices.Contains(m.Params, name) {
			return nil, fmt.Errorf("mosaiktest: create: mosaik refuses it: model %s has no parameter %q", model, name)
		}
	}
	entities, err := ask[[]mosaik.Entity](ctx, d, "create", num, model, rpc.Kw(params))
	if err != nil {
		return nil, err
	}
	if len(entities) != num {
		return nil, fmt.Errorf("mosaiktest: create: %d entities of %s instead of %d", len(entities), model, num)
	}
	for _, e := range entities {
		if e.Model != model {
			return nil, fmt.Errorf("mosaiktest: create: entity %q is of type %q instead of %s", e.ID, e.Model, model)
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return entities, d.know(entities)
}

// know takes note of entities. d.mu is held.
func (d *Driver) know(entities []mosaik.Entity) error {
	for _, e := range entities {
		_, known := d.entities[e.ID]
		if _, ok := d.meta.Models[e.Model]; !ok || known || e.ID == "" || e.ID == "time" {
			return fmt.Errorf("mosaiktest: create: mosaik cannot have the entity %q of type %q: the id is empty, \"time\" or taken, or the type is no model of the meta", e.ID, e.Model)
		}
		d.entities[e.ID] = e
		d.order = append(d.order, e.ID)
		if err := d.know(e.Children); err != nil {
			return err
		}
	}
	return nil
}

// Call calls an extra method. If the last argument is an [rpc.Kw], it holds
// keyword arguments.
func (d *Driver) Call(ctx context.Context, method string, args ...any) (any, error) {
	d.mu.Lock()
	extra := d.extra
	d.mu.Unlock()
	if !slices.Contains(extra, method) {
		return nil, fmt.Errorf("mosaiktest: mosaik knows no method %q: extra_methods of the meta is %q", method, extra)
	}
	return ask[any](ctx, d, method, args...)
}

// SetupDone sends setup_done, which simulators before API 2.2 do not know.
func (d *Driver) SetupDone(ctx context.Context) error {
	d.mu.Lock()
	version := d.meta.API
	d.setUp = true
	d.mu.Unlock()
	if version == "2" || version == "2.0" || version == "2.1" {
		return nil
	}
	_, err := ask[any](ctx, d, "setup_done")
	return err
}

// Step has the simulator make a step, and returns the time of its next one,
// [mosaik.NoStep] if there is none.
func (d *Driver) Step(ctx context.Context, time int64, inputs mosaik.Inputs, maxAdvance int64) (next int64, err error) {
	if inputs == nil {
		inputs = mosaik.Inputs{}
	}
	args := []any{time, inputs, maxAdvance}
	d.mu.Lock()
	timeBased := d.meta.Type == mosaik.TimeBased || d.meta.Type == ""
	if strings.HasPrefix(d.meta.API, "2") {
		args = args[:2]
	}
	d.stepping, d.now = true, time
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.stepping = false
	}()
	answer, err := ask[any](ctx, d, "step", args...)
	switch next, isInt := answer.(int64); {
	case err != nil:
		return 0, err
	case isInt && next > time:
		return next, nil
	case isInt:
		return 0, fmt.Errorf("mosaiktest: step: SimulationError: the next step of the one at %d is at %d, which is not later", time, next)
	case answer == nil && !timeBased:
		return mosaik.NoStep, nil
	case answer == nil:
		return 0, errors.New("mosaiktest: step: AssertionError: a time-based simulator has no next step")
	}
	return 0, fmt.Errorf("mosaiktest: step: SimulationError: the next step is at %v, a %T and no integer", answer, answer)
}

// GetData asks for attributes, and checks that the answer has what mosaik needs.
func (d *Driver) GetData(ctx context.Context, query mosaik.Query) (mosaik.Outputs, error) {
	answer, err := ask[map[string]codec.Raw](ctx, d, "get_data", query)
	if err != nil {
		return mosaik.Outputs{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	outputs := mosaik.Outputs{Values: make(map[string]map[string]any), Time: d.now}
	for id, raw := range answer {
		if id == "time" {
			err = json.Codec{}.Parse(raw, &outputs.Time, nil)
		} else {
			var values map[string]any
			err = json.Codec{}.Parse(raw, &values, nil)
			outputs.Values[id] = values
		}
		if err != nil {
			return outputs, fmt.Errorf("mosaiktest: get_data: %s: %w", id, err)
		}
	}
	if outputs.Time < d.now {
		return outputs, fmt.Errorf("mosaiktest: get_data: SimulationError: the outputs are of %d, before the step at %d", outputs.Time, d.now)
	}
	for _, id := range slices.Sorted(maps.Keys(query)) {
		for _, attr := range query[id] {
			if _, ok := outputs.Values[id][attr]; !ok && d.meta.Type == mosaik.TimeBased {
				return outputs, fmt.Errorf("mosaiktest: get_data: a time-based simulator has no value of %s of entity %s", attr, id)
			}
		}
	}
	return outputs, nil
}
