package gomas_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"sync"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/rpc"
)

// neighbour is the agent at either end of a deployment. What it does can be
// seen from anywhere, by calls.
type neighbour struct {
	*gomas.Agent
	meter    *meter
	kept     parcel
	heard    []int
	released chan struct{}
	lingered int         // calls that have begun to
	fates    chan string // of the calls that lingered
}

// parcel is a value with all that could be shared by mistake.
type parcel struct {
	Items []int
	Stock map[string]int
	Label *label
}

type label struct{ Text string }

func newParcel() parcel {
	return parcel{[]int{1, 2, 3}, map[string]int{"eggs": 6}, &label{"fragile"}}
}

// spoil changes the value in place.
func (p parcel) spoil() {
	for i := range p.Items {
		p.Items[i] = -1
	}
	p.Stock["eggs"] = -1
	p.Label.Text = "spoilt"
}

const (
	welcome  rpc.Func2[string, string, string]    = `welcome(name, greeting="hello")`
	refer    rpc.Func1[rpc.Remote, rpc.Remote]    = "refer(to): returns what it was given"
	myself   rpc.Func0[rpc.Remote]                = "myself()"
	pingpong rpc.Func3[rpc.Remote, int, int, int] = "pingpong(other, depth, made): calls the other so many times"

	keep   rpc.Func1[parcel, parcel] = "keep(parcel): returns the very value that it keeps"
	kept   rpc.Func0[parcel]         = "kept()"
	spoil  rpc.Proc0                 = "spoil(): changes what is kept in place"
	hear   rpc.Func1[int, int]       = "hear(n)"
	heard  rpc.Func0[[]int]          = "heard(): the numbers in the order in which they came"
	fail   rpc.Proc1[string]         = "fail(how)"
	linger rpc.Proc0                 = "linger(): for an hour, or until its context ends"
	began  rpc.Func0[int]            = "began(): how many calls have begun to linger"
	fateOf rpc.Func0[string]         = "fate_of(): how the context of a call ended that lingered"

	wait    rpc.Proc0                = "wait(): until somebody releases it"
	release rpc.Proc0                = "release()"
	retire  rpc.Proc0                = "retire(): stops the agent, and returns when that has begun"
	metered rpc.Func1[string, []int] = "metered(name): how many calls of a function came in and went out"
)

// errOverload is known to both ends of a deployment.
var errOverload = errors.New("the grid is overloaded")

func (m *meter) newNeighbour(_ context.Context, a *gomas.Agent) (*neighbour, error) {
	n := &neighbour{Agent: a, meter: m, kept: newParcel(), released: make(chan struct{}), fates: make(chan string, 10)}
	svc := a.Services()
	welcome.Handle(svc, func(_ context.Context, name, greeting string) (string, error) {
		return greeting + ", " + name, nil
	})
	refer.Handle(svc, func(_ context.Context, to rpc.Remote) (rpc.Remote, error) { return to, nil })
	myself.Handle(svc, func(context.Context) (rpc.Remote, error) { return a.Remote(), nil })
	pingpong.Handle(svc, n.pingpong)
	keep.Handle(svc, func(_ context.Context, p parcel) (parcel, error) {
		n.kept = p
		return n.kept, nil
	})
	kept.Handle(svc, func(context.Context) (parcel, error) { return n.kept, nil })
	spoil.Handle(svc, func(context.Context) error {
		n.kept.spoil()
		return nil
	})
	hear.Handle(svc, func(_ context.Context, i int) (int, error) {
		n.heard = append(n.heard, i)
		return i, nil
	})
	heard.Handle(svc, func(context.Context) ([]int, error) { return n.heard, nil })
	fail.Handle(svc, n.fail)
	linger.Handle(svc, func(ctx context.Context) error {
		n.lingered++
		err := n.Sleep(ctx, time.Hour)
		n.fates <- fmt.Sprint(ctx.Err())
		return err
	})
	began.Handle(svc, func(context.Context) (int, error) { return n.lingered, nil })
	fateOf.Handle(svc, n.fateOf)
	wait.Handle(svc, func(ctx context.Context) error {
		return n.Await(ctx, func() error {
			<-n.released
			return nil
		})
	})
	release.Handle(svc, func(context.Context) error {
		close(n.released)
		return nil
	})
	retire.Handle(svc, n.retire)
	metered.Handle(svc, func(_ context.Context, name string) ([]int, error) {
		in, out := n.meter.of(name)
		return []int{in, out}, nil
	})
	svc.Handle("delegate(to, name, *args): calls a function of another", func(ctx context.Context, to rpc.Remote, name string, args ...any) error {
		_, err := rpc.Call[any](ctx, to, name, args...)
		return err
	})
	svc.Handle("echo(*things, **named)", func(things []any, named map[string]codec.Raw) []any {
		list := append([]any{}, things...)
		return append(list, len(named))
	})
	return n, nil
}

func (n *neighbour) pingpong(ctx context.Context, other rpc.Remote, depth, made int) (int, error) {
	if depth == 0 {
		return made, nil
	}
	return pingpong.Call(ctx, other, n.Remote(), depth-1, made+1)
}

func (n *neighbour) fail(_ context.Context, how string) error {
	switch how {
	case "typed":
		return &rpc.Error{Type: "GridError", Message: "no power\nin house 3"}
	case "known":
		return fmt.Errorf("house 3: %w", errOverload)
	case "panic":
		panic("no roof")
	case "nil map":
		n.kept.Stock = nil
		n.kept.Stock["eggs"]++
	}
	return errors.New("no power")
}

func (n *neighbour) fateOf(ctx context.Context) (fate string, err error) {
	err = n.Await(ctx, func() error {
		select {
		case fate = <-n.fates:
			return nil
		case <-time.After(patience):
			return errors.New("the call still lingers")
		}
	})
	return fate, err
}

func (n *neighbour) retire(context.Context) error {
	n.Quit()
	return nil
}

// meter counts the calls that come into a container and go out of it.
type meter struct {
	mu      sync.Mutex
	in, out map[string]int
}

func newMeter() *meter { return &meter{in: make(map[string]int), out: make(map[string]int)} }

func (m *meter) of(name string) (in, out int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.in[name], m.out[name]
}

func (m *meter) counting(calls map[string]int) rpc.Interceptor {
	return func(ctx context.Context, call rpc.Info, next func(context.Context) error) error {
		m.mu.Lock()
		calls[path.Base(call.Path)]++
		m.mu.Unlock()
		return next(ctx)
	}
}

// options returns those of a container whose calls are counted, and which
// knows the errors.
func (m *meter) options(format codec.Codec) (*gomas.Options, error) {
	known := new(channel.Errors)
	return &gomas.Options{
		Codec: format, Errors: known, CheckTurns: true,
		Incoming: []rpc.Interceptor{m.counting(m.in)}, Outgoing: []rpc.Interceptor{m.counting(m.out)},
	}, known.Register("grid.Overload", errOverload)
}

// neighbourhood is the main function of a process for neighbours.
func neighbourhood(ctx context.Context) int {
	m := newMeter()
	var factories gomas.Factories
	opts, err := m.options(nil)
	if err == nil {
		err = factories.Register("neighbour()", m.newNeighbour)
	}
	if err == nil {
		_, err = gomas.ServeProcess(ctx, &factories, opts)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
