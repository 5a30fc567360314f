// Watch is an operator that goes on: it sees what the plant produces now and
// then, and what goes wrong.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/rpc"
)

// The contracts of a plant.
const (
	Power rpc.Func0[float64] = "power()"
	Set   rpc.Proc1[float64] = "set(kW)"
)

// Operator is an agent, as the plant is.
type Operator struct {
	*gomas.Agent
	plant rpc.Remote
}

// NewOperator is the constructor of an operator of the plant at a URL.
func NewOperator(url string, period time.Duration) func(context.Context, *gomas.Agent) (*Operator, error) {
	return func(ctx context.Context, a *gomas.Agent) (*Operator, error) {
		plant, err := a.WaitFor(ctx, url)
		if err != nil {
			return nil, err
		}
		o := &Operator{a, plant}
		return o, a.Every(period, o.look)
	}
}

func (o *Operator) look(ctx context.Context) error {
	kW, err := Power.Call(rpc.Timeout(ctx, time.Second), o.plant)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		fmt.Println("the plant does not answer")
	case err != nil:
		fmt.Println("the plant is away")
	default:
		fmt.Println("the plant produces", kW, "kW")
	}
	return nil // an error would be the end of the periodic task
}

func (o *Operator) set(ctx context.Context, kW float64) {
	err := Set.Call(ctx, o.plant, kW)
	if failure, ok := errors.AsType[*rpc.RemoteError](err); ok {
		fmt.Println("the plant says", failure.Type, "-", failure.Message)
	} else if err != nil {
		fmt.Println("the plant could not be told:", err)
	}
}

func main() {
	url := flag.String("plant", "tcp://localhost:5555/0", "the URL of the plant")
	period := flag.Duration("every", time.Second, "how often to look")
	flag.Parse()
	if err := run(context.Background(), *url, *period); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, url string, period time.Duration) error {
	c, err := gomas.NewContainer(ctx, "tcp://localhost:0", nil)
	if err != nil {
		return err
	}
	operator, err := gomas.Spawn(ctx, c, NewOperator(url, period))
	if err != nil {
		return err
	}
	err = operator.Go(func(ctx context.Context) { operator.set(ctx, -1) })
	if err != nil {
		return err
	}
	return gomas.Serve(ctx, 10*time.Second, c)
}
