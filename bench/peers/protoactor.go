package peers

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/remote"

	"github.com/gomas/gomas/bench/peers/wire"
)

// protoActor is actors that are asked from outside, for a future. There are as
// many of them as callees of ours.
type protoActor struct {
	closers
	here    *actor.ActorSystem
	callees []*actor.PID
	next    int
}

// openProtoActor has two systems, which talk over the library's own gRPC
// streams.
func openProtoActor(context.Context) (Server, error) {
	p := new(protoActor)
	there := p.system(true)
	p.here = p.system(true)
	return p, p.populate(there)
}

func openProtoActorInside(context.Context) (Server, error) {
	p := new(protoActor)
	p.here = p.system(false)
	return p, p.populate(p.here)
}

func (p *protoActor) system(connected bool) *actor.ActorSystem {
	s := actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return slog.New(slog.DiscardHandler) }))
	p.add(func() error { s.Shutdown(); return nil })
	if connected {
		r := remote.NewRemote(s, remote.Configure("127.0.0.1", 0))
		r.Start()
		p.add(func() error { r.Shutdown(false); return nil })
	}
	return s
}

func (p *protoActor) populate(there *actor.ActorSystem) error {
	for i := range callees {
		pid, err := there.Root.SpawnNamed(protoCalculator(), fmt.Sprint("calculator", i))
		if err != nil {
			return err
		}
		p.callees = append(p.callees, actor.NewPID(there.Address(), pid.GetId()))
	}
	return nil
}

func protoCalculator() *actor.Props {
	return actor.PropsFromFunc(func(c actor.Context) {
		switch m := c.Message().(type) {
		case *wire.Terms:
			c.Respond(&wire.Sum{Sum: m.A + m.B})
		case *wire.Text:
			c.Respond(m)
		}
	})
}

func (p *protoActor) Dial(context.Context, int) (Conn, error) { return protoConn{p}, nil }

type protoConn struct{ server *protoActor }

func (c protoConn) Close() error { return nil }

func (c protoConn) Caller(context.Context) (Caller, error) {
	p := c.server
	pid := p.callees[p.next%len(p.callees)]
	p.next++
	return protoCaller{p.here.Root, pid}, nil
}

type protoCaller struct {
	root *actor.RootContext
	pid  *actor.PID
}

func (c protoCaller) Add(_ context.Context, a, b int) (int, error) {
	sum, err := askProto[*wire.Sum](c, &wire.Terms{A: int64(a), B: int64(b)})
	return int(sum.GetSum()), err
}

func (c protoCaller) Echo(_ context.Context, text string) (string, error) {
	back, err := askProto[*wire.Text](c, &wire.Text{Text: text})
	return back.GetText(), err
}

func askProto[T any](c protoCaller, m any) (reply T, err error) {
	const unbounded = -1
	result, err := c.root.RequestFuture(c.pid, m, unbounded).Result()
	if err != nil {
		return reply, err
	}
	reply, ok := result.(T)
	if !ok {
		return reply, fmt.Errorf("the answer is %T", result)
	}
	return reply, nil
}

func crowdOfProtoActor(_ context.Context, n int) (io.Closer, error) {
	p := new(protoActor)
	s, props := p.system(false), protoCalculator()
	for range n {
		s.Root.Spawn(props)
	}
	return p, nil
}
