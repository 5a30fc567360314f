package report

import (
	"fmt"
	"math"

	"github.com/gomas/gomas/bench/measure"
	"github.com/gomas/gomas/bench/peers"
)

// A goal is what gomas wants to reach: a ratio within one run, unless it says
// otherwise.
type goal struct {
	what  string
	least bool // limit is the least, not the most
	limit float64
	unit  string
	value func(*Results) (float64, bool)
}

// String returns what is wanted: "≤ 1.45 × raw".
func (g goal) String() string {
	sign := "≤"
	if g.least {
		sign = "≥"
	}
	return fmt.Sprintf("%s %s", sign, g.amount(g.limit))
}

func (g goal) amount(v float64) string {
	s := fmt.Sprintf("%.2f", v)
	if v >= 100 {
		s = thousands(v)
	}
	if g.unit != "" {
		s += " " + g.unit
	}
	return s
}

// met reports whether v, with the digits that are shown, is as it should be.
func (g goal) met(v float64) bool {
	v = math.Round(100*v) / 100
	if g.least {
		return v >= g.limit
	}
	return v <= g.limit
}

// The peers that goals are about.
const (
	rawTCP       = "tcp/raw"
	contract     = "tcp/gomas contract, JSON"
	contractMP   = "tcp/gomas contract, MsgPack"
	agents       = "tcp/gomas agents, JSON"
	agentsInside = "inside/gomas agents"
	handOff      = "inside/unbuffered channels"
	grpcStream   = "tcp/grpc-go, stream"
)

func of(peer string, w measure.Work) place { return place{peer, w} }

// to is a goal's value: a ratio of the same figure of two cells.
func to(p, limit place, f figure) func(*Results) (float64, bool) {
	return func(r *Results) (float64, bool) { return r.ratio(p, limit, f) }
}

// plain is a goal's value: a figure in thousands of the unit, or as it is.
func plain(p place, f figure, scale float64) func(*Results) (float64, bool) {
	return func(r *Results) (float64, bool) {
		v, ok := r.median(p, f)
		return v * scale, ok
	}
}

var goals = []goal{
	{
		what: "one caller, contract", limit: 1.45, unit: "× raw p50",
		value: to(of(contract, measure.One), of(rawTCP, measure.One), p50),
	},
	{
		what: "one caller, contract, to the fastest other library", limit: 1, unit: "× its p50",
		value: func(r *Results) (float64, bool) {
			best, ok := r.best(func(p *peers.Peer) bool { return true }, func(v, than float64) bool { return v < than }, measure.One, p50)
			if !ok {
				return 0, false
			}
			return r.ratio(of(contract, measure.One), best, p50)
		},
	},
	{
		what: "64 callers on one connection, contract", least: true, limit: 0.45, unit: "of the raw rate",
		value: to(of(contract, measure.Many), of(rawTCP, measure.Many), rate),
	},
	{
		what: "64 callers, contract, to the fastest full-featured library", least: true, limit: 3, unit: "× its rate",
		value: func(r *Results) (float64, bool) {
			best, ok := r.best(func(p *peers.Peer) bool { return !p.Basic }, func(v, than float64) bool { return v > than }, measure.Many, rate)
			if !ok {
				return 0, false
			}
			return r.ratio(of(contract, measure.Many), best, rate)
		},
	},
	{
		what: "64 callers, agent to agent", least: true, limit: 0.40, unit: "of the raw rate",
		value: to(of(agents, measure.Many), of(rawTCP, measure.Many), rate),
	},
	{
		what: "64 callers, contract, to grpc-go's stream", limit: 1, unit: "× its p99",
		value: to(of(contract, measure.Many), of(grpcStream, measure.Many), p99),
	},
	{
		what: "1024 callers, contract", least: true, limit: 1, unit: "of the rate of 64",
		value: to(of(contract, measure.VeryMany), of(contract, measure.Many), rate),
	},
	{
		what: "64 callers, our time-out", least: true, limit: 0.85, unit: "of the rate without",
		value: to(of(contract, measure.Many.With(measure.Timeout)), of(contract, measure.Many), rate),
	},
	{
		what: "64 callers, context.WithTimeout", least: true, limit: 0.5, unit: "of the rate without",
		value: to(of(contract, measure.Many.With(measure.Context)), of(contract, measure.Many), rate),
	},
	{what: "contract", limit: 5, unit: "allocations", value: plain(of(contract, measure.One), allocs, 1)},
	{
		what: "echo of 1 KiB, JSON", limit: 1.8, unit: "× raw p50",
		value: to(of(contract, measure.Echo(1<<10)), of(rawTCP, measure.Echo(1<<10)), p50),
	},
	{
		what: "echo of 1 MiB, JSON", limit: 3, unit: "× raw p50",
		value: to(of(contract, measure.Echo(1<<20)), of(rawTCP, measure.Echo(1<<20)), p50),
	},
	{
		what: "echo of 1 KiB, MsgPack", limit: 1.4, unit: "× raw p50",
		value: to(of(contractMP, measure.Echo(1<<10)), of(rawTCP, measure.Echo(1<<10)), p50),
	},
	{
		what: "echo of 1 MiB, MsgPack", limit: 1.5, unit: "× raw p50",
		value: to(of(contractMP, measure.Echo(1<<20)), of(rawTCP, measure.Echo(1<<20)), p50),
	},
	{
		what: "agent to agent in one container", limit: 0.5, unit: "× a hand-off there and back",
		value: to(of(agentsInside, measure.One), of(handOff, measure.One), p50),
	},
	{what: "agent to agent in one container", limit: 2, unit: "allocations", value: plain(of(agentsInside, measure.One), allocs, 1)},
	{
		what: "the same with a deadline", limit: 2, unit: "× a hand-off there and back",
		value: to(of(agentsInside, measure.One.With(measure.Deadline)), of(handOff, measure.One), p50),
	},
	{what: "idle agent", limit: 400, unit: "B", value: plain(of(agentsInside, measure.Crowd), idle, 1)},
	{what: "agents made", least: true, limit: 500_000, unit: "a second", value: plain(of(agentsInside, measure.Crowd), made, 1)},
	{
		what: "1,000 connections with 8 callers each, contract", least: true, limit: 0.7, unit: "of the rate of one with 64",
		value: to(of(contract, measure.Spread), of(contract, measure.Many), rate),
	},
	{what: "idle connection, both ends together", limit: 20, unit: "kB", value: plain(of(contract, measure.Spread), idle, 1e-3)},
}

// best returns the other library over TCP that is better than the rest.
func (r *Results) best(among func(*peers.Peer) bool, better func(v, than float64) bool, w measure.Work, f figure) (best place, ok bool) {
	var top float64
	for _, p := range peers.All() {
		if p.Place != peers.TCP || p.Ours || p.Limit || !among(p) {
			continue
		}
		if v, found := r.median(of(p.String(), w), f); found && (!ok || better(v, top)) {
			best, top, ok = of(p.String(), w), v, true
		}
	}
	return best, ok
}
