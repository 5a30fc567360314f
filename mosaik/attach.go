package mosaik

import (
	"context"
	"fmt"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/rpc"
)

// The contracts of an agent that is the agent of an entity, see [Agents].
// [Attach] has an agent in Go fulfil them; one in Python exposes functions of
// these names.
const (
	// EntityInputs takes the inputs of a step, by attribute and source. It is
	// called before the clocks are set, and not if there are none.
	EntityInputs rpc.Proc1[map[string]map[string]any] = "mosaik_inputs(inputs)"

	// EntityStep is called when all that was due at the time has come to rest.
	EntityStep rpc.Proc1[int64] = "mosaik_step(time)"

	// EntityOutputs returns values of attributes; what is left out is no event.
	EntityOutputs rpc.Func1[[]string, map[string]any] = "mosaik_outputs(attrs)"
)

// Attach makes an agent that of an entity, whose attributes are the fields of
// the struct that attrs points to, see [ModelOf]. The struct belongs to the
// agent: inputs are put into it, and outputs taken from it, in the agent's turn.
// step, which may be nil, is called in each step of the simulator, after what
// was due at its time. Attach is for constructors.
func Attach(a *gomas.Agent, attrs any, step func(ctx context.Context, time int64) error) error {
	v, shape, err := structOf(attrs)
	if err != nil {
		return err
	}
	if len(shape.fields) == 0 {
		return fmt.Errorf("mosaik: %v has no field with a tag; add some, such as `mosaik:\"power,in\"`", shape.typ)
	}
	EntityInputs.Handle(a.Services(), func(_ context.Context, inputs map[string]map[string]any) error {
		return shape.take(v, inputs)
	})
	EntityStep.Handle(a.Services(), func(ctx context.Context, time int64) error {
		if step == nil {
			return nil
		}
		return step(ctx, time)
	})
	EntityOutputs.Handle(a.Services(), func(_ context.Context, names []string) (map[string]any, error) {
		return shape.give(v, names)
	})
	return nil
}
