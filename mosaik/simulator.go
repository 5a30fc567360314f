package mosaik

import (
	"context"
	"math"
	"time"

	"github.com/gomas/gomas/rpc"
)

// Simulator is one simulator of a simulation, as mosaik sees it. Its methods are
// called in one turn: never two at once, except where one waits with the
// context that it was given, for mosaik, for agents, or for a clock. There, a
// GetData on behalf of another simulator may come in between. State needs no
// locks.
//
// The context of a call ends when mosaik stops the simulation or is lost. A
// method should then return soon.
//
// An error that a method returns becomes a failure in mosaik, which ends the
// simulation: its type is that of an *[Error], or else the name of the Go type.
//
// Further methods are optional: see [SetUpper], [Stopper] and [Extender].
type Simulator interface {
	// Meta describes the simulator. It is called and checked before anybody
	// connects, and again after Init, on which it may depend; the second one
	// is what mosaik gets.
	Meta() Meta

	// Init begins a simulation. It is called once.
	Init(ctx context.Context, start Start) error

	// Create makes num entities of a model, which Meta has, with parameters
	// that it has. It returns exactly so many.
	Create(ctx context.Context, num int, model string, params Params) ([]Entity, error)

	// Step simulates from the time of the step on, and returns the time of the
	// next one, which must be later, or [NoStep] if there is none that it knows
	// of.
	Step(ctx context.Context, step Step) (next int64, err error)

	// GetData returns values of attributes, after Step or before the first
	// one. What was not asked for is left out.
	GetData(ctx context.Context, query Query) (Outputs, error)
}

// SetUpper is implemented by simulators that want to know when all entities
// have been created and connected: the relations of [World.Related] are then
// complete.
type SetUpper interface {
	SetupDone(ctx context.Context) error
}

// Stopper is implemented by simulators that have something to do at the end. It
// is called once for each Init, whether the simulation was stopped, has failed,
// or mosaik was lost, after the other methods have returned. ctx ends after
// [Options.Grace].
type Stopper interface {
	Stop(ctx context.Context) error
}

// Extender is implemented by simulators with methods of their own, which a
// scenario calls while it is composed. It registers them, see [rpc.Service.Handle]:
//
//	methods.Handle("set_cap(kw, hours=24)", s.setCap)
//
// They run in the turn of the simulator.
type Extender interface {
	Methods(methods *rpc.Service)
}

// NoStep is returned by Step where there is no next step. Time-based simulators
// always have one.
const NoStep int64 = -1

// Start is what a simulator is told by Init.
type Start struct {
	// ID is the name of this simulator in the simulation: "PV-0". The full id
	// of an entity is this, a point, and its own id.
	ID string

	// Resolution is how long a unit of simulation time is.
	Resolution time.Duration

	// Params are those of mosaik's World.start.
	Params Params

	// World calls mosaik.
	World *World
}

// Entity is one of the things that a simulator simulates.
type Entity struct {
	// ID is unique within the simulator. It may have points, but may not be
	// "time".
	ID string `json:"eid"`

	// Model is the name of the model, which may be left out in what Create
	// returns, where it is known, and not in Children.
	Model string `json:"type"`

	// Related are the ids of entities of this simulator that this one is
	// related to.
	Related []string `json:"rel,omitempty"`

	// Children are entities that are parts of this one.
	Children []Entity `json:"children,omitempty"`

	// Extra is for the scenario.
	Extra any `json:"extra_info,omitempty"`
}

// Step is one step of a simulator.
type Step struct {
	// Time is now, in units of [Start.Resolution].
	Time int64

	// Inputs are the values that others have for this simulator.
	Inputs Inputs

	// MaxAdvance is until when no input can change what the simulator does,
	// except by what it causes itself. It is Time for simulators of API 2,
	// which are not told.
	MaxAdvance int64
}

// Inputs are values by entity, by attribute, and by the full id of the entity
// that they come from. What has no value at the time is not there.
//
// A value is what JSON makes of it: nil, a bool, a string, an int64 or a
// float64, which may be NaN or infinite, a []any or a map[string]any.
type Inputs map[string]map[string]map[string]any

// Query asks for attributes by entity.
type Query map[string][]string

// Outputs are what a simulator answers a [Query] with.
type Outputs struct {
	// Values are values by entity and attribute. A time-based simulator has a
	// value for all that was asked for; from others, what is left out is no event.
	Values map[string]map[string]any

	// Time is when the values became valid that do not persist. The default is
	// the time of the step, and none may be earlier.
	Time int64
}

// Put sets a value.
func (o *Outputs) Put(entity, attr string, value any) {
	if o.Values == nil {
		o.Values = make(map[string]map[string]any)
	}
	if o.Values[entity] == nil {
		o.Values[entity] = make(map[string]any)
	}
	o.Values[entity][attr] = value
}

// durationOf returns how long n units of simulation time are.
func durationOf(n int64, unit time.Duration) (time.Duration, error) {
	if unit <= 0 || n < 0 || n > math.MaxInt64/int64(unit) {
		return 0, valueError("time %d in units of %v is not between 0 and 292 years; set time_resolution to the seconds of a unit", n, unit)
	}
	return time.Duration(n) * unit, nil
}
