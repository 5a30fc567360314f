package mosaiktest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/gomas/gomas/mosaik"
)

// Scenario is a simulation, as far as one simulator sees it.
type Scenario struct {
	// Until is the time at which it ends.
	Until int64

	// Inputs returns the inputs of a step. The default is none.
	Inputs func(time int64) mosaik.Inputs

	// Triggers are times at which the simulator is stepped because of an input
	// that triggers it, or an initial event, besides the times that it returns.
	Triggers []int64

	// Query is what get_data asks for after each step, and Seen gets the
	// answer. The default is not to ask.
	Query mosaik.Query
	Seen  func(time int64, outputs mosaik.Outputs) error
}

// Run simulates: it sends setup_done, has the simulator make its steps, and
// stops it, also if something has failed. A test says init and create before.
func (d *Driver) Run(ctx context.Context, s Scenario) error {
	err := d.steps(ctx, s)
	return errors.Join(err, d.Stop(context.WithoutCancel(ctx)))
}

func (d *Driver) steps(ctx context.Context, s Scenario) error {
	d.mu.Lock()
	setUp := d.setUp
	kind := d.meta.Type
	d.until = s.Until
	d.events = append(d.events, s.Triggers...)
	d.mu.Unlock()
	if !setUp {
		if err := d.SetupDone(ctx); err != nil {
			return err
		}
	}
	var own []int64 // times that the simulator has returned, or begins at
	if kind != mosaik.EventBased {
		own = append(own, 0)
	}
	for last := int64(-1); ; {
		time := d.next(last, own, s.Until)
		if time >= s.Until {
			return nil
		}
		own = slices.DeleteFunc(own, func(t int64) bool { return t <= time })
		maxAdvance := s.Until
		if kind == mosaik.EventBased || kind == mosaik.Hybrid {
			maxAdvance = d.next(time, own, s.Until+1) - 1
		}
		var inputs mosaik.Inputs
		if s.Inputs != nil {
			inputs = s.Inputs(time)
		}
		next, err := d.Step(ctx, time, inputs, maxAdvance)
		if err != nil {
			return err
		}
		if next != mosaik.NoStep && next < s.Until {
			own = append(own, next) // those returned before stand
		}
		if err := d.look(ctx, time, s); err != nil {
			return err
		}
		last = time
	}
}

// next returns the time of the next step after last, and no more than until.
func (d *Driver) next(last int64, own []int64, until int64) int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	time := until
	for _, event := range slices.Concat(own, d.events) {
		if event > last {
			time = min(time, event)
		}
	}
	return time
}

// look asks for the outputs of a step.
func (d *Driver) look(ctx context.Context, time int64, s Scenario) error {
	if len(s.Query) == 0 {
		return nil
	}
	outputs, err := d.GetData(ctx, s.Query)
	if err == nil && s.Seen != nil {
		err = s.Seen(time, outputs)
	}
	if err != nil {
		return fmt.Errorf("at %d: %w", time, err)
	}
	return nil
}

// Events returns the times that the simulator has set events for, and those of
// [Scenario.Triggers], in order.
func (d *Driver) Events() []int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(slices.Values(d.events))
}
