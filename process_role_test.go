package gomas_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/rpc"
)

// role is the environment variable that tells a process started by a test how
// to behave.
const role = "GOMAS_TEST_ROLE"

// actAsProcess is the main function of the processes that tests start. In the
// process of the tests itself it does nothing.
func actAsProcess() {
	ctx := context.Background()
	switch os.Getenv(role) {
	case "parent":
		os.Exit(parent(ctx))
	case "neighbourhood":
		os.Exit(neighbourhood(ctx))
	case "dies at start":
		fmt.Println("some output")
		fmt.Fprint(os.Stderr, "panic: no money\ngoroutine 1: …")
		os.Exit(3)
	case "ends at start":
		os.Exit(0)
	case "hangs at start":
		fmt.Println("thinking")
		_, _ = io.Copy(io.Discard, os.Stdin)
		<-time.After(time.Hour)
	}
	var factories gomas.Factories
	if err := register(&factories); err != nil {
		panic(err)
	}
	served, err := gomas.ServeProcess(ctx, &factories, nil)
	if !served {
		return
	}
	if os.Getenv(role) == "hangs at the end" {
		fmt.Println("one moment")
		<-time.After(time.Hour)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// parent starts a process of its own, says where that is, and waits to be
// killed.
func parent(ctx context.Context) int {
	c, err := gomas.NewContainer(ctx, "tcp://127.0.0.1:0", nil)
	if err != nil {
		panic(err)
	}
	p, err := gomas.StartProcess(ctx, c, &gomas.ProcessOptions{Env: []string{role + "="}})
	if err != nil {
		panic(err)
	}
	fmt.Println(p.Addr())
	<-time.After(time.Hour)
	return 1
}

// house is what processes of tests make.
type house struct {
	*gomas.Agent
	size  float64
	rooms int
}

const (
	describe rpc.Func0[string]             = "describe()"
	seconds  rpc.Func0[float64]            = "seconds()"    // of the house's clock
	exit     rpc.Proc1[int]                = "exit(status)" // ends the process at once
	visit    rpc.Func1[rpc.Remote, string] = "visit(other)" // what another house says
)

func newHouse(_ context.Context, a *gomas.Agent, size float64, rooms int) (*house, error) {
	h := &house{a, size, rooms}
	describe.Handle(a.Services(), func(context.Context) (string, error) {
		return fmt.Sprintf("%v m² in %d rooms", h.size, h.rooms), nil
	})
	seconds.Handle(a.Services(), func(context.Context) (float64, error) { return a.Clock().Now().Seconds(), nil })
	exit.Handle(a.Services(), func(_ context.Context, status int) error {
		fmt.Fprintln(os.Stderr, "the roof is on fire")
		os.Exit(status)
		return nil
	})
	visit.Handle(a.Services(), func(ctx context.Context, other rpc.Remote) (string, error) {
		return describe.Call(ctx, other)
	})
	return h, nil
}

var errNoMoney = errors.New("no money")

// register registers the types of agents of these tests.
func register(factories *gomas.Factories) error {
	return errors.Join(
		factories.Register("house(size, rooms=3): a house", newHouse),
		factories.Register("energy.house:House.create(size, rooms)", newHouse),
		factories.Register("ruin(): fails halfway", func(ctx context.Context, a *gomas.Agent) (*house, error) {
			if _, err := newHouse(ctx, a, 0, 0); err != nil {
				return nil, err
			}
			return nil, errNoMoney
		}),
		factories.Register("crater(): panics halfway", func(ctx context.Context, a *gomas.Agent) (*house, error) {
			if _, err := newHouse(ctx, a, 0, 0); err != nil {
				return nil, err
			}
			panic("no ground")
		}),
		factories.Register("any(*args, **kwargs)", func(_ context.Context, a *gomas.Agent, args []any, kwargs map[string]codec.Raw) (*house, error) {
			return &house{Agent: a}, a.Services().TryHandle("given()", func() string { return fmt.Sprintf("%v %s", args, kwargs) })
		}),
	)
}
