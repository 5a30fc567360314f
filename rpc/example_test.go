package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"

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

// A default in the text of a contract is what an argument has that the caller
// leaves out, here by a contract of its own with fewer parameters.
func ExampleFunc3() {
	ctx := context.Background()

	const (
		Schedule    rpc.Func3[string, int, string, string] = `schedule(day, hours=24, unit="kW"): plans a day`
		ScheduleDay rpc.Func1[string, string]              = "schedule(day)"
	)
	svc := rpc.NewService()
	Schedule.Handle(svc, func(_ context.Context, day string, hours int, unit string) (string, error) {
		return fmt.Sprintf("%s: %d hours, in %s", day, hours, unit), nil
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
	plan, err := ScheduleDay.Call(ctx, conn.Remote(), "Monday")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(plan)
	plan, err = rpc.Call[string](ctx, conn.Remote(), "schedule", "Tuesday", rpc.Kw{"unit": "MW"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(plan)
	// Output:
	// Monday: 24 hours, in kW
	// Tuesday: 24 hours, in MW
}

// Handle takes functions as they are, such as those of other packages.
func ExampleService_Handle() {
	ctx := context.Background()

	svc := rpc.NewService()
	svc.Handle("fields(text): its words", strings.Fields)
	svc.Handle("cut(text, sep=\" \"): what is before and after a separator, and whether there is one", strings.Cut)
	svc.Handle("total(*prices)", func(prices ...float64) (sum float64) {
		for _, price := range prices {
			sum += price
		}
		return sum
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
	for _, call := range []struct {
		name string
		args []any
	}{
		{"fields", []any{"spam and eggs"}},
		{"cut", []any{"spam and eggs"}},
		{"cut", []any{"spam and eggs", rpc.Kw{"sep": " and "}}},
		{"total", []any{1.5, 2, 3}},
	} {
		result, err := rpc.Call[any](ctx, conn.Remote(), call.name, call.args...)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%v\n", result)
	}
	// Output:
	// [spam and eggs]
	// [spam and eggs true]
	// [spam eggs true]
	// 6.5
}

// A table is the quickest way to a service.
func ExampleTable() {
	ctx := context.Background()

	svc, err := rpc.Table{
		"add(a, b)": func(a, b int) int { return a + b },
		"text": rpc.Table{
			"upper(s)":                strings.ToUpper,
			"repeat(s, n=2): s again": strings.Repeat,
		},
	}.Service()
	if err != nil {
		log.Fatal(err)
	}
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
	spam, err := rpc.Call[string](ctx, conn.Remote(), "text/repeat", "spam")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(sum, spam)

	_, err = rpc.Table{
		"add(a)": func(a, b int) int { return a + b },
		"text":   rpc.Table{"watch(c)": func(chan string) {}},
	}.Service()
	fmt.Println(err)
	// Output:
	// 7 spamspam
	// add: contract "add(a)": it names 1 parameter, the function has 2
	// text/watch: contract "watch(c)": parameter 1 is of type chan string, which cannot be received; take a value
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
