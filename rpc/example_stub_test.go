package rpc_test

import (
	"context"
	"fmt"

	"github.com/gomas/gomas/rpc"
)

// A stub is a struct of functions. Its fields are checked against what the
// service says about itself.
func ExampleBind() {
	ctx := context.Background()
	svc := rpc.NewService()
	svc.Handle("divide(a, b): the quotient and the rest", func(a, b int) (int, int) { return a / b, a % b })
	srv, err := rpc.Listen(ctx, "tcp://127.0.0.1:0", svc, nil)
	if err != nil {
		panic(err)
	}
	defer srv.Close()
	conn, err := rpc.Dial(ctx, srv.Addr(), nil, nil)
	if err != nil {
		panic(err)
	}
	defer conn.Close()

	var math struct {
		Divide func(ctx context.Context, a, b int) (quotient, rest int, err error)
	}
	if err := rpc.Bind(ctx, conn.Remote(), &math); err != nil {
		panic(err)
	}
	fmt.Println(math.Divide(ctx, 17, 5))

	var wrong struct {
		Multiply func(ctx context.Context, a, b int) (int, error)
	}
	fmt.Println(rpc.Bind(ctx, svc.Remote(), &wrong))
	// Output:
	// 3 2 <nil>
	// rpc: bind Remote("this program", ""): multiply: there is no such function
}

// Services tell tools what they offer, unless they are hidden.
func ExampleDescribe() {
	svc := rpc.NewService()
	svc.Handle("plan(day, hours=24): plans a day", func(day string, hours int) []float64 { return nil })
	svc.Mount("weather", rpc.NewService())

	d, err := rpc.Describe(context.Background(), svc.Remote())
	if err != nil {
		panic(err)
	}
	for _, f := range d.Functions {
		fmt.Printf("%v // %s\n", f, f.Doc)
	}
	fmt.Println(d.Services)
	// Output:
	// plan(day string, hours int = 24) []float64 // plans a day
	// [weather]
}

// A notification is a call that nobody waits for.
func ExampleNotify() {
	ctx := context.Background()
	const Report rpc.Proc1[float64] = "report(kW)"
	done := make(chan struct{})
	svc := rpc.NewService()
	Report.Handle(svc, func(_ context.Context, kW float64) error {
		fmt.Println("reported", kW)
		close(done)
		return nil
	})

	if err := Report.Notify(ctx, svc.Remote(), 1.5); err != nil {
		panic(err)
	}
	<-done
	// Output: reported 1.5
}
