package gossip

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/examples/systems/stage"
	"github.com/gomas/gomas/rpc"
)

const (
	nodes  = 16 // in a cycle, each with two neighbours
	rounds = 600

	// Between these rounds the rate is measured: when all but the slowest part
	// of the error is gone, and before rounding shows.
	early, late = 150, 300
)

// Register makes the agents of this system known by name.
func Register(f *gomas.Factories) error {
	return f.Register("gossip.node(number, value, rounds): averages with its neighbours", NewNode)
}

// Run has the nodes of a cycle find the mean of their values.
func Run(ctx context.Context, p stage.Plan) (_ *stage.Outcome, err error) {
	s, err := stage.Open(ctx, p, Register)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close(ctx)) }()

	p.Tell(0, 2, fmt.Sprintf("a cycle of %d nodes", nodes))
	random := rand.New(rand.NewPCG(p.Seed, 0))
	cycle := make([]rpc.Remote, nodes)
	mean := 0.0
	for i := range cycle {
		value := random.Float64() * 100
		mean += value / nodes
		if cycle[i], err = s.Spawn(ctx, "gossip.node", i, value, rounds); err != nil {
			return nil, err
		}
	}
	if err := stage.Each(ctx, cycle, func(ctx context.Context, i int, node rpc.Remote) error {
		return Meet.Call(ctx, node, []rpc.Remote{cycle[(i+nodes-1)%nodes], cycle[(i+1)%nodes]})
	}); err != nil {
		return nil, err
	}

	p.Tell(1, 2, fmt.Sprintf("%d rounds", rounds))
	if err := stage.Each(ctx, cycle, func(ctx context.Context, _ int, node rpc.Remote) error {
		return Start.Call(ctx, node)
	}); err != nil {
		return nil, err
	}
	histories, err := stage.Ask(ctx, cycle, History)
	if err != nil {
		return nil, err
	}
	total, err := s.Settled(ctx, cycle)
	if err != nil {
		return nil, err
	}
	p.Tell(2, 2, "done")

	rate := math.Pow(distance(histories, late, mean)/distance(histories, early, mean), 1.0/(late-early))
	worst := 0.0
	for _, history := range histories {
		worst = max(worst, math.Abs(history[rounds]-mean))
	}
	return &stage.Outcome{
		Summary:  fmt.Sprintf("After %d rounds all %d nodes have the mean, %.6f; in each round the error shrinks to %.6f of what it was.", rounds, nodes, mean, rate),
		Messages: total.Sent,
		Figures: []stage.Figure{
			stage.AtMost("greatest distance from the mean", worst, 1e-10),
			stage.Near("rate", rate, Rate(), 5e-7),
			stage.Exactly("messages", total.Sent, 2*nodes*rounds),
		},
	}, nil
}

// Rate returns by how much the error shrinks in a round on the cycle: the second
// greatest eigenvalue of the matrix of weights, all of which are a third.
func Rate() float64 { return (1 + 2*math.Cos(2*math.Pi/nodes)) / 3 }

// distance returns how far the values after a round are from the mean.
func distance(histories [][]float64, round int, mean float64) float64 {
	sum := 0.0
	for _, history := range histories {
		sum += (history[round] - mean) * (history[round] - mean)
	}
	return math.Sqrt(sum)
}
