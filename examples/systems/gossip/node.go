// Package gossip has agents find the mean of what they know by talking to their
// neighbours only: averaging with Metropolis weights.
package gossip

import (
	"context"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/examples/systems/stage"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/turn"
)

// What nodes are told, by whoever sets them up and by their neighbours.
const (
	Meet    rpc.Proc1[[]rpc.Remote] = "meet(neighbours)"
	Start   rpc.Proc0               = "start()"
	Hear    rpc.Proc1[Value]        = "hear(value): what a neighbour has now"
	History rpc.Func0[[]float64]    = "history(): the values before the first round and after each, when all is over"
)

// Value is what a node has at the beginning of a round.
type Value struct {
	Round  int     `json:"round"`
	From   int     `json:"from"`
	Degree int     `json:"degree"` // the number of its neighbours
	Value  float64 `json:"value"`
}

// Node has a value, which comes closer to the mean of all with each round.
type Node struct {
	*gomas.Agent
	number     int
	value      float64
	last       int
	neighbours []rpc.Remote
	rounds     stage.Rounds[Value]
	started    bool
	history    []float64
	done       turn.Event
	tally      stage.Tally
}

// NewNode makes a node with a number, which no other has, and a value, that
// stops after so many rounds.
func NewNode(a *gomas.Agent, number int, value float64, rounds int) (*Node, error) {
	n := &Node{Agent: a, number: number, value: value, last: rounds, history: []float64{value}}
	Meet.Handle(a.Services(), n.meet)
	Start.Handle(a.Services(), n.start)
	Hear.Handle(a.Services(), n.hear)
	History.Handle(a.Services(), n.past)
	n.tally.Handle(a.Services())
	return n, nil
}

func (n *Node) meet(_ context.Context, neighbours []rpc.Remote) error {
	n.neighbours = neighbours
	return nil
}

// start tells the neighbours the first value, once.
func (n *Node) start(ctx context.Context) error {
	if n.started {
		return nil
	}
	n.started = true
	return n.tell(ctx)
}

// tell sends all neighbours what the node has.
func (n *Node) tell(ctx context.Context) error {
	mine := Value{n.rounds.Now, n.number, len(n.neighbours), n.value}
	for _, to := range n.neighbours {
		n.tally.Sent++
		if err := Hear.Notify(ctx, to, mine); err != nil {
			return err
		}
	}
	return nil
}

// hear takes what a neighbour has, and steps on when all have been heard.
func (n *Node) hear(ctx context.Context, v Value) error {
	n.tally.Received++
	n.rounds.Put(v.Round, v.From, v)
	if err := n.start(ctx); err != nil { // a neighbour was told to start before us
		return err
	}
	for n.rounds.Now < n.last {
		values, complete := n.rounds.Next(len(n.neighbours))
		if !complete {
			return nil
		}
		n.step(values)
		if n.rounds.Now == n.last {
			n.done.Set(nil)
			return nil
		}
		if err := n.tell(ctx); err != nil {
			return err
		}
	}
	return nil
}

// step moves the value towards those of the neighbours. Two neighbours give each
// other the same weight, so what one gains the other loses and the mean stays.
func (n *Node) step(values []Value) {
	change := 0.0
	for _, v := range values {
		weight := 1 / float64(1+max(v.Degree, len(n.neighbours)))
		change += weight * (v.Value - n.value)
	}
	n.value += change
	n.history = append(n.history, n.value)
}

func (n *Node) past(ctx context.Context) ([]float64, error) {
	err := n.done.Wait(ctx, nil, "the last round")
	return n.history, err
}
