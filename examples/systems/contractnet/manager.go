package contractnet

import (
	"context"
	"errors"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/examples/systems/stage"
	"github.com/gomas/gomas/rpc"
)

// What the manager is told by whoever sets it up.
const (
	Meet   rpc.Proc1[[]rpc.Remote]     = "meet(contractors)"
	Assign rpc.Func1[[]Task, []Report] = "assign(tasks): have them done, and say when each will be"
)

// Manager has tasks done by contractors.
type Manager struct {
	*gomas.Agent
	contractors []rpc.Remote
	tally       stage.Tally
}

// NewManager makes a manager who knows no contractors yet.
func NewManager(a *gomas.Agent) (*Manager, error) {
	m := &Manager{Agent: a}
	Meet.Handle(a.Services(), m.meet)
	Assign.Handle(a.Services(), m.assign)
	m.tally.Handle(a.Services())
	return m, nil
}

func (m *Manager) meet(_ context.Context, contractors []rpc.Remote) error {
	m.contractors = contractors
	return nil
}

// assign gives the tasks away one after the other.
func (m *Manager) assign(ctx context.Context, tasks []Task) ([]Report, error) {
	reports := make([]Report, len(tasks))
	for i, task := range tasks {
		var err error
		if reports[i], err = m.contract(ctx, task); err != nil {
			return nil, err
		}
	}
	return reports, nil
}

var errNoBid = errors.New("contractnet: nobody can do the task")

// contract announces a task to all, gives it to the best bidder, the first of
// them if there are several, and tells the others.
func (m *Manager) contract(ctx context.Context, task Task) (Report, error) {
	bids, err := rpc.Gather(ctx, m.contractors, func(ctx context.Context, to rpc.Remote) (Bid, error) {
		m.tally.Sent++
		defer func() { m.tally.Received++ }()
		return Announce.Call(ctx, to, task)
	})
	if err != nil {
		return Report{}, err
	}
	best := -1
	for i, bid := range bids {
		if !bid.Refused && (best < 0 || bid.Done < bids[best].Done) {
			best = i
		}
	}
	if best < 0 {
		return Report{}, errNoBid
	}
	for i, bid := range bids {
		if i == best || bid.Refused {
			continue
		}
		m.tally.Sent++
		if err := Reject.Notify(ctx, m.contractors[i], task.Number); err != nil {
			return Report{}, err
		}
	}
	m.tally.Sent++
	report, err := Award.Call(ctx, m.contractors[best], task)
	m.tally.Received++
	return report, err
}
