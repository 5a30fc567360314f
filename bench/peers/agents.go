package peers

import (
	"context"
	"io"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/turn"
)

// callees is how many agents are called. Each caller calls one of them, so more
// callers than that share them.
const callees = 64

// adder is an agent that is called.
type adder struct {
	*gomas.Agent
	calls int
}

func newAdder(_ context.Context, a *gomas.Agent) (*adder, error) {
	ad := &adder{Agent: a}
	add.Handle(a.Services(), ad.add)
	echo.Handle(a.Services(), ad.echo)
	return ad, nil
}

func (a *adder) add(_ context.Context, x, y int) (int, error) {
	a.calls++ // no lock
	return x + y, nil
}

func (a *adder) echo(_ context.Context, text string) (string, error) {
	a.calls++
	return text, nil
}

// community is agents that call others, in two containers or in one.
type community struct {
	closers
	here *gomas.Container
	urls []string
	next int
}

func openAgents(ctx context.Context, s socket, c codec.Codec) (Server, error) {
	com := new(community)
	there, err := com.container(ctx, s, c)
	if err == nil {
		com.here, err = com.container(ctx, s, c)
	}
	return com.populated(ctx, there, err)
}

func openAgentsInside(ctx context.Context) (Server, error) {
	com := new(community)
	c, err := com.container(ctx, sockets[0], nil)
	com.here = c
	return com.populated(ctx, c, err)
}

// container starts a container that is shut down with the community.
func (com *community) container(ctx context.Context, s socket, format codec.Codec) (*gomas.Container, error) {
	_, _, url, remove, err := s.address()
	if err != nil {
		return nil, err
	}
	com.add(remove.Close)
	c, err := gomas.NewContainer(ctx, url, &gomas.Options{Codec: format})
	if err != nil {
		return nil, err
	}
	com.add(func() error { return c.Shutdown(context.WithoutCancel(ctx)) }) // in the network of ctx, if it has one
	return c, nil
}

// populated makes those who are called, unless there was an error.
func (com *community) populated(ctx context.Context, there *gomas.Container, err error) (Server, error) {
	for range callees {
		if err != nil {
			break
		}
		var a *adder
		if a, err = gomas.Spawn(ctx, there, newAdder); err == nil {
			com.urls = append(com.urls, a.URL())
		}
	}
	if err != nil {
		_ = com.Close() // the first error says more
		return nil, err
	}
	return com, nil
}

func (com *community) Dial(context.Context, int) (Conn, error) { return agentsConn{com}, nil }

// agentsConn is the connection between the containers, which they make.
type agentsConn struct{ com *community }

func (c agentsConn) Close() error { return nil }

func (c agentsConn) Caller(ctx context.Context) (Caller, error) {
	com := c.com
	a, err := gomas.Spawn(ctx, com.here, func(_ context.Context, a *gomas.Agent) (*gomas.Agent, error) { return a, nil })
	if err != nil {
		return nil, err
	}
	to, err := a.Connect(ctx, com.urls[com.next%len(com.urls)])
	if err != nil {
		return nil, err
	}
	com.next++
	return agentCaller{contract{to}, a}, nil
}

// agentCaller is an agent that calls another one.
type agentCaller struct {
	contract
	agent *gomas.Agent
}

func (c agentCaller) Within(ctx context.Context, fn func(context.Context)) error {
	var done turn.Event // a network knows who waits for it
	err := c.agent.Go(func(ctx context.Context) {
		defer done.Set(nil)
		fn(ctx)
	})
	if err == nil {
		err = done.Wait(context.WithoutCancel(ctx), nil, "an agent that calls")
	}
	return err
}

func crowdOfAgents(ctx context.Context, n int) (io.Closer, error) {
	com := new(community)
	c, err := com.container(ctx, sockets[0], nil)
	for range n {
		if err != nil {
			_ = com.Close()
			return nil, err
		}
		_, err = gomas.Spawn(ctx, c, func(_ context.Context, a *gomas.Agent) (*gomas.Agent, error) {
			add.Handle(a.Services(), func(_ context.Context, x, y int) (int, error) { return x + y, nil })
			return a, nil
		})
	}
	return com, err
}
