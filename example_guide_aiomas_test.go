package gomas_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/rpc"
)

// The code of docs/from-aiomas.md. The Python program that it is a port of needs
// aiomas, which is no part of what tests need, and so is not run.

// The contracts that Python has in the names of its methods.
const (
	Reduce  rpc.Func1[float64, float64] = "reduce(kW)"
	Join    rpc.Proc1[rpc.Remote]       = "join(house)"
	Relieve rpc.Func1[float64, int]     = "relieve(kW)"
)

// House is an agent.
type House struct {
	*gomas.Agent
	load float64
}

// NewHouse is the constructor of a house in a grid.
func NewHouse(grid string, load float64) func(context.Context, *gomas.Agent) (*House, error) {
	return func(ctx context.Context, a *gomas.Agent) (*House, error) {
		h := &House{a, load}
		Reduce.Handle(a.Services(), h.reduce)
		a.OnStart(func(ctx context.Context) error { return h.join(ctx, grid) })
		return h, nil
	}
}

func (h *House) join(ctx context.Context, url string) error {
	grid, err := h.Connect(ctx, url)
	if err != nil {
		return err
	}
	return Join.Call(ctx, grid, h.Remote())
}

func (h *House) reduce(ctx context.Context, kW float64) (float64, error) {
	if kW > h.load {
		return 0, &rpc.Error{Type: "ValueError", Message: fmt.Sprintf("only %v kW", h.load)}
	}
	h.load -= kW
	return h.load, nil
}

// Grid is an agent that knows houses.
type Grid struct {
	*gomas.Agent
	houses []rpc.Remote
}

// NewGrid is the constructor of a grid.
func NewGrid(ctx context.Context, a *gomas.Agent) (*Grid, error) {
	g := &Grid{Agent: a}
	Join.Handle(a.Services(), g.join)
	Relieve.Handle(a.Services(), g.relieve)
	return g, nil
}

func (g *Grid) join(ctx context.Context, house rpc.Remote) error {
	g.houses = append(g.houses, house)
	return nil
}

func (g *Grid) relieve(ctx context.Context, kW float64) (int, error) {
	n := 0
	reduce := func(ctx context.Context, house rpc.Remote) (float64, error) {
		return Reduce.Call(rpc.Timeout(ctx, 5*time.Second), house, kW)
	}
	for _, r := range rpc.Each(ctx, g.houses, reduce) {
		if r.Err == nil {
			n++
		}
	}
	return n, nil
}

func Example_fromAiomas() {
	ctx := context.Background()
	c, err := gomas.NewContainer(ctx, "tcp://localhost:0", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Shutdown(ctx)

	grid, err := gomas.Spawn(ctx, c, NewGrid)
	if err != nil {
		log.Fatal(err)
	}
	for _, load := range []float64{5, 1, 3} {
		if _, err := gomas.Spawn(ctx, c, NewHouse(grid.URL(), load)); err != nil {
			log.Fatal(err)
		}
	}
	n, err := Relieve.Call(ctx, grid.Remote(), 2)
	fmt.Println(n, "houses", err)
	// Output: 2 houses <nil>
}
