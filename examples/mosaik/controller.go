package main

import (
	"context"
	"fmt"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/mosaik"
)

// Settings are the parameters of the simulator: the cap in kW, and the length of
// a step in units of simulation time.
type Settings struct {
	Cap      float64 `mosaik:"cap"`
	StepSize int64   `mosaik:"step_size"`
}

// Generation are the parameters of a generator: the most that it is allowed
// to feed in, in kW.
type Generation struct {
	Peak float64 `mosaik:"peak"`
}

// Feed are the attributes of a generator, in kW.
type Feed struct {
	Available float64 `mosaik:"available,in,sum"`
	FeedIn    float64 `mosaik:"feed_in,out"`
}

// Controller is the simulator.
type Controller struct {
	settings Settings
	agents   *mosaik.Agents
	warden   *Warden
	made     int
}

// Meta implements [mosaik.Simulator].
func (c *Controller) Meta() mosaik.Meta {
	return mosaik.Meta{
		Type:   mosaik.TimeBased,
		Models: map[string]mosaik.Model{"Generator": mosaik.ModelOf[Generation, Feed]()},
	}
}

// Init implements [mosaik.Simulator].
func (c *Controller) Init(ctx context.Context, start mosaik.Start) (err error) {
	c.settings = Settings{Cap: 30, StepSize: 900}
	if err := start.Params.Decode(&c.settings); err != nil {
		return err
	}
	if c.settings.StepSize <= 0 {
		return fmt.Errorf("step_size is %d; it must be at least 1", c.settings.StepSize)
	}
	c.agents, err = mosaik.StartAgents(ctx, start, &mosaik.AgentsOptions{
		Processes: 2,
		Process:   gomas.ProcessOptions{Name: "generators"},
	})
	if err != nil {
		return err
	}
	c.warden, err = gomas.Spawn(ctx, c.agents.Container(), NewWarden(c.settings.Cap))
	return err
}

// Create implements [mosaik.Simulator].
func (c *Controller) Create(ctx context.Context, num int, _ string, params mosaik.Params) ([]mosaik.Entity, error) {
	generation := Generation{Peak: 10}
	if err := params.Decode(&generation); err != nil {
		return nil, err
	}
	var entities []mosaik.Entity
	for range num {
		id := fmt.Sprintf("Generator-%d", c.made)
		c.made++
		e, err := c.agents.Spawn(ctx, id, "generator", id, generation.Peak, c.warden.Remote())
		if err != nil {
			return nil, err
		}
		entities = append(entities, e)
	}
	return entities, nil
}

// SetupDone implements [mosaik.SetUpper].
func (c *Controller) SetupDone(ctx context.Context) error {
	return Expect.Call(ctx, c.warden.Remote(), c.made)
}

// Step implements [mosaik.Simulator].
func (c *Controller) Step(ctx context.Context, step mosaik.Step) (next int64, err error) {
	if err := c.agents.Step(ctx, step); err != nil {
		return 0, err
	}
	return step.Time + c.settings.StepSize, nil
}

// GetData implements [mosaik.Simulator].
func (c *Controller) GetData(ctx context.Context, query mosaik.Query) (outputs mosaik.Outputs, err error) {
	err = c.agents.Give(ctx, query, &outputs)
	return outputs, err
}

// Stop implements [mosaik.Stopper].
func (c *Controller) Stop(ctx context.Context) error {
	if c.agents == nil {
		return nil // Init has failed
	}
	return c.agents.Stop(ctx)
}
