package mosaik_test

import (
	"context"
	"fmt"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/mosaik"
	"github.com/gomas/gomas/mosaik/mosaiktest"
	"github.com/gomas/gomas/rpc"
)

// Store are the attributes of a battery, in kW and kWh.
type Store struct {
	Power  float64 `mosaik:"power,in,sum"`
	Charge float64 `mosaik:"charge,out"`
	size   float64
}

// Sizing are the parameters of one.
type Sizing struct {
	Size float64 `mosaik:"size"`
}

// Batteries is a simulator.
type Batteries struct {
	stores mosaik.Entities[Store]
	hour   int64 // in units of time
}

// Meta says what it simulates.
func (b *Batteries) Meta() mosaik.Meta {
	return mosaik.Meta{
		Type:   mosaik.TimeBased,
		Models: map[string]mosaik.Model{"Battery": mosaik.ModelOf[Sizing, Store]()},
	}
}

// Init begins a simulation.
func (b *Batteries) Init(_ context.Context, start mosaik.Start) error {
	b.hour = int64(time.Hour / start.Resolution)
	return nil
}

// Create makes batteries.
func (b *Batteries) Create(_ context.Context, num int, _ string, params mosaik.Params) ([]mosaik.Entity, error) {
	sizing := Sizing{Size: 10} // unless the scenario says otherwise
	if err := params.Decode(&sizing); err != nil {
		return nil, err
	}
	var entities []mosaik.Entity
	for range num {
		e, err := b.stores.Add(fmt.Sprintf("Battery-%d", b.stores.Len()), &Store{size: sizing.Size})
		if err != nil {
			return nil, err
		}
		entities = append(entities, e)
	}
	return entities, nil
}

// Step charges the batteries for an hour.
func (b *Batteries) Step(_ context.Context, step mosaik.Step) (int64, error) {
	if err := b.stores.Take(step.Inputs); err != nil {
		return 0, err
	}
	for _, s := range b.stores.All() {
		s.Charge = min(max(s.Charge+s.Power, 0), s.size)
	}
	return step.Time + b.hour, nil
}

// GetData tells the charge.
func (b *Batteries) GetData(_ context.Context, query mosaik.Query) (outputs mosaik.Outputs, err error) {
	err = b.stores.Give(query, &outputs)
	return outputs, err
}

func Example() {
	ctx := context.Background()
	// In a program: mosaik.Main(ctx, os.Args[1:], new(Batteries), nil)
	srv, err := mosaik.Listen(ctx, "localhost:0", new(Batteries), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	ended := make(chan error)
	go func() { ended <- srv.Serve(ctx) }()
	fmt.Println(simulateBatteries(ctx, srv.Addr()))
	fmt.Println(<-ended)
	// Output:
	// 0 map[charge:2.5]
	// 3600 map[charge:4]
	// 7200 map[charge:4]
	// <nil>
	// <nil>
}

// simulateBatteries is mosaik for three hours.
func simulateBatteries(ctx context.Context, addr string) error {
	d, err := mosaiktest.Dial(ctx, addr, nil) // or Start, for "cmd"
	if err != nil {
		return err
	}
	if _, err := d.Init(ctx, "Batteries-0", nil); err != nil {
		return err
	}
	if _, err := d.Create(ctx, 1, "Battery", map[string]any{"size": 4}); err != nil {
		return err
	}
	return d.Run(ctx, mosaiktest.Scenario{
		Until: 3 * 3600,
		Inputs: func(time int64) mosaik.Inputs { // what others would send
			return mosaik.Inputs{"Battery-0": {"power": {"PV-0.Roof": 3, "House-0.Kitchen": -0.5}}}
		},
		Query: mosaik.Query{"Battery-0": {"charge"}},
		Seen: func(time int64, outputs mosaik.Outputs) error {
			fmt.Println(time, outputs.Values["Battery-0"])
			return nil
		},
	})
}

func ExampleModelOf() {
	fmt.Printf("%+v\n", mosaik.ModelOf[Sizing, Store]())
	// Output: {Private:false Params:[size] Attrs:[power charge] AnyInputs:false Trigger:[] NonTrigger:[] Persistent:[] NonPersistent:[]}
}

// Market is a simulator that asks mosaik and has a method of its own.
type Market struct {
	Batteries
	world *mosaik.World
	price float64
}

// Init keeps the handle for requests.
func (m *Market) Init(ctx context.Context, start mosaik.Start) error {
	m.world = start.World
	return m.Batteries.Init(ctx, start)
}

// Methods are what a scenario calls on the simulator itself.
func (m *Market) Methods(methods *rpc.Service) {
	methods.Handle("set_price(euro, hours=24)", func(euro float64, hours int) { m.price = euro })
}

// Step asks mosaik.
func (m *Market) Step(ctx context.Context, step mosaik.Step) (int64, error) {
	percent, err := m.world.Progress(ctx)
	if err != nil {
		return 0, err
	}
	fmt.Printf("%v %%, at %v euro\n", percent, m.price)
	return m.Batteries.Step(ctx, step)
}

func ExampleWorld() {
	ctx := context.Background()
	d, err := mosaiktest.Listen(ctx, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	ended := make(chan error)
	go func() { ended <- mosaik.Join(ctx, d.Addr(), new(Market), nil) }()
	_, err1 := d.Init(ctx, "Market-0", nil)
	_, err2 := d.Call(ctx, "set_price", 0.3)
	fmt.Println(err1, err2, d.Run(ctx, mosaiktest.Scenario{Until: 4 * 3600}), <-ended)
	// Output:
	// 0 %, at 0.3 euro
	// 25 %, at 0.3 euro
	// 50 %, at 0.3 euro
	// 75 %, at 0.3 euro
	// <nil> <nil> <nil> <nil>
}

func ExampleAgents() {
	ctx := context.Background()
	agents, err := mosaik.StartAgents(ctx, mosaik.Start{Resolution: time.Second}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	type sensor struct {
		Seen float64 `mosaik:"seen"`
	}
	a, err := gomas.Spawn(ctx, agents.Container(), func(_ context.Context, a *gomas.Agent) (*gomas.Agent, error) {
		s := new(sensor)
		return a, mosaik.Attach(a, s, func(_ context.Context, now int64) error {
			fmt.Println("at", now, "it sees", s.Seen, "and its clock says", a.Clock().(*clock.External).Now())
			return nil
		})
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err1 := agents.Add("Sensor-0", a.Remote())
	err2 := agents.Step(ctx, mosaik.Step{Time: 900, Inputs: mosaik.Inputs{"Sensor-0": {"seen": {"PV-0.Roof": 7}}}})
	fmt.Println(err1, err2, agents.Stop(ctx))
	// Output:
	// at 900 it sees 7 and its clock says 15m0s
	// <nil> <nil> <nil>
}
