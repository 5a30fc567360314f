// Package stage is where the example systems run: what they are told and what
// they tell, and the containers and processes over which their agents are
// spread.
//
// A system is a function that gets a [Plan] and returns an [Outcome]. It makes
// its agents by name with [Stage.Spawn], introduces them to each other, and asks
// them for their results; it touches none of them but through its [rpc.Remote].
// So nothing in it knows whether all agents are in one container or each in
// another process, and nothing in it waits but through gomas.
package stage

import (
	"context"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/rpc"
)

// Plan is where and how a system runs.
type Plan struct {
	// Addrs are the addresses of the containers, at least one. The agents are
	// spread over all of them.
	Addrs []string

	// Seed is what all random choices of the system come from.
	Seed uint64

	// Options are those of the containers, nil for the defaults. The clock must
	// go on by itself, as the default does.
	Options *gomas.Options

	// Progress, if it is set, is told now and then how far the system is: that
	// done of total steps are over, and what is being done.
	Progress func(done, total int, note string)

	// Spawn, if it is set, makes the agents in place of containers at Addrs, of
	// which only the first is used then: [gomas.Fleet.Spawn], of processes that
	// know the system's factories.
	Spawn func(ctx context.Context, name string, args ...any) (rpc.Remote, error)
}

// Tell calls Progress, if it is set.
func (p *Plan) Tell(done, total int, note string) {
	if p.Progress != nil {
		p.Progress(done, total, note)
	}
}
