// Package cohda has the units of a virtual power plant choose schedules whose
// sum meets a target: COHDA, the combinatorial optimisation heuristic for
// distributed agents.
package cohda

import (
	"context"
	"errors"
	"slices"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/examples/systems/stage"
	"github.com/gomas/gomas/rpc"
)

// What units are told, by whoever sets them up and by their neighbours.
const (
	Meet   rpc.Proc1[[]rpc.Remote] = "meet(neighbours)"
	Start  rpc.Proc1[Schedule]     = "start(target): begin, and have all others begin"
	Hear   rpc.Proc1[Memory]       = "hear(memory): what a neighbour knows"
	Result rpc.Func0[Candidate]    = "result(): the best candidate so far"
)

// Unit is a plant with schedules to choose from. It knows its neighbours, and of
// the others what comes by.
type Unit struct {
	*gomas.Agent
	number     int
	schedules  []Schedule
	neighbours []rpc.Remote
	memory     Memory
	heard      []Memory // and not yet thought about
	failed     error
	tally      stage.Tally
}

// NewUnit makes a unit with a number, the units being numbered from 0, and
// schedules to choose from, which must be equally long.
func NewUnit(a *gomas.Agent, number int, schedules []Schedule) (*Unit, error) {
	if number < 0 || len(schedules) == 0 || !equallyLong(len(schedules[0]), schedules...) {
		return nil, errUnit
	}
	u := &Unit{Agent: a, number: number, schedules: schedules}
	Meet.Handle(a.Services(), u.meet)
	Start.Handle(a.Services(), u.start)
	Hear.Handle(a.Services(), u.hear)
	Result.Handle(a.Services(), u.result)
	u.tally.Handle(a.Services())
	return u, nil
}

var (
	errUnit     = errors.New("cohda: a unit needs a number from 0 on, and schedules that are equally long")
	errSchedule = errors.New("cohda: a schedule of another length than those of this unit")
)

// equallyLong reports whether all schedules that are known have a length.
func equallyLong(length int, schedules ...Schedule) bool {
	return !slices.ContainsFunc(schedules, func(s Schedule) bool { return s != nil && len(s) != length })
}

func (u *Unit) meet(_ context.Context, neighbours []rpc.Remote) error {
	u.neighbours = neighbours
	return nil
}

func (u *Unit) start(ctx context.Context, target Schedule) error {
	if len(target) != len(u.schedules[0]) {
		return errSchedule
	}
	u.memory.Target = target
	u.memory.choose(u.number, u.schedules)
	return u.tell(ctx)
}

// hear takes what a neighbour knows. The unit thinks about it after all that is
// waiting for its turn already, so it thinks once about what comes at once.
func (u *Unit) hear(_ context.Context, memory Memory) error {
	if !memory.fits(len(u.schedules[0])) {
		return errSchedule
	}
	u.heard = append(u.heard, memory)
	if len(u.heard) > 1 {
		return nil
	}
	return u.Go(u.think)
}

// think takes over what others know better, chooses, and tells the neighbours
// if anything has changed. If nothing has, nobody is told, and so the talking
// comes to an end.
func (u *Unit) think(ctx context.Context) {
	heard := u.heard
	u.heard = nil
	changed := false
	for i := range heard {
		changed = u.memory.merge(&heard[i], u.number) || changed
	}
	changed = u.memory.choose(u.number, u.schedules) || changed
	if changed {
		u.failed = errors.Join(u.failed, u.tell(ctx))
	}
	u.tally.Received += len(heard)
}

func (u *Unit) tell(ctx context.Context) error {
	for _, to := range u.neighbours {
		u.tally.Sent++
		if err := Hear.Notify(ctx, to, u.memory); err != nil {
			return err
		}
	}
	return nil
}

func (u *Unit) result(context.Context) (Candidate, error) { return u.memory.Best, u.failed }
