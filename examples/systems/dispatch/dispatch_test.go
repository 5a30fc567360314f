package dispatch

import (
	"math"
	"testing"

	"github.com/gomas/gomas/rpc"
)

// optimum returns the incremental cost at which plants produce a demand
// together, by halving.
func optimum(demand float64) (lambda float64) {
	low, high := 0.0, 100.0
	for range 200 {
		lambda = (low + high) / 2
		power := 0.0
		for _, p := range plants {
			power += p.cost.Best(lambda)
		}
		if power < demand {
			low = lambda
		} else {
			high = lambda
		}
	}
	return lambda
}

func TestTheKnownAnswerIsTheOptimum(t *testing.T) {
	demand, cost := 0.0, 0.0
	for _, p := range plants {
		demand += p.demand
	}
	lambda := optimum(demand)
	if demand != 850 || math.Abs(lambda-bestLambda) > 5e-6 {
		t.Errorf("%v MW at %v", demand, lambda)
	}
	for _, p := range plants {
		power := p.cost.Best(lambda)
		if math.Abs(power-p.power) > 1e-3 {
			t.Errorf("%v produces %v MW", p.cost, power)
		}
		cost += p.cost.Of(power)
	}
	if math.Abs(cost-bestCost) > 1e-3 {
		t.Errorf("it costs %v", cost)
	}
}

// TestLimitsAreKept steps three generators by hand, one of which is at its limit
// in the best case.
func TestLimitsAreKept(t *testing.T) {
	const demand = 1150.0 // MW, of which the second one produces all it can
	row := make([]Generator, len(plants))
	for i, p := range plants {
		g := &row[i]
		g.cost, g.power, g.lambda = p.cost, p.cost.Min, p.cost.B
		g.missing = demand/3 - g.power
		g.neighbours = make([]rpc.Remote, 1+i%2)
	}
	for range 2000 {
		before := make([]Estimate, len(row))
		for i := range row {
			g := &row[i]
			before[i] = Estimate{Degree: len(g.neighbours), Lambda: g.lambda, Missing: g.missing}
		}
		row[0].step(before[1:2])
		row[1].step([]Estimate{before[0], before[2]})
		row[2].step(before[1:2])
	}
	lambda := optimum(demand)
	for i := range row {
		g := &row[i]
		if math.Abs(g.lambda-lambda) > 1e-9 || math.Abs(g.power-g.cost.Best(lambda)) > 1e-6 {
			t.Errorf("generator %d: %v MW at %v, not %v", i, g.power, g.lambda, lambda)
		}
	}
	if row[1].power != 400 {
		t.Errorf("the second generator produces %v MW", row[1].power)
	}
}
