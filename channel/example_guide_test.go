package channel_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/msgpack"
)

// The examples of docs/channel.md.

// connected listens with serve and dials; stop ends both.
func connected(serve func(context.Context, *channel.Conn), opts *channel.Options) (conn *channel.Conn, stop func()) {
	ctx := context.Background()
	srv, err := channel.Listen(ctx, "tcp://localhost:0", serve, opts)
	if err != nil {
		log.Fatal(err)
	}
	conn, err = channel.Dial(ctx, srv.Addr(), opts)
	if err != nil {
		log.Fatal(err)
	}
	return conn, func() {
		_ = conn.Close()      // never fails
		_ = conn.Wait(ctx)    // tells that it was closed
		_ = srv.Shutdown(ctx) // nothing to be done about it
	}
}

func Example_guideFirst() {
	ctx := context.Background()

	serve := func(ctx context.Context, conn *channel.Conn) { // for each connection, in a goroutine
		for {
			req, err := conn.Receive(ctx)
			if err != nil {
				return // the connection has ended
			}
			text, err := channel.Content[string](req)
			if err != nil {
				_ = req.Fail(ctx, err)
				continue
			}
			_ = req.Reply(ctx, "you said "+text)
		}
	}
	srv, err := channel.Listen(ctx, "tcp://localhost:0", serve, nil) // port 0: any free one
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Shutdown(ctx)

	conn, err := channel.Dial(ctx, srv.Addr(), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	fmt.Println(channel.Ask[string](ctx, conn, "ohai"))
	// Output: you said ohai <nil>
}

func Example_guideOutOfOrder() {
	ctx := context.Background()

	serve := func(ctx context.Context, conn *channel.Conn) {
		first, err1 := conn.Receive(ctx)
		second, err2 := conn.Receive(ctx)
		if err1 != nil || err2 != nil {
			return
		}
		_ = second.Reply(ctx, 2)
		_ = first.Reply(ctx, 1)
		<-ctx.Done()
	}
	conn, stop := connected(serve, nil)
	defer stop()
	answers := make(chan int)
	for range 2 {
		go func() {
			n, err := channel.Ask[int](ctx, conn, "which are you?")
			if err != nil {
				log.Fatal(err)
			}
			answers <- n
		}()
	}
	fmt.Println(<-answers + <-answers)
	// Output: 3
}

func Example_guideBothWays() {
	ctx := context.Background()

	serve := func(ctx context.Context, conn *channel.Conn) {
		name, err := channel.Ask[string](ctx, conn, "who are you?") // the server asks first
		if err != nil {
			return
		}
		req, err := conn.Receive(ctx)
		if err != nil {
			return
		}
		_ = req.Reply(ctx, "hello, "+name)
		<-ctx.Done() // returning would close the connection
	}
	conn, stop := connected(serve, nil)
	defer stop()

	req, err := conn.Receive(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(req.Reply(ctx, "Ada"))
	fmt.Println(channel.Ask[string](ctx, conn, "ohai"))
	// Output:
	// <nil>
	// hello, Ada <nil>
}

func Example_guideFailures() {
	ctx := context.Background()
	serve := func(ctx context.Context, conn *channel.Conn) {
		req, err := conn.Receive(ctx)
		if err != nil {
			return
		}
		_ = req.Fail(ctx, &channel.Error{Type: "ValueError", Message: "closed today"})
		<-ctx.Done()
	}
	conn, stop := connected(serve, nil)
	defer stop()

	_, err := channel.Ask[string](ctx, conn, "open?")
	if failure, ok := errors.AsType[*channel.RemoteError](err); ok {
		fmt.Println(failure.Type, "/", failure.Message)
	}
	// Output: ValueError / closed today
}

func Example_guideTimeout() {
	ctx := context.Background()
	serve := func(ctx context.Context, conn *channel.Conn) { <-ctx.Done() } // never answers
	conn, stop := connected(serve, nil)
	defer stop()

	_, err := channel.Ask[string](channel.Timeout(ctx, 10*time.Millisecond), conn, "ohai")
	_, late := errors.AsType[*channel.TimeoutError](err)
	fmt.Println(late, errors.Is(err, context.DeadlineExceeded))
	// Output: true true
}

func Example_guideTell() {
	ctx := context.Background()
	heard := make(chan string)
	serve := func(ctx context.Context, conn *channel.Conn) {
		req, err := conn.Receive(ctx)
		if err != nil {
			return
		}
		text, _ := channel.Content[string](req)
		heard <- text
		_ = req.Reply(ctx, nil) // is dropped at the other end
		<-ctx.Done()
	}
	conn, stop := connected(serve, nil)
	defer stop()

	fmt.Println(conn.Tell(ctx, "it rains")) // does not wait
	fmt.Println(<-heard)
	// Output:
	// <nil>
	// it rains
}

func Example_guideContent() {
	ctx := context.Background()
	type Order struct {
		Kind  string    `msgpack:"kind"`
		Units codec.Raw `msgpack:"units"` // decoded later, or handed on as it is
	}
	serve := func(ctx context.Context, conn *channel.Conn) {
		req, err := conn.Receive(ctx)
		if err != nil {
			return
		}
		order, err := channel.Content[Order](req)
		if err != nil {
			_ = req.Fail(ctx, err)
			return
		}
		_ = req.Reply(ctx, []any{order.Kind, order.Units})
		<-ctx.Done()
	}
	conn, stop := connected(serve, &channel.Options{Codec: msgpack.Codec{}})
	defer stop()

	fmt.Println(channel.Ask[any](ctx, conn, map[string]any{"kind": "heat", "units": []int{1, 2}}))
	// Output: [heat [1 2]] <nil>
}

func Example_guideDispatcher() {
	ctx := context.Background()

	count := func(*channel.Conn) channel.Dispatcher { // for each connection
		total := 0
		return channel.DispatchFunc(func(req *channel.Request) { // one after another
			n, err := channel.Content[int](req)
			if err != nil {
				req.SetFailure(err)
			} else {
				total += n
				_ = req.SetResult(total) // a number can be encoded
			}
			go func() { _ = req.Send(ctx) }() // may have to wait for room
		})
	}
	srv, err := channel.ListenDispatch(ctx, "tcp://localhost:0", count, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Shutdown(ctx)
	conn, err := channel.Dial(ctx, srv.Addr(), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	fmt.Println(channel.Ask[int](ctx, conn, 40))
	fmt.Println(channel.Ask[int](ctx, conn, 2))
	// Output:
	// 40 <nil>
	// 42 <nil>
}

func Example_guideClient() {
	ctx := context.Background()
	srv, err := channel.Listen(ctx, "tcp://localhost:0", echo, nil)
	if err != nil {
		log.Fatal(err)
	}
	addr := srv.Addr()

	client, err := channel.NewClient(addr, &channel.Options{Patience: 10 * time.Second})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	var reply string
	fmt.Println(client.Ask(ctx, "ohai", &reply), reply) // connects

	_ = srv.Shutdown(ctx) // the peer is restarted
	srv, err = channel.Listen(ctx, addr, echo, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Shutdown(ctx)
	fmt.Println(client.Ask(channel.Repeatable(ctx), "still there?", &reply), reply) // connects again
	// Output:
	// <nil> ohai
	// <nil> still there?
}

func Example_guideAway() {
	ctx := context.Background()
	srv, err := channel.Listen(ctx, "tcp://localhost:0", echo, nil)
	if err != nil {
		log.Fatal(err)
	}
	_ = srv.Shutdown(ctx) // so nobody listens there
	client, err := channel.NewClient(srv.Addr(), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	for { // the first time it tries to connect
		err := client.Ask(ctx, "ohai", nil)
		if away, ok := errors.AsType[*channel.AwayError](err); ok { // too soon to try again
			fmt.Println("it is away:", away.Until > 0, away.Err != nil)
			break
		}
	}
	// Output: it is away: true true
}

func Example_guideLost() {
	ctx := context.Background()
	rude := func(ctx context.Context, conn *channel.Conn) {
		_, _ = conn.Receive(ctx) // and closes, without an answer
	}
	conn, stop := connected(rude, nil)
	defer stop()

	_, err := channel.Ask[string](ctx, conn, "ohai")
	lost, ok := errors.AsType[*channel.LostError](err)
	fmt.Println(ok, lost.Unsent) // it was sent, and may have been executed
	// Output: true false
}

func Example_guideLimits() {
	ctx := context.Background()
	conn, stop := connected(echo, &channel.Options{
		Limits: channel.Limits{
			Frame: 1 << 20,         // bytes of a message, both ways
			Depth: 32,              // of lists and maps in each other
			Idle:  5 * time.Minute, // in which nothing at all is received
		},
	})
	defer stop()

	_, err := channel.Ask[string](ctx, conn, string(make([]byte, 2<<20)))
	fmt.Println(err != nil, conn.Err()) // it was not sent, and the connection goes on
	// Output: true <nil>
}

func Example_guideHooks() {
	ctx := context.Background()
	lost := make(chan error, 1)

	conn, stop := connected(echo, nil)
	defer stop()
	conn.OnEnd(func(reason error) { lost <- reason }) // must not block
	_ = conn.Close()
	fmt.Println(errors.Is(<-lost, channel.ErrClosed), errors.Is(conn.Err(), channel.ErrClosed))
	<-conn.Context().Done()
	fmt.Println(errors.Is(conn.Wait(ctx), channel.ErrClosed)) // now nothing is left of it
	// Output:
	// true true
	// true
}
