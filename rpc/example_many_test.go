package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/gomas/gomas/rpc"
)

// greeters listens with services that greet, each in its own way, and returns
// a client for each. An empty greeting is one that fails.
func greeters(ctx context.Context, greetings ...string) (remotes []rpc.Remote, stop func()) {
	var closers []func() error
	for _, greeting := range greetings {
		svc := rpc.NewService()
		Greet.Handle(svc, func(_ context.Context, name string) (string, error) {
			if greeting == "" {
				return "", errors.New("not today")
			}
			return greeting + ", " + name, nil
		})
		srv, err := rpc.Listen(ctx, "tcp://localhost:0", svc, nil)
		if err != nil {
			log.Fatal(err)
		}
		client, err := rpc.NewClient(srv.Addr(), nil, nil)
		if err != nil {
			log.Fatal(err)
		}
		closers = append(closers, client.Close, srv.Close)
		remotes = append(remotes, client.Remote())
	}
	return remotes, func() {
		for _, stop := range closers {
			_ = stop()
		}
	}
}

// The results come in the order in which the peers answer.
func ExampleEach() {
	ctx := context.Background()
	remotes, stop := greeters(ctx, "Hello", "Moin", "")
	defer stop()

	for _, r := range rpc.Each(ctx, remotes, func(ctx context.Context, to rpc.Remote) (string, error) {
		return Greet.Call(ctx, to, "Monty")
	}) {
		var failure *rpc.RemoteError
		if errors.As(r.Err, &failure) {
			fmt.Println("failed:", failure.Message)
			continue
		}
		fmt.Println(r.Value)
	}
	// Unordered output:
	// Hello, Monty
	// Moin, Monty
	// failed: not today
}

// All results together have the order of the items.
func ExampleGather() {
	ctx := context.Background()
	remotes, stop := greeters(ctx, "Hello", "", "Moin")
	defer stop()

	texts, err := rpc.Gather(ctx, remotes, func(ctx context.Context, to rpc.Remote) (string, error) {
		return Greet.Call(ctx, to, "Monty")
	})
	fmt.Printf("%q\n", texts)
	var failed *rpc.ItemError
	if errors.As(err, &failed) {
		fmt.Println("no greeting from number", failed.Index)
	}
	// Output:
	// ["Hello, Monty" "" "Moin, Monty"]
	// no greeting from number 1
}

// One answer is enough, whoever gives it.
func ExampleFirst() {
	ctx := context.Background()
	remotes, stop := greeters(ctx, "", "Moin", "")
	defer stop()

	from, text, err := rpc.First(ctx, remotes, func(ctx context.Context, to rpc.Remote) (string, error) {
		return Greet.Call(ctx, to, "Monty")
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(text, from == remotes[1])
	// Output: Moin, Monty true
}
