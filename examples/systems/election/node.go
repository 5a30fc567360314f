// Package election has agents in a ring choose one of them: the algorithm of
// LeLann, Chang and Roberts.
package election

import (
	"context"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/examples/systems/stage"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/turn"
)

// What nodes are told, by whoever sets the ring up and by the node before them.
const (
	Meet    rpc.Proc1[rpc.Remote] = "meet(next): who comes next in the ring"
	Start   rpc.Proc0             = "start(): stand for election, unless you do"
	Propose rpc.Proc1[int]        = "propose(number): a candidate, from the node before"
	Elected rpc.Proc1[int]        = "elected(number): the winner, from the node before"
	Leader  rpc.Func0[int]        = "leader(): the winner, once there is one"
)

// Node is one of a ring of agents. All that it knows of the others is who comes
// next.
type Node struct {
	*gomas.Agent
	number  int
	next    rpc.Remote
	stands  bool
	leader  int
	decided turn.Event
	tally   stage.Tally
}

// NewNode makes a node with a number, which no other node has.
func NewNode(a *gomas.Agent, number int) (*Node, error) {
	n := &Node{Agent: a, number: number}
	Meet.Handle(a.Services(), n.meet)
	Start.Handle(a.Services(), n.stand)
	Propose.Handle(a.Services(), n.propose)
	Elected.Handle(a.Services(), n.elected)
	Leader.Handle(a.Services(), n.whoLeads)
	n.tally.Handle(a.Services())
	return n, nil
}

func (n *Node) meet(_ context.Context, next rpc.Remote) error {
	n.next = next
	return nil
}

// stand proposes the node itself, once.
func (n *Node) stand(ctx context.Context) error {
	if n.stands {
		return nil
	}
	n.stands = true
	return n.pass(ctx, n.number)
}

func (n *Node) pass(ctx context.Context, number int) error {
	n.tally.Sent++
	return Propose.Notify(ctx, n.next, number)
}

// propose passes greater numbers on and drops smaller ones, which cannot win. A
// number that is back has passed everybody.
func (n *Node) propose(ctx context.Context, number int) error {
	n.tally.Received++
	if err := n.stand(ctx); err != nil { // whoever hears of an election takes part
		return err
	}
	switch {
	case number > n.number:
		return n.pass(ctx, number)
	case number == n.number:
		return Elected.Notify(ctx, n.next, number)
	}
	return nil
}

// elected passes the announcement on, until it is back.
func (n *Node) elected(ctx context.Context, number int) error {
	n.leader = number
	n.decided.Set(nil)
	if number == n.number {
		return nil
	}
	return Elected.Notify(ctx, n.next, number)
}

func (n *Node) whoLeads(ctx context.Context) (int, error) {
	err := n.decided.Wait(ctx, nil, "the election")
	return n.leader, err
}
