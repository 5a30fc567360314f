// Mosaik shows a multi-agent system in a co-simulation: generators whose feed-in
// together must stay under a cap. Each has an agent, in one of two further
// processes, and a warden in this one shares the cap out among them.
//
//	go run ./examples/mosaik                  plays mosaik itself, for one day
//	go run ./examples/mosaik HOST:PORT        joins a simulation: "cmd" in mosaik
//	go run ./examples/mosaik -listen :5678    waits for one: "connect" in mosaik
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/mosaik"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "mosaik:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	var factories gomas.Factories
	if err := factories.Register("generator(name, peak, warden)", NewGenerator); err != nil {
		return err
	}
	if served, err := mosaik.ServeProcess(ctx, &factories, nil); served {
		return err // this was one of the two processes
	}
	if len(args) == 0 {
		return demo(ctx, os.Stdout)
	}
	return mosaik.Main(ctx, args, new(Controller), nil)
}
