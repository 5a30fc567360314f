package chord

import (
	"context"

	"github.com/gomas/gomas/rpc"
)

// kept is how many successors a node knows: a ring survives if one less fails at
// once.
const kept = 8

// join enters the ring of a node, which may be the node itself, and begins the
// upkeep.
func (n *Node) join(ctx context.Context, known rpc.Remote) error {
	n.fingers = make([]Ref, n.ring)
	n.known = known
	if err := n.enter(ctx); err != nil {
		return err
	}
	n.stabilize(ctx)
	return n.Every(n.period, n.upkeep)
}

// enter finds the node's successor, which is all that others need. The rest comes
// with time.
func (n *Node) enter(ctx context.Context) error {
	if n.known.URL() == n.URL() {
		return nil
	}
	n.tally.Sent++
	found, err := FindSuccessor.Call(ctx, n.known, n.self.ID)
	if err != nil {
		return err
	}
	n.successors = []Ref{found.Owner}
	return nil
}

// upkeep is what a node does for the ring again and again.
func (n *Node) upkeep(ctx context.Context) error {
	if n.successors[0].ID == n.self.ID {
		_ = n.enter(ctx) // all successors have failed, or the first one had when we came
	}
	n.stabilize(ctx)
	n.checkPredecessor(ctx)
	n.fixFinger(ctx)
	return ctx.Err()
}

// stabilize looks whether other nodes have come between this one and its
// successor, and lets the successor know of this one.
func (n *Node) stabilize(ctx context.Context) {
	successor, state, ok := n.nextAlive(ctx)
	if !ok {
		return
	}
	for state.Predecessor != nil && n.ring.Within(state.Predecessor.ID, n.self.ID, successor.ID) {
		between := *state.Predecessor
		s, err := n.ask(ctx, between)
		if err != nil {
			break // it has gone; the successor will notice, too
		}
		successor, state = between, s
	}
	n.successors = []Ref{successor}
	for _, next := range state.Successors {
		if len(n.successors) == kept || next.ID == n.self.ID || next.ID == successor.ID {
			break
		}
		n.successors = append(n.successors, next)
	}
	if successor.ID != n.self.ID {
		n.tally.Sent++
		_ = Notice.Call(ctx, successor.Node, n.self) // next time again
	}
}

// nextAlive returns the first successor that answers, and what it says.
func (n *Node) nextAlive(ctx context.Context) (Ref, State, bool) {
	for ctx.Err() == nil {
		successor := n.successors[0]
		state, err := n.ask(ctx, successor)
		if err == nil {
			return successor, state, true
		}
		n.forget(successor)
	}
	return Ref{}, State{}, false
}

// ask returns the state of a node, which may be this one.
func (n *Node) ask(ctx context.Context, node Ref) (State, error) {
	if node.ID == n.self.ID {
		return n.state(), nil
	}
	n.tally.Sent++
	return GetState.Call(ctx, node.Node)
}

// notice takes a node as the one before, if it is closer than that known so far.
func (n *Node) notice(_ context.Context, node Ref) error {
	if n.predecessor == nil || n.ring.Within(node.ID, n.predecessor.ID, n.self.ID) {
		n.predecessor = &node
	}
	return nil
}

func (n *Node) checkPredecessor(ctx context.Context) {
	if before := n.predecessor; before != nil {
		if _, err := n.ask(ctx, *before); err != nil && ctx.Err() == nil {
			n.forget(*before)
		}
	}
}

// fixFinger looks one finger up, another one each time.
func (n *Node) fixFinger(ctx context.Context) {
	i := n.next
	n.next = (n.next + 1) % int(n.ring)
	found, err := n.find(ctx, n.ring.Add(n.self.ID, 1<<i))
	if err == nil {
		n.fingers[i] = found.Owner
	}
}
