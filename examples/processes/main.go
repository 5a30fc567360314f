// Processes shows agents in other processes: the program starts itself twice
// more, has a neighbour made in each of the two, and lets one call the other.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/rpc"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "processes:", err)
		os.Exit(1)
	}
}

// A Neighbour sells what power it has left.
type Neighbour struct {
	*gomas.Agent
	name  string
	spare float64 // kW
}

// Sell returns how much of a power, in kW, a neighbour can sell; Buy is told
// from whom to buy.
const (
	Sell rpc.Func1[float64, float64]            = "sell(power)"
	Buy  rpc.Func2[rpc.Remote, float64, string] = "buy(seller, power)"
)

// NewNeighbour is the constructor: what follows the agent comes from whoever
// has the neighbour made.
func NewNeighbour(_ context.Context, a *gomas.Agent, name string, spare float64) (*Neighbour, error) {
	n := &Neighbour{a, name, spare}
	Sell.Handle(a.Services(), n.sell)
	Buy.Handle(a.Services(), n.buy)
	return n, nil
}

func (n *Neighbour) sell(_ context.Context, power float64) (float64, error) {
	sold := min(power, n.spare)
	n.spare -= sold
	return sold, nil
}

func (n *Neighbour) buy(ctx context.Context, seller rpc.Remote, power float64) (string, error) {
	got, err := Sell.Call(ctx, seller, power)
	return fmt.Sprintf("at %v, %s gets %v of %v kW", n.Clock().Now(), n.name, got, power), err
}

func run(ctx context.Context, out io.Writer) error {
	var factories gomas.Factories
	if err := factories.Register("neighbour(name, spare=0): buys and sells power", NewNeighbour); err != nil {
		return err
	}
	if served, err := gomas.ServeProcess(ctx, &factories, nil); served {
		return err // this was one of the two
	}
	return parent(ctx, out)
}

// parent is the process that the user has started.
func parent(ctx context.Context, out io.Writer) (err error) {
	midnight := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	c, err := gomas.NewContainer(ctx, "tcp://127.0.0.1:0", &gomas.Options{Clock: clock.NewExternal(midnight, 0)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Shutdown(ctx)) }()
	fleet, err := gomas.StartFleet(ctx, c, 2, &gomas.ProcessOptions{Name: "street"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, fleet.Stop(ctx)) }()

	ada, err := fleet.Spawn(ctx, "neighbour", "Ada", 5) // in the first process
	if err != nil {
		return err
	}
	bob, err := fleet.Spawn(ctx, "neighbour", rpc.Kw{"name": "Bob"}) // in the second
	if err != nil {
		return err
	}
	for hour := range 3 {
		if err := fleet.SetTime(ctx, time.Duration(hour+1)*time.Hour); err != nil {
			return err
		}
		text, err := Buy.Call(ctx, bob, ada, 2)
		if err != nil {
			return err
		}
		fmt.Fprintln(out, text)
	}
	return nil
}
