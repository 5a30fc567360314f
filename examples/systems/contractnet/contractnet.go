package contractnet

import (
	"context"
	"errors"
	"fmt"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/examples/systems/stage"
	"github.com/gomas/gomas/rpc"
)

const (
	able    = 8 // contractors with the skill that is needed
	unable  = 4 // contractors with another one
	welding = "welding"
)

// Register makes the agents of this system known by name.
func Register(f *gomas.Factories) error {
	return errors.Join(
		f.Register("contractnet.manager(): gives tasks away", NewManager),
		f.Register("contractnet.contractor(skill): bids for tasks", NewContractor),
	)
}

// Tasks returns those with which giving the longest away first does worst, if n
// can do them: two each of 2n-1 to n+1 hours, and three of n.
func Tasks(n int) []Task {
	var tasks []Task
	add := func(hours int) {
		tasks = append(tasks, Task{Number: len(tasks), Skill: welding, Hours: hours})
	}
	for hours := 2*n - 1; hours > n; hours-- {
		add(hours)
		add(hours)
	}
	for range 3 {
		add(n)
	}
	return tasks
}

// Run has a manager give away tasks for which eight of twelve contractors bid.
func Run(ctx context.Context, p stage.Plan) (_ *stage.Outcome, err error) {
	s, err := stage.Open(ctx, p, Register)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close(ctx)) }()

	tasks := Tasks(able)
	p.Tell(0, 2, fmt.Sprintf("%d contractors", able+unable))
	manager, err := s.Spawn(ctx, "contractnet.manager")
	if err != nil {
		return nil, err
	}
	contractors := make([]rpc.Remote, able+unable)
	for i := range contractors {
		skill := welding
		if i%3 == 2 {
			skill = "painting"
		}
		if contractors[i], err = s.Spawn(ctx, "contractnet.contractor", skill); err != nil {
			return nil, err
		}
	}
	if err := Meet.Call(ctx, manager, contractors); err != nil {
		return nil, err
	}

	p.Tell(1, 2, fmt.Sprintf("%d tasks", len(tasks)))
	reports, err := Assign.Call(ctx, manager, tasks)
	if err != nil {
		return nil, err
	}
	total, err := s.Settled(ctx, append(contractors, manager))
	if err != nil {
		return nil, err
	}
	p.Tell(2, 2, "done")

	last := 0
	for _, r := range reports {
		last = max(last, r.Done)
	}
	return &stage.Outcome{
		Summary:  fmt.Sprintf("%d tasks are given to %d of %d contractors, and done after %d hours; the best plan would take %d.", len(tasks), able, able+unable, last, 3*able),
		Messages: total.Sent,
		Figures: []stage.Figure{
			stage.Exactly("hours until all is done", last, 4*able-1),
			stage.Exactly("messages", total.Sent, len(tasks)*Messages(able+unable, able)),
		},
	}, nil
}

// Messages returns how many messages a contract takes: as many announcements as
// there are contractors and as many answers, of which some are bids, a word to
// each bidder, and a report.
func Messages(contractors, bidders int) int { return 2*contractors + bidders + 1 }
