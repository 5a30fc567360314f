package dispatch

import (
	"context"
	"errors"
	"fmt"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/examples/systems/stage"
	"github.com/gomas/gomas/rpc"
)

// Three plants and a demand, with what is known of the best: example 3A of
// Wood and Wollenberg, "Power Generation, Operation, and Control".
var plants = []struct {
	cost   Cost
	demand float64 // at its place, in MW; 850 together
	power  float64 // in the best case, in MW
}{
	{Cost{A: 561, B: 7.92, C: 0.001562, Min: 150, Max: 600}, 500, 393.170},
	{Cost{A: 310, B: 7.85, C: 0.00194, Min: 100, Max: 400}, 250, 334.604},
	{Cost{A: 78, B: 7.97, C: 0.00482, Min: 50, Max: 200}, 100, 122.226},
}

const (
	bestLambda = 9.14826  // $/MWh
	bestCost   = 8194.356 // $/h
	rounds     = 250
)

// Register makes the agents of this system known by name.
func Register(f *gomas.Factories) error {
	return f.Register("dispatch.generator(number, cost, demand, rounds): a power plant", NewGenerator)
}

// Run has three plants in a row, each of which knows the next ones only, share
// 850 MW.
func Run(ctx context.Context, p stage.Plan) (_ *stage.Outcome, err error) {
	s, err := stage.Open(ctx, p, Register)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close(ctx)) }()

	p.Tell(0, 2, fmt.Sprintf("%d generators", len(plants)))
	row := make([]rpc.Remote, len(plants))
	for i, plant := range plants {
		if row[i], err = s.Spawn(ctx, "dispatch.generator", i, plant.cost, plant.demand, rounds); err != nil {
			return nil, err
		}
	}
	if err := stage.Each(ctx, row, func(ctx context.Context, i int, generator rpc.Remote) error {
		var neighbours []rpc.Remote
		if i > 0 {
			neighbours = append(neighbours, row[i-1])
		}
		if i < len(row)-1 {
			neighbours = append(neighbours, row[i+1])
		}
		return Meet.Call(ctx, generator, neighbours)
	}); err != nil {
		return nil, err
	}

	p.Tell(1, 2, fmt.Sprintf("%d rounds", rounds))
	if err := stage.Each(ctx, row, func(ctx context.Context, _ int, generator rpc.Remote) error {
		return Start.Call(ctx, generator)
	}); err != nil {
		return nil, err
	}
	shares, err := stage.Ask(ctx, row, Result)
	if err != nil {
		return nil, err
	}
	total, err := s.Settled(ctx, row)
	if err != nil {
		return nil, err
	}
	p.Tell(2, 2, "done")

	out := &stage.Outcome{Messages: total.Sent}
	cost := 0.0
	for i, share := range shares {
		cost += share.Cost
		out.Figures = append(out.Figures,
			stage.Near(fmt.Sprintf("λ of generator %d in $/MWh", i+1), share.Lambda, bestLambda, 5e-6),
			stage.Near(fmt.Sprintf("power of generator %d in MW", i+1), share.Power, plants[i].power, 1e-3))
	}
	out.Figures = append(out.Figures,
		stage.Near("cost in $/h", cost, bestCost, 1e-3),
		stage.Exactly("messages", total.Sent, 2*(len(plants)-1)*rounds))
	out.Summary = fmt.Sprintf("Three plants agree on %.5f $/MWh and produce %.3f, %.3f and %.3f MW for %.3f $/h.",
		shares[0].Lambda, shares[0].Power, shares[1].Power, shares[2].Power, cost)
	return out, nil
}
