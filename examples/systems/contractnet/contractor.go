// Package contractnet has a manager give tasks to those who do them best: the
// contract net protocol.
package contractnet

import (
	"context"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/examples/systems/stage"
	"github.com/gomas/gomas/rpc"
)

// What contractors are told by the manager.
const (
	Announce rpc.Func1[Task, Bid]    = "announce(task): a bid, or a refusal"
	Award    rpc.Func1[Task, Report] = "award(task): take the task, and say when it will be done"
	Reject   rpc.Proc1[int]          = "reject(number): another one got the task"
)

// Task is a piece of work.
type Task struct {
	Number int    `json:"number"`
	Skill  string `json:"skill"` // that it needs
	Hours  int    `json:"hours"` // that it takes
}

// Bid is the answer to an announcement.
type Bid struct {
	Refused bool `json:"refused,omitempty"`
	Done    int  `json:"done,omitempty"` // when the task would be done, in hours
}

// Report is the answer to an award.
type Report struct {
	Number int `json:"number"`
	Done   int `json:"done"` // in hours
}

// Contractor does tasks, one after the other, if it has the skill.
type Contractor struct {
	*gomas.Agent
	skill string
	busy  int // until when, in hours
	tally stage.Tally
}

// NewContractor makes a contractor that has a skill.
func NewContractor(a *gomas.Agent, skill string) (*Contractor, error) {
	c := &Contractor{Agent: a, skill: skill}
	Announce.Handle(a.Services(), c.bid)
	Award.Handle(a.Services(), c.take)
	Reject.Handle(a.Services(), c.rejected)
	c.tally.Handle(a.Services())
	return c, nil
}

// bid offers to have the task done after all that the contractor has taken on.
func (c *Contractor) bid(_ context.Context, task Task) (Bid, error) {
	c.tally.Received++
	c.tally.Sent++ // the answer
	if task.Skill != c.skill {
		return Bid{Refused: true}, nil
	}
	return Bid{Done: c.busy + task.Hours}, nil
}

func (c *Contractor) take(_ context.Context, task Task) (Report, error) {
	c.tally.Received++
	c.tally.Sent++
	c.busy += task.Hours
	return Report{task.Number, c.busy}, nil
}

func (c *Contractor) rejected(context.Context, int) error {
	c.tally.Received++
	return nil
}
