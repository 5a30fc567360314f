// Package dispatch shares a demand between power plants at the least cost,
// without anybody who knows all of them: a consensus on the incremental cost.
package dispatch

import (
	"context"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/examples/systems/stage"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/turn"
)

// What generators are told, by whoever sets them up and by their neighbours.
const (
	Meet   rpc.Proc1[[]rpc.Remote] = "meet(neighbours)"
	Start  rpc.Proc0               = "start()"
	Hear   rpc.Proc1[Estimate]     = "hear(estimate): what a neighbour makes of it now"
	Result rpc.Func0[Share]        = "result(): what there is after the last round"
)

// Estimate is what a generator makes of the whole at the beginning of a round.
type Estimate struct {
	Round   int     `json:"round"`
	From    int     `json:"from"`
	Degree  int     `json:"degree"`  // the number of its neighbours
	Lambda  float64 `json:"lambda"`  // the incremental cost, in $/MWh
	Missing float64 `json:"missing"` // its part of the demand that nobody serves, in MW
}

// Share is what a generator has agreed to.
type Share struct {
	Lambda float64 `json:"lambda"` // $/MWh
	Power  float64 `json:"power"`  // MW
	Cost   float64 `json:"cost"`   // $/h
}

// Cost is that of producing P MW, A + B·P + C·P² $/h, between two limits.
type Cost struct {
	A, B, C  float64
	Min, Max float64 // MW
}

// Of returns the cost of a power.
func (c Cost) Of(power float64) float64 { return c.A + c.B*power + c.C*power*power }

// Best returns the power at which one MW more would cost lambda, or the limit
// that is closest to it.
func (c Cost) Best(lambda float64) float64 {
	return min(max((lambda-c.B)/(2*c.C), c.Min), c.Max)
}

// Generator is a power plant. It knows its own costs and the demand at its own
// place, and speaks to its neighbours.
type Generator struct {
	*gomas.Agent
	number     int
	cost       Cost
	lambda     float64
	power      float64
	missing    float64
	last       int
	neighbours []rpc.Remote
	rounds     stage.Rounds[Estimate]
	started    bool
	done       turn.Event
	tally      stage.Tally
}

// NewGenerator makes a generator with a number, which no other has, its costs,
// and the demand at its place, in MW, that stops after so many rounds.
func NewGenerator(a *gomas.Agent, number int, cost Cost, demand float64, rounds int) (*Generator, error) {
	g := &Generator{Agent: a, number: number, cost: cost, last: rounds}
	g.power = cost.Min
	g.lambda = cost.B + 2*cost.C*g.power
	g.missing = demand - g.power
	Meet.Handle(a.Services(), g.meet)
	Start.Handle(a.Services(), g.start)
	Hear.Handle(a.Services(), g.hear)
	Result.Handle(a.Services(), g.result)
	g.tally.Handle(a.Services())
	return g, nil
}

func (g *Generator) meet(_ context.Context, neighbours []rpc.Remote) error {
	g.neighbours = neighbours
	return nil
}

// start tells the neighbours the first estimate, once.
func (g *Generator) start(ctx context.Context) error {
	if g.started {
		return nil
	}
	g.started = true
	return g.tell(ctx)
}

func (g *Generator) tell(ctx context.Context) error {
	mine := Estimate{g.rounds.Now, g.number, len(g.neighbours), g.lambda, g.missing}
	for _, to := range g.neighbours {
		g.tally.Sent++
		if err := Hear.Notify(ctx, to, mine); err != nil {
			return err
		}
	}
	return nil
}

// hear takes the estimate of a neighbour, and steps on when all have been heard.
func (g *Generator) hear(ctx context.Context, e Estimate) error {
	g.tally.Received++
	g.rounds.Put(e.Round, e.From, e)
	if err := g.start(ctx); err != nil { // a neighbour was told to start before us
		return err
	}
	for g.rounds.Now < g.last {
		estimates, complete := g.rounds.Next(len(g.neighbours))
		if !complete {
			return nil
		}
		g.step(estimates)
		if g.rounds.Now == g.last {
			g.done.Set(nil)
			return nil
		}
		if err := g.tell(ctx); err != nil {
			return err
		}
	}
	return nil
}

// gain is by how much the incremental cost rises for each MW that is missing.
// With too great a gain the costs would swing; with a smaller one it takes
// longer.
const gain = 0.0006

// step moves both estimates towards those of the neighbours, with weights that
// sum up to one in both directions, so that what is missing is only moved
// about; and then follows the price: it rises where power is missing, and what
// more is produced is no longer missing.
func (g *Generator) step(estimates []Estimate) {
	lambda, missing := g.lambda, g.missing
	for _, e := range estimates {
		weight := 1 / float64(1+max(e.Degree, len(g.neighbours)))
		lambda += weight * (e.Lambda - g.lambda)
		missing += weight * (e.Missing - g.missing)
	}
	g.lambda = lambda + gain*g.missing
	power := g.cost.Best(g.lambda)
	g.missing = missing - (power - g.power)
	g.power = power
}

func (g *Generator) result(ctx context.Context) (Share, error) {
	err := g.done.Wait(ctx, nil, "the last round")
	return Share{g.lambda, g.power, g.cost.Of(g.power)}, err
}
