package mosaik

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/gomas/gomas/codec"
)

// state is what a component knows about its simulation.
type state struct {
	began    bool // Init has been called
	ready    bool // and has succeeded
	meta     Meta
	major    int               // of the API
	entities map[string]string // their models, by id
	stepped  bool
	now      int64 // time of the last step
}

// timeBased reports whether the simulator is, as all of API 2 are.
func (s *state) timeBased() bool { return s.major < 3 || s.meta.Type == TimeBased }

// handle registers what mosaik calls.
func (c *component) handle() {
	c.svc.Handle("init(sid, time_resolution=1.0, **params)", c.init)
	c.svc.Handle("create(num, model, **params)", c.create)
	c.svc.Handle("setup_done()", c.setupDone)
	c.svc.Handle("step(time, inputs, max_advance=null)", c.step)
	c.svc.Handle("get_data(outputs)", c.getData)
	c.svc.Handle("stop()", c.stop)
}

func (c *component) init(ctx context.Context, sid string, resolution float64, params map[string]any) (map[string]any, error) {
	unit := math.Round(resolution * float64(time.Second))
	if !(unit >= 1 && unit < math.MaxInt64) {
		return nil, valueError("time_resolution is %v seconds, which is not between 1 ns and 292 years; set it in mosaik's World", resolution)
	}
	c.state.began = true
	c.opts.Logger.Info("a simulation begins", "simulator", sid, "time_resolution", resolution, "params", params)
	err := c.sim.Init(ctx, Start{ID: sid, Resolution: time.Duration(unit), Params: Params(params), World: &World{c}})
	if err != nil {
		return nil, err
	}
	meta := c.sim.Meta()
	if err := meta.Check(c.extra...); err != nil {
		return nil, valueError("the meta of the simulator: %v", err)
	}
	major, err := meta.major()
	if err != nil {
		return nil, err
	}
	c.state.ready, c.state.meta, c.state.major, c.state.entities = true, meta, major, make(map[string]string)
	return meta.wire(c.extra), nil
}

// initialised checks that Init has succeeded.
func (c *component) initialised(call string) error {
	if c.state.ready {
		return nil
	}
	return &Error{Type: "RuntimeError", Message: call + " without a successful init; call init first"}
}

// maxCreated is how many entities are created at a time at most: a number costs
// the other side nothing, and many loops over it a lot.
const maxCreated = 1_000_000

func (c *component) create(ctx context.Context, num int, model string, params map[string]any) ([]Entity, error) {
	if err := c.initialised("create"); err != nil {
		return nil, err
	}
	m, ok := c.state.meta.Models[model]
	switch {
	case !ok || m.Private:
		return nil, lookupError("the simulator has no model %.80q to create; it has %s", model, c.state.meta.public())
	case num < 0 || num > maxCreated:
		return nil, valueError("create %d entities of %s; create 0 to %d at a time", num, model, maxCreated)
	}
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if !slices.Contains(m.Params, name) {
			return nil, &Error{Type: "TypeError", Message: fmt.Sprintf("model %s has no parameter %.80q; it has %s", model, name, enumerate(m.Params))}
		}
	}
	entities, err := c.sim.Create(ctx, num, model, Params(params))
	if err != nil {
		return nil, err
	}
	if len(entities) != num {
		return nil, valueError("Create has returned %d entities of %s instead of %d; return one for each", len(entities), model, num)
	}
	// The simulator may keep the slice.
	entities = slices.Clone(entities)
	for i := range entities {
		if e := &entities[i]; e.Model == "" {
			e.Model = model
		} else if e.Model != model {
			return nil, valueError("Create has returned entity %.80q of model %.80q instead of %s", e.ID, e.Model, model)
		}
	}
	if err := c.know(entities, 1); err != nil {
		return nil, err
	}
	return entities, nil
}

// know takes note of entities that have been created.
func (c *component) know(entities []Entity, depth int) error {
	for _, e := range entities {
		switch _, known := c.state.entities[e.ID]; {
		case e.ID == "" || e.ID == "time":
			return valueError("Create has returned an entity with the id %q, which mosaik cannot have; give it another", e.ID)
		case known:
			return valueError("Create has returned the id %.80q a second time; give each entity one of its own", e.ID)
		case depth > codec.MaxDepth/4:
			return valueError("Create has returned entity %.80q under %d others; nest less deep", e.ID, depth)
		}
		if _, ok := c.state.meta.Models[e.Model]; !ok {
			return valueError("Create has returned entity %.80q of model %.80q, which is not in Meta.Models; add it there", e.ID, e.Model)
		}
		c.state.entities[e.ID] = e.Model
		if err := c.know(e.Children, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (c *component) setupDone(ctx context.Context) error {
	if err := c.initialised("setup_done"); err != nil {
		return err
	}
	if s, ok := c.sim.(SetUpper); ok {
		return s.SetupDone(ctx)
	}
	return nil
}

func (c *component) step(ctx context.Context, now int64, inputs Inputs, maxAdvance *int64) (*int64, error) {
	s := &c.state
	if err := c.initialised("step"); err != nil {
		return nil, err
	}
	if now < 0 || s.stepped && now < s.now {
		return nil, valueError("step at %d after one at %d; step at that time or later", now, s.now)
	}
	for _, id := range slices.Sorted(maps.Keys(inputs)) {
		for _, attr := range slices.Sorted(maps.Keys(inputs[id])) {
			if err := c.hasAttr(id, attr, true); err != nil {
				return nil, err
			}
		}
	}
	s.stepped, s.now = true, now
	step := Step{Time: now, Inputs: inputs, MaxAdvance: now}
	if maxAdvance != nil {
		step.MaxAdvance = *maxAdvance
	}
	next, err := c.sim.Step(ctx, step)
	switch {
	case err != nil:
		return nil, err
	case next == NoStep && s.timeBased():
		return nil, valueError("Step at %d has returned NoStep, and a time-based simulator needs a next step; return its time, or set Meta.Type to EventBased or Hybrid", now)
	case next == NoStep:
		return nil, nil
	case next <= now:
		return nil, valueError("Step at %d has returned %d as the time of the next step, which is not later; return a later time", now, next)
	}
	return &next, nil
}

// hasAttr checks that an entity is known, and has an attribute.
func (c *component) hasAttr(id, attr string, input bool) error {
	name, ok := c.state.entities[id]
	if !ok {
		return lookupError("the simulator has no entity %.80q; it has those that create has returned", id)
	}
	model := c.state.meta.Models[name]
	if slices.Contains(model.Attrs, attr) || input && model.AnyInputs {
		return nil
	}
	return lookupError("entity %.80q, of model %s, has no attribute %.80q; it has %s; add others to the meta", id, name, attr, enumerate(model.Attrs))
}

func (c *component) getData(ctx context.Context, query Query) (map[string]any, error) {
	if err := c.initialised("get_data"); err != nil {
		return nil, err
	}
	for _, id := range slices.Sorted(maps.Keys(query)) {
		for _, attr := range query[id] {
			if err := c.hasAttr(id, attr, false); err != nil {
				return nil, err
			}
		}
	}
	outputs, err := c.sim.GetData(ctx, query)
	if err != nil {
		return nil, err
	}
	// Encoded here, in the turn: others may change the values afterwards.
	answer := make(map[string]any, len(query)+1)
	for id, attrs := range query {
		values := make(map[string]codec.Raw, len(attrs))
		for _, attr := range attrs {
			value, ok := outputs.Values[id][attr]
			if !ok {
				if c.state.timeBased() {
					return nil, valueError("GetData has left out %s of entity %s, and a time-based simulator has a value for all that is asked for; add it", attr, id)
				}
				continue
			}
			raw, err := format.Append(nil, value, nil)
			if err != nil {
				return nil, &Error{Type: "TypeError", Message: fmt.Sprintf("GetData has returned %T as %s of entity %s, which cannot be sent: %v", value, attr, id, err)}
			}
			values[attr] = raw
		}
		answer[id] = values
	}
	if outputs.Time != 0 {
		if outputs.Time < c.state.now {
			return nil, valueError("GetData has returned %d as Outputs.Time, before the step at %d; leave it out for the time of the step", outputs.Time, c.state.now)
		}
		answer["time"] = outputs.Time
	}
	return answer, nil
}

// public lists the models that can be created.
func (m *Meta) public() string {
	var names []string
	for name, model := range m.Models {
		if !model.Private {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return enumerate(names)
}

// enumerate lists names for an error.
func enumerate(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
