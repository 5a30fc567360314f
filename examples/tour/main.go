// Tour shows the three layers of gomas, one after another, over real sockets:
// a request on a channel, a remote procedure call, and two agents.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/rpc"
)

func main() {
	ctx := context.Background()
	for _, part := range []func(context.Context) error{requestReply, remoteCall, agents} {
		if err := part(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "tour:", err)
			os.Exit(1)
		}
	}
}

// listen listens at the address of this tour, or at a free port if that is
// taken.
func listen[T any](listen func(addr string) (T, error)) (T, error) {
	const addr, free = "tcp://localhost:5555", "tcp://localhost:0"
	v, err := listen(addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		fmt.Fprintln(os.Stderr, "port 5555 is busy, taking a free one")
		return listen(free)
	}
	return v, err
}

// requestReply asks once and is answered once.
func requestReply(ctx context.Context) error {
	srv, err := listen(func(addr string) (*channel.Server, error) {
		return channel.Listen(ctx, addr, func(ctx context.Context, conn *channel.Conn) {
			req, err := conn.Receive(ctx)
			if err != nil {
				return
			}
			content, err := channel.Content[string](req)
			if err != nil {
				return
			}
			fmt.Println(content)
			_ = req.Reply(ctx, "cya")
			<-ctx.Done() // the client has closed
		}, nil)
	})
	if err != nil {
		return err
	}
	conn, err := channel.Dial(ctx, srv.Addr(), nil)
	if err != nil {
		return err
	}
	reply, err := channel.Ask[string](ctx, conn, "ohai")
	if err != nil {
		return err
	}
	fmt.Println(reply)
	return errors.Join(conn.Close(), srv.Shutdown(ctx))
}

// Add is known to both sides.
const Add rpc.Func2[int, int, int] = "add(a, b)"

// remoteCall calls a function of a service.
func remoteCall(ctx context.Context) error {
	svc := rpc.NewService()
	Add.Handle(svc, func(_ context.Context, a, b int) (int, error) { return a + b, nil })
	srv, err := listen(func(addr string) (*rpc.Server, error) { return rpc.Listen(ctx, addr, svc, nil) })
	if err != nil {
		return err
	}
	conn, err := rpc.Dial(ctx, srv.Addr(), nil, nil)
	if err != nil {
		return err
	}
	sum, err := Add.Call(ctx, conn.Remote(), 3, 4)
	if err != nil {
		return err
	}
	fmt.Println("What's 3 + 4?", sum)
	return errors.Join(conn.Close(), srv.Shutdown(ctx))
}

// TestAgent has one function that others can call.
type TestAgent struct{ *gomas.Agent }

// Service returns its argument.
const Service rpc.Func1[int, int] = "service(value)"

// NewTestAgent is the constructor for gomas.Spawn.
func NewTestAgent(_ context.Context, a *gomas.Agent) (*TestAgent, error) {
	t := &TestAgent{a}
	Service.Handle(a.Services(), t.service)
	fmt.Println("Ohai, I am", t)
	return t, nil
}

func (t *TestAgent) service(_ context.Context, value int) (int, error) { return value, nil }

// agents has one agent call another.
func agents(ctx context.Context) error {
	c, err := listen(func(addr string) (*gomas.Container, error) { return gomas.NewContainer(ctx, addr, nil) })
	if err != nil {
		return err
	}
	first, err := gomas.Spawn(ctx, c, NewTestAgent)
	if err != nil {
		return err
	}
	second, err := gomas.Spawn(ctx, c, NewTestAgent)
	if err != nil {
		return err
	}
	remote, err := first.Connect(ctx, second.URL())
	if err != nil {
		return err
	}
	v, err := Service.Call(ctx, remote, 42)
	if err != nil {
		return err
	}
	fmt.Println(first, "got", v, "from", remote)
	return c.Shutdown(ctx)
}
