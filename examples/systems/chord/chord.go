package chord

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/examples/systems/stage"
	"github.com/gomas/gomas/rpc"
)

const (
	// full is the fully populated ring: 1024 nodes.
	full Ring = 10

	// sparse is the ring in which nodes come and go.
	sparse  Ring = 16
	first        = 24 // nodes that enter it at first
	joining      = 8  // that come later
	failing      = kept - 1
	lookups      = 64
	period       = 20 * time.Millisecond
)

// Register makes the agents of this system known by name.
func Register(f *gomas.Factories) error {
	return f.Register("chord.node(ring, id, period): a node of a ring", NewNode)
}

// Run looks every key up in a fully populated ring, and has nodes come and go in
// another one.
func Run(ctx context.Context, p stage.Plan) (_ *stage.Outcome, err error) {
	s, err := stage.Open(ctx, p, Register)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close(ctx)) }()

	random := rand.New(rand.NewPCG(p.Seed, 0))
	out := new(stage.Outcome)
	if err := populated(ctx, &p, s, random, out); err != nil {
		return nil, err
	}
	if err := churn(ctx, &p, s, random, out); err != nil {
		return nil, err
	}
	p.Tell(5, 5, "done")
	return out, nil
}

// populated looks up a key from each node of a ring in which every identifier is
// that of a node, each at another distance, so that no other set of look-ups would
// have another mean.
func populated(ctx context.Context, p *stage.Plan, s *stage.Stage, random *rand.Rand, out *stage.Outcome) error {
	p.Tell(0, 5, fmt.Sprintf("a ring of %d nodes", 1<<full))
	ring := make([]Ref, 1<<full)
	nodes := make([]rpc.Remote, len(ring))
	for id := range ring {
		var err error
		if nodes[id], err = s.Spawn(ctx, "chord.node", full, id, period); err != nil {
			return err
		}
		ring[id] = Ref{id, nodes[id]}
	}
	if err := stage.Each(ctx, nodes, func(ctx context.Context, id int, node rpc.Remote) error {
		fingers := make([]Ref, full)
		for i := range fingers {
			fingers[i] = ring[full.Add(id, 1<<i)]
		}
		return Link.Call(ctx, node, fingers)
	}); err != nil {
		return err
	}

	p.Tell(1, 5, fmt.Sprintf("%d look-ups", len(nodes)))
	distances := random.Perm(len(nodes))
	hops, right := 0, 0
	found, err := stage.Gather(ctx, nodes, func(ctx context.Context, id int, node rpc.Remote) (Found, error) {
		return FindSuccessor.Call(ctx, node, full.Add(id, 1+distances[id]))
	})
	if err != nil {
		return err
	}
	for id, f := range found {
		hops += f.Hops
		if f.Owner.ID == full.Add(id, 1+distances[id]) {
			right++
		}
	}
	total, err := stage.Total(ctx, nodes)
	if err != nil {
		return err
	}
	mean := float64(hops) / float64(len(nodes))
	out.Summary = fmt.Sprintf("In a full ring of %d nodes a look-up takes %.4f hops in the mean.", len(nodes), mean)
	out.Messages = total.Sent
	out.Figures = append(out.Figures,
		stage.Exactly("keys found, full ring", right, len(nodes)),
		stage.Exactly("mean hops of a look-up, full ring", mean, float64(full)/2),
		stage.Exactly("messages, full ring", total.Sent, len(nodes)*int(full)/2))
	return nil
}

// churn has nodes enter a ring, others fail at once while more enter, and looks
// keys up before and after.
func churn(ctx context.Context, p *stage.Plan, s *stage.Stage, random *rand.Rand, out *stage.Outcome) error {
	p.Tell(2, 5, fmt.Sprintf("%d nodes join", first))
	ids := random.Perm(1 << sparse)[:first+joining]
	all := make([]Ref, len(ids))
	for i, id := range ids {
		node, err := s.Spawn(ctx, "chord.node", sparse, id, period)
		if err != nil {
			return err
		}
		all[i] = Ref{id, node}
	}
	here, later := all[:first], all[first:]
	for _, node := range here {
		if err := Join.Call(ctx, node.Node, here[0].Node); err != nil {
			return err
		}
	}
	if err := settled(ctx, s, here); err != nil {
		return err
	}
	before, err := search(ctx, here, random)
	if err != nil {
		return err
	}

	p.Tell(3, 5, fmt.Sprintf("%d nodes fail and %d join", failing, joining))
	gone, here := here[first-failing:], here[:first-failing]
	if err := stage.Each(ctx, gone, func(ctx context.Context, _ int, node Ref) error {
		return Fail.Call(ctx, node.Node)
	}); err != nil {
		return err
	}
	if err := stage.Each(ctx, later, func(ctx context.Context, _ int, node Ref) error {
		return Join.Call(ctx, node.Node, here[0].Node)
	}); err != nil {
		return err
	}
	here = slices.Concat(here, later)
	if err := settled(ctx, s, here); err != nil {
		return err
	}
	p.Tell(4, 5, fmt.Sprintf("%d look-ups", lookups))
	after, err := search(ctx, here, random)
	if err != nil {
		return err
	}
	out.Summary += fmt.Sprintf(" In a ring of %d, of which %d fail at once while %d join, all keys are found again.", first, failing, joining)
	out.Figures = append(out.Figures,
		stage.Exactly("keys found, after nodes have joined", before, lookups),
		stage.Exactly("keys found, after nodes have failed", after, lookups))
	return nil
}

// settled waits until the nodes know those next to them.
func settled(ctx context.Context, s *stage.Stage, nodes []Ref) error {
	nodes = inOrder(nodes)
	for {
		states, err := stage.Gather(ctx, nodes, func(ctx context.Context, _ int, node Ref) (State, error) {
			return GetState.Call(ctx, node.Node)
		})
		if err != nil || right(nodes, states) {
			return err
		}
		if err := s.Sleep(ctx, period); err != nil {
			return err
		}
	}
}

// right reports whether states are what nodes, in their order, should know.
func right(nodes []Ref, states []State) bool {
	n := len(nodes)
	for i, state := range states {
		if state.Predecessor == nil || state.Predecessor.ID != nodes[(i+n-1)%n].ID || len(state.Successors) != min(kept, n-1) {
			return false
		}
		for j, next := range state.Successors {
			if next.ID != nodes[(i+1+j)%n].ID {
				return false
			}
		}
	}
	return true
}

// search looks keys up from nodes, both of which are drawn, and returns how many
// owners were the right ones.
func search(ctx context.Context, nodes []Ref, random *rand.Rand) (right int, err error) {
	nodes = inOrder(nodes)
	type lookup struct {
		from Ref
		key  int
	}
	drawn := make([]lookup, lookups)
	for i := range drawn {
		drawn[i] = lookup{nodes[random.IntN(len(nodes))], random.IntN(1 << sparse)}
	}
	found, err := stage.Gather(ctx, drawn, func(ctx context.Context, _ int, l lookup) (Found, error) {
		return FindSuccessor.Call(ctx, l.from.Node, l.key)
	})
	for i, f := range found {
		if f.Owner.ID == owner(nodes, drawn[i].key).ID {
			right++
		}
	}
	return right, err
}

// owner returns who, of nodes in their order, has a key.
func owner(nodes []Ref, key int) Ref {
	i, _ := slices.BinarySearchFunc(nodes, key, func(r Ref, key int) int { return cmp.Compare(r.ID, key) })
	return nodes[i%len(nodes)]
}

func inOrder(nodes []Ref) []Ref {
	return slices.SortedFunc(slices.Values(nodes), func(a, b Ref) int { return cmp.Compare(a.ID, b.ID) })
}
