package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/rpc"
)

// Errors that both ends register under the same name are found by errors.Is at
// the caller, however they were wrapped.
func ExampleOptions_errors() {
	ctx := context.Background()

	errSoldOut := errors.New("sold out")
	errs := new(channel.Errors)
	if err := errs.Register("market.SoldOut", errSoldOut); err != nil {
		log.Fatal(err)
	}
	opts := &rpc.Options{Errors: errs}

	const Buy rpc.Func2[string, int, float64] = "buy(product, n)"
	market := rpc.NewService()
	Buy.Handle(market, func(_ context.Context, product string, n int) (float64, error) {
		if product == "eggs" {
			return 0, fmt.Errorf("%d %s: %w", n, product, errSoldOut)
		}
		return 0, fmt.Errorf("what are %s?", product)
	})
	srv, err := rpc.Listen(ctx, "tcp://localhost:0", market, opts)
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()

	conn, err := rpc.Dial(ctx, srv.Addr(), nil, opts)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	for _, product := range []string{"eggs", "snarks"} {
		_, err := Buy.Call(ctx, conn.Remote(), product, 6)
		var failure *rpc.RemoteError
		if errors.As(err, &failure) {
			fmt.Printf("%s: %s (sold out: %v)\n", failure.Type, failure.Message, errors.Is(err, errSoldOut))
		}
	}
	// Output:
	// market.SoldOut: 6 eggs: sold out (sold out: true)
	// Error: what are snarks? (sold out: false)
}
