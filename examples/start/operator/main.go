// Operator is a program that tells a plant what to produce.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/rpc"
)

// The contracts of a plant.
const (
	Power rpc.Func0[float64] = "power()"
	Set   rpc.Proc1[float64] = "set(kW)"
)

func main() {
	url := flag.String("plant", "tcp://localhost:5555/0", "the URL of the plant")
	flag.Parse()
	if err := run(context.Background(), *url); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, url string) error {
	c, err := gomas.NewContainer(ctx, "tcp://localhost:0", nil)
	if err != nil {
		return err
	}
	defer c.Shutdown(ctx)
	plant, err := c.WaitFor(ctx, url) // Connect would want it to be there already
	if err != nil {
		return err
	}
	if err := Set.Call(ctx, plant, 120); err != nil {
		return err
	}
	kW, err := Power.Call(ctx, plant)
	if err != nil {
		return err
	}
	fmt.Println(plant, "produces", kW, "kW")
	return nil
}
