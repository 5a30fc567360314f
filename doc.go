// Package gomas is the top layer: agents that live in containers and call
// each other, in one process or on many machines.
//
// An agent is a value of a type of yours that embeds *[Agent]. Its functions,
// registered under contracts of package rpc, can be called by other agents:
//
//	type Greeter struct {
//		*gomas.Agent
//		greeted int
//	}
//
//	const Greet rpc.Func1[string, string] = "greet(name)"
//
//	func NewGreeter(ctx context.Context, a *gomas.Agent) (*Greeter, error) {
//		g := &Greeter{Agent: a}
//		Greet.Handle(a.Services(), g.greet)
//		return g, nil
//	}
//
//	func (g *Greeter) greet(ctx context.Context, name string) (string, error) {
//		g.greeted++ // no lock needed
//		return "hello, " + name, nil
//	}
//
// A [Container] listens at an address and holds agents; [Spawn] makes one. The
// URL of an agent is the container's address and the agent's id,
// "tcp://localhost:5555/0". Whoever knows it connects and calls:
//
//	c, err := gomas.NewContainer(ctx, "tcp://localhost:5555", nil)
//	g, err := gomas.Spawn(ctx, c, NewGreeter)
//	remote, err := other.Connect(ctx, g.URL())
//	text, err := Greet.Call(ctx, remote, "Ada")
//
// # No locks
//
// The code of one agent, which is its constructor, its functions and its
// tasks, never runs in two goroutines at once, so what belongs to the agent
// needs no locks. Different agents run in parallel. While the code of an agent
// waits for a call, a connection, [Agent.Sleep] or [Agent.Await], other code
// of the same agent may run; so two agents may call each other, and state may
// have changed after a wait, but never between two.
//
// Pass on the context that the code was given: it says whose turn is given up
// while waiting. A goroutine started by a bare go statement is not part of the
// agent, and must not wait with that context; [Agent.Go] starts tasks that
// are. Code outside of agents, such as main, uses a context of its own.
//
// Package turn has the details.
package gomas
