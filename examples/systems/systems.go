// Package systems lists the example systems: multi-agent systems from the
// literature, whose answers are known. Each is a package of its own under this
// one, with a README that says what there is to see.
package systems

import (
	"context"
	"errors"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/examples/systems/chord"
	"github.com/gomas/gomas/examples/systems/cohda"
	"github.com/gomas/gomas/examples/systems/contractnet"
	"github.com/gomas/gomas/examples/systems/dispatch"
	"github.com/gomas/gomas/examples/systems/election"
	"github.com/gomas/gomas/examples/systems/gossip"
	"github.com/gomas/gomas/examples/systems/stage"
)

// Plan is where and how a system runs, Outcome what came out, and Figure one of
// its numbers.
type (
	Plan    = stage.Plan
	Outcome = stage.Outcome
	Figure  = stage.Figure
)

// System is one of the example systems.
type System struct {
	Name  string
	About string // in a line

	// Run runs the system and returns what came out. Its agents have ended by
	// then, but for those that [Plan].Spawn has made, which live as long as their
	// processes.
	Run func(ctx context.Context, p Plan) (*Outcome, error)

	// Register makes the system's agents known by name, for processes in which
	// [Plan].Spawn makes them.
	Register func(*gomas.Factories) error
}

// All returns the systems, in the order in which one would teach them.
func All() []System {
	return []System{
		{"election", "a ring of agents chooses a leader (LeLann, Chang, Roberts)", election.Run, election.Register},
		{"gossip", "agents find the mean of their values by talking to neighbours only (Metropolis weights)", gossip.Run, gossip.Register},
		{"contractnet", "a manager has contractors bid for tasks (Smith's contract net)", contractnet.Run, contractnet.Register},
		{"dispatch", "power plants share a demand at the least cost (consensus on incremental cost)", dispatch.Run, dispatch.Register},
		{"cohda", "agents choose schedules whose sum meets a target (COHDA, for virtual power plants)", cohda.Run, cohda.Register},
		{"chord", "a ring of nodes finds who has a key, while nodes come and go (Chord)", chord.Run, chord.Register},
	}
}

// Find returns the system of a name.
func Find(name string) (System, bool) {
	for _, s := range All() {
		if s.Name == name {
			return s, true
		}
	}
	return System{}, false
}

// Register makes the agents of all systems known by name.
func Register(f *gomas.Factories) error {
	var errs []error
	for _, s := range All() {
		errs = append(errs, s.Register(f))
	}
	return errors.Join(errs...)
}
