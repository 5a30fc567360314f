package main

import (
	"context"
	"maps"
	"slices"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/mosaik"
	"github.com/gomas/gomas/rpc"
)

// Offer is how a generator tells the warden what it could feed in, and Limit how
// the warden tells it what it may; both in kW. Expect tells the warden how many
// generators there are.
const (
	Expect rpc.Proc1[int]                         = "expect(generators)"
	Offer  rpc.Proc3[string, float64, rpc.Remote] = "offer(name, kw, generator)"
	Limit  rpc.Proc1[float64]                     = "limit(kw)"
)

// Generator is the agent of a generator.
type Generator struct {
	*gomas.Agent
	name   string
	peak   float64
	warden rpc.Remote
	feed   Feed
}

// NewGenerator is the constructor: what follows the agent comes from Create.
func NewGenerator(_ context.Context, a *gomas.Agent, name string, peak float64, warden rpc.Remote) (*Generator, error) {
	g := &Generator{Agent: a, name: name, peak: peak, warden: warden}
	Limit.Handle(a.Services(), g.limit)
	return g, mosaik.Attach(a, &g.feed, g.step)
}

// step is called at each step, when the inputs are there.
func (g *Generator) step(ctx context.Context, _ int64) error {
	return Offer.Call(ctx, g.warden, g.name, min(g.feed.Available, g.peak), g.Remote())
}

func (g *Generator) limit(_ context.Context, kw float64) error {
	g.feed.FeedIn = kw
	return nil
}

// Warden is the agent that keeps the feed-in under the cap.
type Warden struct {
	*gomas.Agent
	cap      float64
	expected int
	offers   map[string]offer
}

type offer struct {
	kw        float64
	generator rpc.Remote
}

// NewWarden returns the constructor.
func NewWarden(limit float64) func(context.Context, *gomas.Agent) (*Warden, error) {
	return func(_ context.Context, a *gomas.Agent) (*Warden, error) {
		w := &Warden{Agent: a, cap: limit, offers: make(map[string]offer)}
		Offer.Handle(a.Services(), w.offer)
		Expect.Handle(a.Services(), func(_ context.Context, generators int) error {
			w.expected = generators
			return nil
		})
		return w, nil
	}
}

// offer answers at once, and decides when all offers are there: by then nobody
// waits for the warden, and yet the step lasts until the limits have arrived.
func (w *Warden) offer(_ context.Context, name string, kw float64, generator rpc.Remote) error {
	w.offers[name] = offer{kw, generator}
	if len(w.offers) < w.expected {
		return nil
	}
	offers := w.offers
	w.offers = make(map[string]offer)
	return w.Go(func(ctx context.Context) { w.decide(ctx, offers) })
}

func (w *Warden) decide(ctx context.Context, offers map[string]offer) {
	names := slices.Sorted(maps.Keys(offers))
	available := make([]float64, len(names))
	for i, name := range names {
		available[i] = offers[name].kw
	}
	for i, kw := range Share(available, w.cap) {
		// A generator that cannot be reached keeps its limit, and fails its
		// next step.
		_ = Limit.Call(ctx, offers[names[i]].generator, kw)
	}
}

// Share shares a cap out in proportion to what is available.
func Share(available []float64, limit float64) []float64 {
	sum := 0.0
	for _, kw := range available {
		sum += kw
	}
	part := 1.0
	if sum > limit {
		part = limit / sum
	}
	shares := make([]float64, len(available))
	for i, kw := range available {
		shares[i] = kw * part
	}
	return shares
}
