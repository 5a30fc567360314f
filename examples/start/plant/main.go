// Plant is a program with a power plant, which others call.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/rpc"
)

// The contracts of a plant.
const (
	Power rpc.Func0[float64] = "power(): what the plant produces, in kW"
	Set   rpc.Proc1[float64] = "set(kW): what it is to produce"
)

// Plant is an agent.
type Plant struct {
	*gomas.Agent
	kW float64
}

// NewPlant is the constructor of a plant.
func NewPlant(ctx context.Context, a *gomas.Agent) (*Plant, error) {
	p := &Plant{Agent: a, kW: 100}
	Power.Handle(a.Services(), func(ctx context.Context) (float64, error) { return p.kW, nil })
	Set.Handle(a.Services(), p.set)
	return p, nil
}

func (p *Plant) set(ctx context.Context, kW float64) error {
	if kW < 0 {
		return &rpc.Error{Type: "ValueError", Message: "less than nothing"}
	}
	p.kW = kW
	return nil
}

func main() {
	addr := flag.String("addr", "tcp://localhost:5555", "where to listen")
	flag.Parse()
	if err := run(context.Background(), *addr); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, addr string) error {
	c, err := gomas.NewContainer(ctx, addr, nil)
	if err != nil {
		return err
	}
	plant, err := gomas.Spawn(ctx, c, NewPlant)
	if err != nil {
		return err
	}
	fmt.Println(plant) // Plant('tcp://localhost:5555/0')
	return gomas.Serve(ctx, 10*time.Second, c)
}
