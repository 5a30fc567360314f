package chord

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/examples/systems/stage"
	"github.com/gomas/gomas/rpc"
)

// What nodes are told by others.
const (
	FindSuccessor rpc.Func1[int, Found] = "find_successor(key): who has the key"
	GetState      rpc.Func0[State]      = "state(): the nodes next to this one"
	Notice        rpc.Proc1[Ref]        = "notice(node): a node that may be the one before"
)

// What nodes are told by whoever sets them up.
const (
	Link rpc.Proc1[[]Ref]      = "link(fingers): the nodes that a settled ring would make known"
	Join rpc.Proc1[rpc.Remote] = "join(known): enter the ring of a node, and look after it from now on"
	Fail rpc.Proc0             = "fail(): end, without a word to the others"
)

// Found is the answer to a look-up.
type Found struct {
	Owner Ref `json:"owner"`
	Hops  int `json:"hops"` // from node to node
}

// State is what a node knows of those next to it.
type State struct {
	Predecessor *Ref  `json:"predecessor"` // nil: unknown
	Successors  []Ref `json:"successors"`  // the next one first, never empty
}

// Node is one of the ring.
type Node struct {
	*gomas.Agent
	ring        Ring
	self        Ref
	period      time.Duration
	known       rpc.Remote // by whom the node enters the ring
	predecessor *Ref
	successors  []Ref // so that one is left when others fail
	fingers     []Ref // that at i is the successor of the identifier 2^i on
	next        int   // the finger to be looked at
	tally       stage.Tally
}

// NewNode makes a node with an identifier that no other has, in a ring of so many
// bits. After it has joined others it looks after its neighbours once in each
// period of its clock.
func NewNode(a *gomas.Agent, ring Ring, id int, period time.Duration) (*Node, error) {
	if ring < 1 || ring > maxRing {
		return nil, fmt.Errorf("chord: a ring of %d bits, not 1 to %d", ring, maxRing)
	}
	n := &Node{Agent: a, ring: ring, self: Ref{id, a.Remote()}, period: period}
	n.successors = []Ref{n.self}
	FindSuccessor.Handle(a.Services(), n.find)
	GetState.Handle(a.Services(), func(context.Context) (State, error) { return n.state(), nil })
	Notice.Handle(a.Services(), n.notice)
	Link.Handle(a.Services(), n.link)
	Join.Handle(a.Services(), n.join)
	Fail.Handle(a.Services(), n.fail)
	n.tally.Handle(a.Services())
	return n, nil
}

func (n *Node) state() State { return State{n.predecessor, n.successors} }

func (n *Node) link(_ context.Context, fingers []Ref) error {
	n.fingers = fingers
	n.successors = []Ref{fingers[0]}
	return nil
}

// find asks the node closest before the key among those that it knows, unless
// the key belongs to its own successor. If that node is gone, it asks another.
func (n *Node) find(ctx context.Context, key int) (Found, error) {
	for {
		successor := n.successors[0]
		if key == successor.ID || n.ring.Within(key, n.self.ID, successor.ID) {
			return Found{Owner: successor}, nil
		}
		closest := n.closestBefore(key)
		if closest.ID == n.self.ID {
			return Found{Owner: successor}, nil
		}
		n.tally.Sent++
		found, err := FindSuccessor.Call(ctx, closest.Node, key)
		if err == nil {
			found.Hops++
			return found, nil
		}
		if ctx.Err() != nil {
			return Found{}, err
		}
		n.forget(closest)
	}
}

// closestBefore returns the last node before a key among those that are known,
// which is the node itself if no other is.
func (n *Node) closestBefore(key int) Ref {
	best := n.self
	for _, known := range [][]Ref{n.fingers, n.successors} {
		for _, ref := range known {
			if ref.Node != (rpc.Remote{}) && n.ring.Within(ref.ID, best.ID, key) && ref.ID != n.self.ID {
				best = ref
			}
		}
	}
	return best
}

// forget removes a node that does not answer.
func (n *Node) forget(gone Ref) {
	n.successors = slices.DeleteFunc(n.successors, func(r Ref) bool { return r.ID == gone.ID })
	if len(n.successors) == 0 {
		n.successors = []Ref{n.self}
	}
	for i, finger := range n.fingers {
		if finger.ID == gone.ID {
			n.fingers[i] = Ref{}
		}
	}
	if n.predecessor != nil && n.predecessor.ID == gone.ID {
		n.predecessor = nil
	}
}

// fail ends the node.
func (n *Node) fail(context.Context) error {
	n.Quit()
	return nil
}
