package gomas_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/turn"
)

// The examples of docs/agents.md.

const (
	Power rpc.Func0[float64] = "power(): what it produces, in kW"
	Set   rpc.Proc1[float64] = "set(kW)"
)

type Plant struct {
	*gomas.Agent
	kW float64 // belongs to the agent: no lock
}

func NewPlant(ctx context.Context, a *gomas.Agent) (*Plant, error) {
	p := &Plant{Agent: a}
	Power.Handle(a.Services(), func(context.Context) (float64, error) { return p.kW, nil })
	Set.Handle(a.Services(), p.set)
	return p, nil
}

func (p *Plant) set(ctx context.Context, kW float64) error {
	if kW < 0 {
		return errors.New("less than nothing")
	}
	p.kW = kW
	return nil
}

// plants starts a container with a number of plants, whose turns are checked.
func plants(n int) (c *gomas.Container, all []*Plant, stop func()) {
	ctx := context.Background()
	c, err := gomas.NewContainer(ctx, "tcp://localhost:0", &gomas.Options{CheckTurns: true})
	if err != nil {
		log.Fatal(err)
	}
	for range n {
		p, err := gomas.Spawn(ctx, c, NewPlant)
		if err != nil {
			log.Fatal(err)
		}
		all = append(all, p)
	}
	return c, all, func() {
		if err := c.Shutdown(ctx); err != nil {
			log.Fatal(err)
		}
	}
}

func Example_firstAgents() {
	ctx := context.Background()

	c, err := gomas.NewContainer(ctx, "tcp://localhost:0", nil) // port 0: any free one
	if err != nil {
		log.Fatal(err)
	}
	defer c.Shutdown(ctx)
	_, err1 := gomas.Spawn(ctx, c, NewPlant) // its id is "0"
	_, err2 := gomas.SpawnAs(ctx, c, "sun", NewPlant)
	remote, err3 := c.Connect(ctx, c.Addr()+"/sun") // or another container
	if err := errors.Join(err1, err2, err3); err != nil {
		log.Fatal(err)
	}
	fmt.Println(Set.Call(ctx, remote, 120))
	fmt.Println(Power.Call(ctx, remote))
	// Output:
	// <nil>
	// 120 <nil>
}

// Market is an agent at which plants sign on.
type Market struct {
	*gomas.Agent
	plants []rpc.Remote
}

const (
	SignOn  rpc.Func1[rpc.Remote, int] = "sign_on(plant): its number"
	SignOff rpc.Proc1[int]             = "sign_off(number)"
	Best    rpc.Func0[rpc.Remote]      = "best(): the plant with the most power"
)

// NewMarket is the constructor of a market.
func NewMarket(ctx context.Context, a *gomas.Agent) (*Market, error) {
	m := &Market{Agent: a}
	SignOn.Handle(a.Services(), func(ctx context.Context, plant rpc.Remote) (int, error) {
		m.plants = append(m.plants, plant)
		return len(m.plants), nil
	})
	SignOff.Handle(a.Services(), func(ctx context.Context, number int) error {
		fmt.Println("plant", number, "signs off")
		return nil
	})
	Best.Handle(a.Services(), m.best)
	return m, nil
}

func (m *Market) best(ctx context.Context) (best rpc.Remote, err error) {
	most := -1.0
	for plant, r := range rpc.Each(ctx, m.plants, func(ctx context.Context, plant rpc.Remote) (float64, error) {
		return Power.Call(ctx, plant)
	}) {
		if r.Err == nil && r.Value > most {
			best, most = plant, r.Value
		}
	}
	return best, nil
}

// NewMember is the constructor of a plant that takes part in a market.
func NewMember(market string) func(context.Context, *gomas.Agent) (*Plant, error) {
	return func(ctx context.Context, a *gomas.Agent) (*Plant, error) {
		remote, err := a.Connect(ctx, market)
		if err != nil {
			return nil, err
		}
		number := 0
		a.OnStart(func(ctx context.Context) error { // now others can reach us
			number, err = SignOn.Call(ctx, remote, a.Remote())
			return err
		})
		a.OnStop(func(ctx context.Context) error { return SignOff.Call(ctx, remote, number) })
		return NewPlant(ctx, a)
	}
}

func Example_constructors() {
	ctx := context.Background()
	c, _, stop := plants(0)
	defer stop()
	market, err := gomas.Spawn(ctx, c, NewMarket)
	if err != nil {
		log.Fatal(err)
	}

	plant, err := gomas.Spawn(ctx, c, NewMember(market.URL()))
	fmt.Println(err, plant.Stop(ctx))
	// Output:
	// plant 1 signs off
	// <nil> <nil>
}

func Example_tasks() {
	ctx := context.Background()
	_, all, stop := plants(1)
	defer stop()
	plant := all[0]

	done := make(chan error, 1)
	err := plant.Go(func(ctx context.Context) { // returns at once
		plant.kW += 100
		done <- plant.Sleep(ctx, time.Millisecond)
	})
	fmt.Println(err, <-done)
	fmt.Println(plant.Do(ctx, func(ctx context.Context) error { // waits for its turn, and until it is done
		fmt.Println(plant.kW)
		return nil
	}))
	// Output:
	// <nil> <nil>
	// 100
	// <nil>
}

func Example_parallel() {
	ctx := context.Background()
	_, all, stop := plants(1)
	defer stop()
	plant := all[0]
	err := plant.Do(ctx, func(ctx context.Context) error {
		var forecast, price float64
		err := plant.Parallel(ctx,
			func(ctx context.Context) (err error) { forecast, err = askWeather(ctx, plant); return err },
			func(ctx context.Context) error {
				return plant.Await(ctx, func() error { price = readPrice(); return nil }) // without the turn
			},
		)
		plant.kW = forecast * price
		return err
	})
	fmt.Println(plant.kW, err)
	// Output: 25 <nil>
}

func askWeather(ctx context.Context, p *Plant) (float64, error) { return 100, p.Sleep(ctx, 0) }

func readPrice() float64 { return 0.25 }

func Example_turns() {
	ctx := context.Background()
	_, all, stop := plants(1)
	defer stop()
	plant := all[0]
	plant.kW = 100
	err := plant.Do(ctx, func(ctx context.Context) error {
		take := func(ctx context.Context) error {
			enough := plant.kW >= 60
			err := plant.Sleep(ctx, time.Millisecond) // others of the agent may run
			if err == nil && enough {                 // maybe not any more!
				plant.kW -= 60
			}
			return err
		}
		err := plant.Parallel(ctx, take, take)
		fmt.Println(plant.kW)
		return err
	})
	fmt.Println(err)
	// Output:
	// -20
	// <nil>
}

func Example_checkTurns() {
	ctx := context.Background()
	_, all, stop := plants(1)
	defer stop()
	plant := all[0]

	err := plant.Do(ctx, func(ctx context.Context) error {
		failed := make(chan error)
		go func() { failed <- plant.Sleep(ctx, time.Second) }() // wrong: plant.Go starts tasks
		return <-failed
	})
	fmt.Println(errors.Is(err, turn.ErrMisuse))
	// Output: true
}

func Example_timers() {
	ctx := context.Background()
	sim := clock.NewExternal(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), 0)
	c, err := gomas.NewContainer(ctx, "tcp://localhost:0", &gomas.Options{Clock: sim})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Shutdown(ctx)
	plant, err := gomas.Spawn(ctx, c, NewPlant)
	if err != nil {
		log.Fatal(err)
	}
	on := make(chan string, 1)

	timer, err := plant.In(6*time.Hour, func(ctx context.Context) {
		plant.kW = 80
		on <- plant.Clock().Date().Format(time.TimeOnly)
	})
	fmt.Println(err, sim.Set(6*time.Hour)) // sim is the clock of the container
	fmt.Println(<-on, timer.Stop())        // too late to stop it
	// Output:
	// <nil> <nil>
	// 06:00:00 false
}

func Example_periodicTasks() {
	_, all, stop := plants(1)
	defer stop()
	plant, warm := all[0], make(chan float64, 1)

	err := plant.Every(time.Millisecond, func(ctx context.Context) error {
		plant.kW += 10
		warm <- plant.kW
		return errors.New("enough")
	})
	fmt.Println(err, <-warm)
	// Output: <nil> 10
}

func Example_waitFor() {
	ctx := context.Background()
	here, _, stop := plants(0)
	defer stop()
	there, _, stopThere := plants(0)
	defer stopThere()
	spawned := make(chan error)
	go func() {
		_, err := gomas.SpawnAs(ctx, there, "sun", NewPlant)
		spawned <- err
	}()

	remote, err := here.WaitFor(ctx, there.Addr()+"/sun") // about to be spawned
	fmt.Println(err, Set.Call(ctx, remote, 120), <-spawned)
	// Output: <nil> <nil> <nil>
}

func Example_referencesToAgents() {
	ctx := context.Background()
	c1, _, stop1 := plants(0)
	defer stop1()
	c2, two, stop2 := plants(1)
	defer stop2()
	c3, _, stop3 := plants(0)
	defer stop3()
	sun := two[0]
	sun.kW = 120
	m, err := gomas.Spawn(ctx, c1, NewMarket)
	if err != nil {
		log.Fatal(err)
	}
	market, err := c2.Connect(ctx, m.URL())
	if err != nil {
		log.Fatal(err)
	}
	marketSeenFromC3, err := c3.Connect(ctx, m.URL())
	if err != nil {
		log.Fatal(err)
	}

	fmt.Println(SignOn.Call(ctx, market, sun.Remote()))
	best, err := Best.Call(ctx, marketSeenFromC3) // a third container
	fmt.Println(best.URL() == sun.URL(), err)
	fmt.Println(Power.Call(ctx, best)) // goes to the plant, past the market
	// Output:
	// 1 <nil>
	// true <nil>
	// 120 <nil>
}

func Example_groups() {
	ctx := context.Background()
	c, all, stop := plants(3)
	defer stop()
	boss, wind, sun := all[0], all[1], all[2]
	wind.kW, sun.kW = 300, 120
	soon, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()

	err := boss.Do(soon, func(ctx context.Context) error {
		urls := []string{wind.URL(), c.Addr() + "/nobody", sun.URL()}
		powers, err := rpc.Gather(ctx, urls, func(ctx context.Context, url string) (float64, error) {
			remote, err := boss.Connect(ctx, url)
			if err != nil {
				return 0, err
			}
			return Power.Call(ctx, remote)
		})
		fmt.Println(powers, errors.Is(err, gomas.ErrNoAgent))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output: [300 0 120] true
}

func Example_pushedBack() {
	ctx := context.Background()

	c, err := gomas.NewContainer(ctx, "tcp://localhost:0", &gomas.Options{MaxWaiting: 10, Overload: rpc.PushBack})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Shutdown(ctx)
	plant, err := gomas.Spawn(ctx, c, NewPlant)
	if err != nil {
		log.Fatal(err)
	}
	seen := make(chan float64)

	err = plant.Do(ctx, func(ctx context.Context) error { // the plant is busy
		for kW := range 100 {
			if err := Set.Notify(ctx, plant.Remote(), float64(kW)); err != nil {
				return err
			}
		}
		return plant.Go(func(context.Context) { seen <- plant.kW })
	})
	fmt.Println(err, <-seen) // after ten calls, those that set it to 0, 1, …, 9
	// Output: <nil> 9
}

func Example_stopping() {
	ctx := context.Background()
	c, all, stop := plants(2)
	defer stop()
	wind, sun := all[0], all[1]

	fmt.Println(wind.Stop(ctx), wind.Stopped(), sun.Stopped())
	_, err := c.Connect(ctx, wind.URL())
	fmt.Println(errors.Is(err, gomas.ErrNoAgent))
	// Output:
	// <nil> true false
	// true
}

func Example_shutdown() {
	ctx := context.Background()
	c, all, _ := plants(2)
	for _, plant := range all {
		plant.OnStop(func(ctx context.Context) error {
			fmt.Println("plant", plant.ID(), "stops")
			return nil
		})
	}
	told, tell := context.WithCancel(ctx)
	tell()

	fmt.Println(gomas.Serve(told, 10*time.Second, c)) // the last line of most programs
	// Output:
	// plant 1 stops
	// plant 0 stops
	// <nil>
}

func Example_listing() {
	ctx := context.Background()
	c, all, stop := plants(2)
	defer stop()
	other, _, stopOther := plants(0)
	defer stopOther()
	remote, err := other.Connect(ctx, all[0].URL())
	if err != nil {
		log.Fatal(err)
	}

	fmt.Println(len(c.Agents()), len(gomas.AgentsOf[*Market](c)), c.Agent("1") == all[1].Agent)

	const Version rpc.Func0[string] = "version()"
	Version.Handle(c.Services(), func(context.Context) (string, error) { return "1.2", nil })
	fmt.Println(Version.Call(ctx, remote.Root())) // the root of where remote is
	// Output:
	// 2 0 true
	// 1.2 <nil>
}
