package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/gomas/gomas/rpc"
)

// A caller that gives up ends the context of the handler, and so all that the
// handler does with it; how long the caller waits is known there from the
// beginning.
func ExampleTimeout() {
	ctx := context.Background()

	const (
		Version rpc.Func0[string]       = "version()"
		Solve   rpc.Func1[int, float64] = "solve(size)"
	)
	stopped := make(chan struct{})
	solver := rpc.NewService()
	Version.Handle(solver, func(context.Context) (string, error) { return "1.0", nil })
	Solve.Handle(solver, func(ctx context.Context, size int) (float64, error) {
		if end, ok := ctx.Deadline(); ok && time.Until(end) < time.Minute && size > 1000 {
			return 0, fmt.Errorf("a problem of %d takes more than a minute", size)
		}
		<-ctx.Done() // where the work would look now and then
		fmt.Println("solver: stopped")
		close(stopped)
		return 0, ctx.Err()
	})
	srv, err := rpc.Listen(ctx, "tcp://localhost:0", solver, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()

	conn, err := rpc.Dial(ctx, srv.Addr(), nil, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	// With the first reply the peers know that they understand each other.
	version, err := Version.Call(ctx, conn.Remote())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("solver: version", version)

	ctx = rpc.Timeout(ctx, time.Second) // for each call
	_, err = Solve.Call(ctx, conn.Remote(), 5000)
	var failure *rpc.RemoteError
	if errors.As(err, &failure) {
		fmt.Println("caller:", failure.Message)
	}
	_, err = Solve.Call(ctx, conn.Remote(), 500)
	<-stopped
	fmt.Println("caller: late is", errors.Is(err, context.DeadlineExceeded))
	// Output:
	// solver: version 1.0
	// caller: a problem of 5000 takes more than a minute
	// solver: stopped
	// caller: late is true
}
