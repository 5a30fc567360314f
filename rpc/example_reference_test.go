package rpc_test

import (
	"context"
	"fmt"
	"log"

	"github.com/gomas/gomas/rpc"
)

// A service is handed to a peer, who calls it whenever there is something to
// tell: here each price that changes.
func ExampleService_Remote() {
	ctx := context.Background()

	const (
		Subscribe rpc.Proc2[string, rpc.Remote] = "subscribe(product, watcher)"
		SetPrice  rpc.Proc2[string, float64]    = "set_price(product, price)"
		Changed   rpc.Proc2[string, float64]    = "changed(product, price)"
	)

	// The market, which knows its watchers as Remotes.
	market := rpc.NewService()
	watchers := make(map[string][]rpc.Remote)
	Subscribe.Handle(market, func(_ context.Context, product string, watcher rpc.Remote) error {
		watchers[product] = append(watchers[product], watcher)
		return nil
	})
	SetPrice.Handle(market, func(ctx context.Context, product string, price float64) error {
		for _, w := range watchers[product] {
			if err := Changed.Call(ctx, w, product, price); err != nil {
				return err
			}
		}
		return nil
	})
	srv, err := rpc.Listen(ctx, "tcp://localhost:0", market, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()

	// A customer, who offers its services when it dials.
	root, eggs := rpc.NewService(), rpc.NewService()
	root.Mount("eggs", eggs)
	Changed.Handle(eggs, func(_ context.Context, product string, price float64) error {
		fmt.Printf("%s now cost %.2f\n", product, price)
		return nil
	})
	conn, err := rpc.Dial(ctx, srv.Addr(), root, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	if err := Subscribe.Call(ctx, conn.Remote(), "eggs", eggs.Remote()); err != nil {
		log.Fatal(err)
	}
	for _, price := range []float64{0.4, 0.5} {
		if err := SetPrice.Call(ctx, conn.Remote(), "eggs", price); err != nil {
			log.Fatal(err)
		}
	}

	// Within the program, it is called without a connection.
	if err := Changed.Call(ctx, eggs.Remote(), "duck eggs", 0.9); err != nil {
		log.Fatal(err)
	}
	// Output:
	// eggs now cost 0.40
	// eggs now cost 0.50
	// duck eggs now cost 0.90
}
