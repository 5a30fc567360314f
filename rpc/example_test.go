package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/gomas/gomas/rpc"
)

// The contracts that the examples share with their peers.
const (
	Add   rpc.Func2[int, int, int]  = "add(a, b)"
	Greet rpc.Func1[string, string] = "greet(name)"
	Log   rpc.Proc1[string]         = "log(text)"
)

// A contract is a constant that both sides know. The compiler checks what is
// registered and what is called.
func Example() {
	ctx := context.Background()

	svc := rpc.NewService()
	Add.Handle(svc, func(_ context.Context, a, b int) (int, error) { return a + b, nil })
	srv, err := rpc.Listen(ctx, "tcp://localhost:0", svc, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()

	conn, err := rpc.Dial(ctx, srv.Addr(), nil, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	sum, err := Add.Call(ctx, conn.Remote(), 3, 4)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("What's 3 + 4?", sum)
	// Output: What's 3 + 4? 7
}

// Services form a tree, and callers name a function by its path.
func ExampleService_Mount() {
	ctx := context.Background()

	german := rpc.NewService()
	Greet.Handle(german, func(_ context.Context, name string) (string, error) { return "Moin, " + name, nil })
	root := rpc.NewService()
	root.Mount("german", german)
	srv, err := rpc.Listen(ctx, "tcp://localhost:0", root, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()

	conn, err := rpc.Dial(ctx, srv.Addr(), nil, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	text, err := Greet.Call(ctx, conn.Remote().Sub("german"), "Monty")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(text)
	text, err = rpc.Call[string](ctx, conn.Remote(), "german/greet", "Brian")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(text)
	// Output:
	// Moin, Monty
	// Moin, Brian
}

// Without a contract, arguments are given by position or, in Kw, by name.
func ExampleCall() {
	ctx := context.Background()

	svc := rpc.NewService()
	Add.Handle(svc, func(_ context.Context, a, b int) (int, error) { return a + b, nil })
	srv, err := rpc.Listen(ctx, "tcp://localhost:0", svc, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()

	conn, err := rpc.Dial(ctx, srv.Addr(), nil, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	sum, err := rpc.Call[int](ctx, conn.Remote(), "add", 3, rpc.Kw{"b": 4})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(sum)
	whatever, err := rpc.Call[any](ctx, conn.Remote(), "add", 3, 4)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%v is an %T\n", whatever, whatever)
	// Output:
	// 7
	// 7 is an int64
}

// Both ends of a connection may offer a service. A handler calls the one at
// the other end, while that waits for the handler's result.
func ExampleCaller() {
	ctx := context.Background()

	svc := rpc.NewService()
	Add.Handle(svc, func(ctx context.Context, a, b int) (int, error) {
		caller := rpc.Caller(ctx).Remote()
		if err := Log.Call(ctx, caller, fmt.Sprintf("adding %d and %d", a, b)); err != nil {
			return 0, err
		}
		return a + b, nil
	})
	srv, err := rpc.Listen(ctx, "tcp://localhost:0", svc, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()

	mine := rpc.NewService()
	Log.Handle(mine, func(_ context.Context, text string) error {
		fmt.Println("the server says:", text)
		return nil
	})
	conn, err := rpc.Dial(ctx, srv.Addr(), mine, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	sum, err := Add.Call(ctx, conn.Remote(), 3, 4)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(sum)
	// Output:
	// the server says: adding 3 and 4
	// 7
}

// A handler chooses with an Error what callers in Go and in Python can tell
// its failure by.
func ExampleError() {
	ctx := context.Background()

	svc := rpc.NewService()
	Greet.Handle(svc, func(_ context.Context, name string) (string, error) {
		if name == "" {
			return "", &rpc.Error{Type: "ValueError", Message: "nobody to greet"}
		}
		return "Hello, " + name, nil
	})
	srv, err := rpc.Listen(ctx, "tcp://localhost:0", svc, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()

	conn, err := rpc.Dial(ctx, srv.Addr(), nil, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	var failure *rpc.RemoteError
	if _, err = Greet.Call(ctx, conn.Remote(), ""); errors.As(err, &failure) {
		fmt.Printf("%s, with the message %q\n", failure.Type, failure.Message)
	}
	if _, err = rpc.Call[string](ctx, conn.Remote(), "greet", 7); errors.As(err, &failure) {
		fmt.Println(failure.Type, failure.Message)
	}
	if _, err = rpc.Call[string](ctx, conn.Remote(), "insult", "Brian"); errors.As(err, &failure) {
		fmt.Println(failure.Type, failure.Message)
	}
	// Output:
	// ValueError, with the message "nobody to greet"
	// TypeError greet() argument 'name': integer 7 does not fit string
	// LookupError Name "insult" not found in ""
}
