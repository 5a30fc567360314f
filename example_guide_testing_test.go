package gomas_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport/local"
	"github.com/gomas/gomas/turn"
)

// The code of docs/testing.md.

// The contracts of an exchange.
const (
	Quote rpc.Func0[float64] = "quote(): the price of a kWh"
	Offer rpc.Proc1[float64] = "offer(kWh): sells so much"
)

// Trader sells 10 kWh in each hour in which the price is good.
type Trader struct {
	*gomas.Agent
	exchange rpc.Remote
	sold     float64
	failures int
}

// NewTrader is the constructor of a trader at the exchange at a URL.
func NewTrader(exchange string) func(context.Context, *gomas.Agent) (*Trader, error) {
	return func(ctx context.Context, a *gomas.Agent) (*Trader, error) {
		remote, err := a.Connect(ctx, exchange)
		if err != nil {
			return nil, err
		}
		t := &Trader{Agent: a, exchange: remote}
		return t, a.Every(time.Hour, t.trade)
	}
}

func (t *Trader) trade(ctx context.Context) error {
	price, err := Quote.Call(ctx, t.exchange)
	if err == nil && price >= 0.25 {
		if err = Offer.Call(ctx, t.exchange, 10); err == nil {
			t.sold += 10
		}
	}
	if err != nil {
		t.failures++
	}
	return nil // the next hour may be better
}

// startContainer starts a container for a test.
func startContainer(t *testing.T, c clock.Clock) *gomas.Container {
	t.Helper()
	container, err := gomas.NewContainer(t.Context(), "tcp://localhost:0", &gomas.Options{
		Clock:      c,
		CheckTurns: true,
		StuckAfter: 10 * time.Second,
		Stuck: func(a *gomas.Agent, h turn.Holding) {
			t.Errorf("%v has kept its turn since %v:\n%s", a, h.Since, h.Stack)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := container.Shutdown(context.Background()); err != nil { // t.Context() has ended
			t.Error(err)
		}
	})
	return container
}

// fakeExchange is an exchange as a test wants it.
type fakeExchange struct {
	*gomas.Agent
	price  float64
	err    error
	offers []float64
}

func newFakeExchange(ctx context.Context, a *gomas.Agent) (*fakeExchange, error) {
	f := &fakeExchange{Agent: a}
	Quote.Handle(a.Services(), func(ctx context.Context) (float64, error) { return f.price, f.err })
	Offer.Handle(a.Services(), func(ctx context.Context, kWh float64) error {
		f.offers = append(f.offers, kWh)
		return f.err
	})
	return f, nil
}

func TestATraderSellsInHoursWithAGoodPrice(t *testing.T) {
	sim := clock.NewExternal(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), 0)
	c := startContainer(t, sim)
	exchange, err := gomas.Spawn(t.Context(), c, newFakeExchange)
	if err != nil {
		t.Fatal(err)
	}
	trader, err := gomas.Spawn(t.Context(), c, NewTrader(exchange.URL()))
	if err != nil {
		t.Fatal(err)
	}

	for hour, price := range []float64{0.30, 0.20, 0.25} {
		exchange.price = price // no agent runs between two steps
		if err := sim.Advance(t.Context(), time.Duration(hour+1)*time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	if trader.sold != 20 || len(exchange.offers) != 2 {
		t.Errorf("sold %v, offers %v", trader.sold, exchange.offers)
	}
}

func TestATraderGoesOnAfterFailures(t *testing.T) {
	sim := clock.NewExternal(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), 0)
	here, there := startContainer(t, sim), startContainer(t, sim)
	exchange, err := gomas.Spawn(t.Context(), there, newFakeExchange)
	if err != nil {
		t.Fatal(err)
	}
	trader, err := gomas.Spawn(t.Context(), here, NewTrader(exchange.URL()))
	if err != nil {
		t.Fatal(err)
	}

	exchange.err = &rpc.Error{Type: "ClosedError", Message: "closed today"} // it fails,
	err1 := sim.Advance(t.Context(), 1*time.Hour)
	err2 := there.Close() // its machine breaks down
	err3 := sim.Advance(t.Context(), 2*time.Hour)
	if err := errors.Join(err1, err2, err3); err != nil || trader.failures != 2 {
		t.Errorf("%d failures, error %v", trader.failures, err)
	}
}

func TestAPlantRefusesLessThanNothing(t *testing.T) {
	c := startContainer(t, clock.Real{})
	plant, err := gomas.Spawn(t.Context(), c, NewPlant)
	if err != nil {
		t.Fatal(err)
	}

	err = Set.Call(t.Context(), plant.Remote(), -1) // as others call it
	if failure, ok := errors.AsType[*rpc.RemoteError](err); !ok || failure.Message != "less than nothing" {
		t.Errorf("the error is %v", err)
	}
	err = plant.Do(t.Context(), func(ctx context.Context) error { // in its turn
		if plant.kW != 0 {
			t.Errorf("it produces %v kW", plant.kW)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestTradersSellInAnyOrderOfEvents(t *testing.T) {
	for seed := range uint64(20) {
		err := local.Run(t.Context(), &local.Options{Seed: seed}, func(ctx context.Context) error {
			c, err := gomas.NewContainer(ctx, "local://exchange", nil)
			if err != nil {
				return err
			}
			exchange, err := gomas.Spawn(ctx, c, newFakeExchange)
			if err != nil {
				return err
			}
			exchange.price = 0.30
			for range 10 {
				if _, err := gomas.Spawn(ctx, c, NewTrader(exchange.URL())); err != nil {
					return err
				}
			}
			if err := exchange.Sleep(ctx, 24*time.Hour+time.Minute); err != nil { // takes no time
				return err
			}
			if n := len(exchange.offers); n != 10*24 {
				t.Errorf("seed %d: %d offers", seed, n)
			}
			return c.Shutdown(ctx)
		})
		if err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
}
