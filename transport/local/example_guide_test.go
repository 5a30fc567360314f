package local_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"testing"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/gomastest"
	"github.com/gomas/gomas/internal/guide"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport/local"
)

// The examples of docs/simulation.md.

const (
	Level   rpc.Func0[int]       = "level(): what is in the battery, in kWh"
	Charge  rpc.Proc1[int]       = "charge(kWh)"
	Allowed rpc.Func1[int, bool] = "allowed(kWh): whether a battery may hold so much"
)

// Grid says how full batteries may be.
type Grid struct{ *gomas.Agent }

func NewGrid(_ context.Context, a *gomas.Agent) (*Grid, error) {
	Allowed.Handle(a.Services(), func(_ context.Context, kWh int) (bool, error) { return kWh <= 100, nil })
	return &Grid{a}, nil
}

// Battery asks the grid before it takes more.
type Battery struct {
	*gomas.Agent
	grid  rpc.Remote
	level int
}

func NewBattery(grid string, charge Charger) func(context.Context, *gomas.Agent) (*Battery, error) {
	return func(ctx context.Context, a *gomas.Agent) (_ *Battery, err error) {
		b := &Battery{Agent: a}
		Level.Handle(a.Services(), func(context.Context) (int, error) { return b.level, nil })
		Charge.Handle(a.Services(), func(ctx context.Context, kWh int) error { return charge(b, ctx, kWh) })
		b.grid, err = a.Connect(ctx, grid)
		return b, err
	}
}

// Charger is a way to charge a battery. We will try two.
type Charger func(b *Battery, ctx context.Context, kWh int) error

func (b *Battery) charge(ctx context.Context, kWh int) error {
	level := b.level + kWh
	ok, err := Allowed.Call(ctx, b.grid, level)
	if err == nil && ok {
		b.level = level
	}
	return err
}

func (b *Battery) reserve(ctx context.Context, kWh int) error {
	b.level += kWh // others see it while this one waits
	ok, err := Allowed.Call(ctx, b.grid, b.level)
	if err != nil || !ok {
		b.level -= kWh
	}
	return err
}

// town returns a scenario: two charge a battery, and one looks at it before.
func town(addr func(name string) string, charge Charger) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		here, err1 := gomas.NewContainer(ctx, addr("grid"), nil)
		there, err2 := gomas.NewContainer(ctx, addr("home"), nil)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		defer here.Close()
		defer there.Close()
		grid, err := gomas.Spawn(ctx, here, NewGrid)
		if err != nil {
			return err
		}
		battery, err := gomas.Spawn(ctx, there, NewBattery(grid.URL(), charge))
		if err != nil {
			return err
		}
		remote, err := here.Connect(ctx, battery.URL())
		if err != nil {
			return err
		}
		looks := []int{0, 4} // that each of the two takes
		_, err = rpc.Gather(ctx, looks, func(ctx context.Context, n int) (level int, err error) {
			for range n {
				level, err = Level.Call(ctx, remote)
			}
			return level, errors.Join(err, Charge.Call(ctx, remote, 10))
		})
		if err != nil {
			return err
		}
		if level, err := Level.Call(ctx, remote); level != 20 {
			return errors.Join(err, fmt.Errorf("charged 10 kWh twice, and there are %d", level))
		}
		return nil
	}
}

func localAddr(name string) string { return "local://" + name }

func Example_sockets() {
	addr := func(string) string { return "tcp://localhost:0" }
	fmt.Println(town(addr, (*Battery).charge)(context.Background()))
}

func Example_unseeded() {
	ctx := context.Background()
	fmt.Println(local.Run(ctx, nil, town(localAddr, (*Battery).charge)))
	// Output: <nil>
}

func Example_explore() {
	ctx := context.Background()
	scenario := town(localAddr, (*Battery).charge)

	finding, err := local.Explore(ctx, &local.ExploreOptions{Runs: 10_000, Keep: 12}, scenario)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(finding.Err)

	// A week later:
	trace := local.NewTrace(local.All)
	err = local.Run(ctx, &local.Options{Seed: finding.Seed, Trace: trace}, scenario)
	fmt.Println(err, trace.Hash() == finding.Hash)

	finding, err = local.Explore(ctx, nil, town(localAddr, (*Battery).reserve))
	fmt.Println(finding, err)
	// Output:
	// charged 10 kWh twice, and there are 10
	// charged 10 kWh twice, and there are 10 true
	// <nil> <nil>
}

func Example_time() {
	err := local.Run(context.Background(), nil, func(ctx context.Context) error {
		c := clock.For(ctx)
		if err := clock.Sleep(ctx, c, 24*time.Hour); err != nil {
			return err
		}
		fmt.Println(c.Now(), c.Date().Format(time.DateOnly))
		ctx, cancel := clock.WithTimeout(ctx, c, time.Hour)
		defer cancel()
		return clock.Sleep(ctx, c, 2*time.Hour)
	})
	fmt.Println(err)
	// Output:
	// 24h0m0s 2000-01-02
	// context deadline exceeded
}

func Example_faults() {
	opts := &local.Options{Links: func(from, to string) local.Link {
		return local.Link{Delay: local.Fixed(10 * time.Millisecond)}
	}}
	err := local.Run(context.Background(), opts, func(ctx context.Context) error {
		n := local.From(ctx)
		if err := n.Boot(ctx, "grid", func(ctx context.Context) error {
			c, err := gomas.NewContainer(ctx, "local://grid", nil)
			if err == nil {
				_, err = gomas.Spawn(ctx, c, NewGrid)
			}
			return err
		}); err != nil {
			return err
		}
		home, err := gomas.NewContainer(ctx, "local://home", &gomas.Options{Patience: time.Minute})
		if err != nil {
			return err
		}
		remote, err := home.Connect(ctx, "local://grid/0")
		if err != nil {
			return err
		}
		ask := func() {
			began := n.Clock().Now()
			ok, err := Allowed.Call(ctx, remote, 50)
			fmt.Println(n.Clock().Now()-began, ok, err)
		}

		ask()
		n.Partition([]string{"grid"}, []string{"home"})
		_, err = n.Clock().In(time.Hour, n.Heal)
		ask()
		err1, err2 := n.Crash("grid"), n.Restart("grid")
		ask()
		ask()
		return errors.Join(err, err1, err2)
	})
	fmt.Println(err)
	// Output:
	// 20ms true <nil>
	// 1h0m0.01s true <nil>
	// 0s false channel: connection to local://grid lost: local: connection reset by peer
	// 40ms true <nil>
	// <nil>
}

func Example_trace() {
	ctx := context.Background()
	trace := local.NewTrace(local.All)
	err := local.Run(ctx, &local.Options{Seed: 1, Trace: trace}, func(ctx context.Context) error {
		local.From(ctx).Note("here we go")
		return town(localAddr, (*Battery).reserve)(ctx)
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, e := range trace.Events() {
		switch {
		case e.Kind == local.Note:
			fmt.Println(e.Time, e.Note)
		case e.Message == "request" && e.Path == "agents/0/charge":
			fmt.Println(e.Time, e.From, "to", e.To, e.Content)
		}
	}
	// Output:
	// 0s here we go
	// 0s grid to home [10]
	// 0s grid to home [10]
}

func TestTown(t *testing.T) {
	scenario := town(localAddr, (*Battery).reserve)
	gomastest.Run(t, nil, scenario)
	gomastest.Repeatable(t, &local.Options{Seed: 1}, scenario)
	gomastest.Explore(t, &local.ExploreOptions{Runs: 500}, scenario)
}

func TestTheGoCodeOfTheGuideIsThatOfTheExamples(t *testing.T) {
	guide.Check(t, "../../docs/simulation.md", 12, "example_guide_test.go")
}
