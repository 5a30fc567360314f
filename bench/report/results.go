// Package report makes tables and plots of what was measured.
package report

import (
	"slices"

	"github.com/gomas/gomas/bench/measure"
	"github.com/gomas/gomas/bench/peers"
)

// A Cell is one peer at one work.
type Cell struct {
	Peer *peers.Peer
	Work measure.Work
}

func (c Cell) String() string { return c.Peer.String() + ": " + c.Work.String() }

// Cells returns all cells that there are.
func Cells() []Cell {
	var all []Cell
	for _, p := range peers.All() {
		for _, w := range measure.Works(p) {
			all = append(all, Cell{p, w})
		}
	}
	return all
}

// Results are the figures of several rounds, in each of which every cell was
// measured once. The zero value has none.
type Results struct {
	rounds []map[string]measure.Figures // by the names of cells
}

// Add adds the figures of a cell in a round, which are counted from 0.
func (r *Results) Add(round int, c Cell, f measure.Figures) {
	for len(r.rounds) <= round {
		r.rounds = append(r.rounds, make(map[string]measure.Figures))
	}
	r.rounds[round][c.String()] = f
}

// A figure is one of the Figures.
type figure func(measure.Figures) float64

func p50(f measure.Figures) float64    { return f.P50 }
func p99(f measure.Figures) float64    { return f.P99 }
func rate(f measure.Figures) float64   { return f.Rate }
func allocs(f measure.Figures) float64 { return f.Allocs }
func bytes(f measure.Figures) float64  { return f.Bytes }
func cpu(f measure.Figures) float64    { return f.CPU }
func idle(f measure.Figures) float64   { return f.Idle }
func made(f measure.Figures) float64   { return f.Made }

// A place names a cell by its peer, as peers.Find does, and its work.
type place struct {
	peer string
	work measure.Work
}

func (p place) String() string { return p.peer + ": " + p.work.String() }

// median returns that of all rounds, and whether there was any.
func (r *Results) median(p place, of figure) (float64, bool) {
	var all []float64
	for _, cells := range r.rounds {
		if f, ok := cells[p.String()]; ok {
			all = append(all, of(f))
		}
	}
	return middle(all)
}

// ratio returns the median of the ratios of a figure of two cells in the same
// round, and whether there was any. So what else the machine did meets both.
func (r *Results) ratio(p, to place, of figure) (float64, bool) {
	var all []float64
	for _, cells := range r.rounds {
		f, ok := cells[p.String()]
		limit, also := cells[to.String()]
		if ok && also && of(limit) != 0 {
			all = append(all, of(f)/of(limit))
		}
	}
	return middle(all)
}

func middle(all []float64) (float64, bool) {
	slices.Sort(all)
	n := len(all)
	switch {
	case n == 0:
		return 0, false
	case n%2 == 1:
		return all[n/2], true
	default:
		return (all[n/2-1] + all[n/2]) / 2, true
	}
}

// limitOf returns the name of the limit that a place is measured against.
func limitOf(p peers.Place) string {
	for _, peer := range peers.All() {
		if peer.Place == p.Limit() && peer.Limit {
			return peer.String()
		}
	}
	return ""
}
