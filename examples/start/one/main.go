// One is a container with one agent, and calls that.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/rpc"
)

// Power is a contract: the name of a function, and its Go types.
const Power rpc.Func0[float64] = "power(): what the plant produces, in kW"

// Plant is an agent.
type Plant struct {
	*gomas.Agent
	kW float64 // belongs to the agent: no lock
}

// NewPlant is the constructor of a plant.
func NewPlant(ctx context.Context, a *gomas.Agent) (*Plant, error) {
	p := &Plant{Agent: a, kW: 100}
	Power.Handle(a.Services(), func(ctx context.Context) (float64, error) { return p.kW, nil })
	return p, nil
}

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	c, err := gomas.NewContainer(ctx, "tcp://localhost:0", nil) // port 0: any free one
	if err != nil {
		return err
	}
	defer c.Shutdown(ctx)
	plant, err := gomas.Spawn(ctx, c, NewPlant)
	if err != nil {
		return err
	}
	remote, err := c.Connect(ctx, plant.URL())
	if err != nil {
		return err
	}
	kW, err := Power.Call(ctx, remote)
	if err != nil {
		return err
	}
	fmt.Println("the plant produces", kW, "kW")
	return nil
}
