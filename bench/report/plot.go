package report

import (
	_ "embed"
	"fmt"
	"io"
	"slices"
	"text/template"

	"github.com/gomas/gomas/bench/measure"
	"github.com/gomas/gomas/bench/peers"
)

// A Plot is a bar for each library over TCP: its ratio to the raw limit.
type Plot struct {
	File   string // where it belongs
	title  string
	note   string
	work   measure.Work
	figure figure
	least  bool // the least is the best
}

// Plots are those that there are.
func Plots() []Plot {
	return []Plot{
		{
			File: "one-caller.svg", title: "One caller: time of a call", note: "as a multiple of a raw ping-pong; shorter is better",
			work: measure.One, figure: p50, least: true,
		},
		{
			File: "64-callers.svg", title: "64 callers on one connection: calls a second",
			note: "as a share of raw multiplexing without a codec; longer is better",
			work: measure.Many, figure: rate,
		},
	}
}

// bar is one of a plot, as the template draws it.
type bar struct {
	Label, Value string
	Color        string
	Y, Width     int
	End          int // where Value stands
	ratio        float64
}

//go:embed plot.svg.tmpl
var drawing string

// The measures of a plot, in pixels.
const (
	plotTop    = 64
	plotStep   = 24
	plotLabels = 210
	plotBars   = 460
)

// Write draws the plot as SVG.
func (p Plot) Write(w io.Writer, r *Results, c Conditions) error {
	bars := p.bars(r)
	longest := 0.0
	for _, b := range bars {
		longest = max(longest, b.ratio)
	}
	for i := range bars {
		b := &bars[i]
		b.Y = plotTop + i*plotStep
		b.Width = max(1, int(plotBars*b.ratio/longest))
		b.End = plotLabels + b.Width
	}
	t, err := template.New("plot").Parse(drawing)
	if err != nil {
		return err
	}
	return t.Execute(w, map[string]any{
		"Title": p.title, "Note": p.note, "Conditions": c.String(), "Bars": bars,
		"Left": plotLabels, "Width": plotLabels + plotBars + 70, "Height": plotTop + len(bars)*plotStep + 32,
	})
}

// bars returns those of the libraries that were measured, the best first.
func (p Plot) bars(r *Results) []bar {
	var bars []bar
	limit := of(limitOf(peers.TCP), p.work)
	for _, peer := range in(peers.TCP) {
		ratio, ok := r.ratio(of(peer.String(), p.work), limit, p.figure)
		if !ok {
			continue
		}
		b := bar{Label: peer.Name, Value: fmt.Sprintf("%.2f", ratio), Color: "#9aa5b1", ratio: ratio}
		switch {
		case peer.Limit:
			b.Color = "#3e4c59"
		case peer.Ours:
			b.Color = "#2f80c2"
		}
		bars = append(bars, b)
	}
	slices.SortStableFunc(bars, func(a, b bar) int {
		switch {
		case a.ratio == b.ratio:
			return 0
		case a.ratio < b.ratio == p.least:
			return -1
		default:
			return 1
		}
	})
	return bars
}
