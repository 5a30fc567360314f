package election

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/examples/systems/stage"
	"github.com/gomas/gomas/rpc"
)

// nodes is the size of the ring.
const nodes = 32

// Register makes the agents of this system known by name.
func Register(f *gomas.Factories) error {
	return f.Register("election.node(number): a node of a ring", NewNode)
}

// Run elects a leader in three rings: with the numbers in the best order, in the
// worst, and in one that is drawn.
func Run(ctx context.Context, p stage.Plan) (_ *stage.Outcome, err error) {
	s, err := stage.Open(ctx, p, Register)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close(ctx)) }()

	ascending := make([]int, nodes)
	for i := range ascending {
		ascending[i] = i + 1
	}
	descending := slices.Clone(ascending)
	slices.Reverse(descending)
	drawn := slices.Clone(ascending)
	random := rand.New(rand.NewPCG(p.Seed, 0))
	random.Shuffle(nodes, func(i, j int) { drawn[i], drawn[j] = drawn[j], drawn[i] })

	out := new(stage.Outcome)
	counts := make([]int, 0, 3)
	for i, order := range []struct {
		name    string
		numbers []int
		want    int
	}{
		{"ascending", ascending, 2*nodes - 1},
		{"descending", descending, nodes * (nodes + 1) / 2},
		{"shuffled", drawn, Messages(drawn)},
	} {
		p.Tell(i, 3, "numbers "+order.name)
		leaders, messages, err := elect(ctx, s, order.numbers)
		if err != nil {
			return nil, err
		}
		agreed := 0
		for _, leader := range leaders {
			if leader == nodes {
				agreed++
			}
		}
		counts = append(counts, messages)
		out.Messages += messages
		out.Figures = append(out.Figures,
			stage.Exactly("nodes that agree on the greatest number, numbers "+order.name, agreed, nodes),
			stage.Exactly("messages, numbers "+order.name, messages, order.want))
	}
	p.Tell(3, 3, "done")
	out.Summary = fmt.Sprintf("A ring of %d nodes elects its leader with %d messages in the best case, %d in the worst, and %d in a random one, announcements not counted.",
		nodes, counts[0], counts[1], counts[2])
	return out, nil
}

// elect makes a ring and returns who, as its nodes say, was elected, and with how
// many messages.
func elect(ctx context.Context, s *stage.Stage, numbers []int) (leaders []int, messages int, err error) {
	ring := make([]rpc.Remote, len(numbers))
	for i, number := range numbers {
		if ring[i], err = s.Spawn(ctx, "election.node", number); err != nil {
			return nil, 0, err
		}
	}
	if err := stage.Each(ctx, ring, func(ctx context.Context, i int, node rpc.Remote) error {
		return Meet.Call(ctx, node, ring[(i+1)%len(ring)])
	}); err != nil {
		return nil, 0, err
	}
	if err := stage.Each(ctx, ring, func(ctx context.Context, _ int, node rpc.Remote) error {
		return Start.Call(ctx, node)
	}); err != nil {
		return nil, 0, err
	}
	if leaders, err = stage.Ask(ctx, ring, Leader); err != nil {
		return nil, 0, err
	}
	total, err := s.Settled(ctx, ring)
	return leaders, total.Sent, err
}

// Messages returns how many messages an election takes in a ring of these
// numbers: each number is sent as far as the next greater one, and the greatest
// once around.
func Messages(numbers []int) int {
	count := 0
	for i, number := range numbers {
		for far := 1; far <= len(numbers); far++ {
			count++
			if numbers[(i+far)%len(numbers)] > number {
				break
			}
		}
	}
	return count
}
