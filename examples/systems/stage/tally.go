package stage

import (
	"context"
	"time"

	"github.com/gomas/gomas/rpc"
)

// Tally is what an agent counts: the messages of its algorithm, not those that
// set it up and ask for its result.
type Tally struct {
	Sent     int `json:"sent"`
	Received int `json:"received"` // and dealt with
}

// Count returns the tally of an agent.
const Count rpc.Func0[Tally] = "count(): messages sent, and received and dealt with"

// Handle has Count answered with the tally, which belongs to the agent.
func (t *Tally) Handle(services *rpc.Service) {
	Count.Handle(services, func(context.Context) (Tally, error) { return *t, nil })
}

// Total returns the sum of the agents' tallies.
func Total(ctx context.Context, agents []rpc.Remote) (sum Tally, err error) {
	tallies, err := Ask(ctx, agents, Count)
	for _, t := range tallies {
		sum.Sent += t.Sent
		sum.Received += t.Received
	}
	return sum, err
}

// Settled waits until the agents have come to rest: none does anything and no
// message is under way. It returns their tallies together.
//
// Agents are asked one after another while messages go on, so one look may miss
// a message that was sent after its sender, and dealt with before its receiver,
// was asked. But if as many were sent as dealt with, and a second look finds
// the same numbers as the first, nothing can have been under way between the two:
// F. Mattern, "Algorithms for distributed termination detection", Distributed
// Computing 2, 1987.
func (s *Stage) Settled(ctx context.Context, agents []rpc.Remote) (Tally, error) {
	const pause = time.Millisecond
	before := Tally{Sent: -1}
	for {
		now, err := Total(ctx, agents)
		if err != nil || now == before && now.Sent == now.Received {
			return now, err
		}
		before = now
		if err := s.Sleep(ctx, pause); err != nil {
			return now, err
		}
	}
}
