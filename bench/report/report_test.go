package report_test

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gomas/gomas/bench/measure"
	"github.com/gomas/gomas/bench/peers"
	"github.com/gomas/gomas/bench/report"
)

var conditions = report.Conditions{Machine: "2 cores, Go 1.26, linux/amd64", Rounds: 3, Time: time.Second}

func cell(t *testing.T, peer string, w measure.Work) report.Cell {
	p, err := peers.Find(peer)
	if err != nil {
		t.Fatal(err)
	}
	return report.Cell{Peer: p, Work: w}
}

// fixed are results of three rounds. In each round all took longer than in the
// one before, so that ratios stay what they are.
func fixed(t *testing.T) *report.Results {
	results := new(report.Results)
	for round, slow := range []float64{1, 1.1, 1.6} {
		add := func(peer string, w measure.Work, f measure.Figures) {
			f.P50, f.P99, f.CPU, f.Rate = f.P50*slow, f.P99*slow, f.CPU*slow, f.Rate/slow
			results.Add(round, cell(t, peer, w), f)
		}
		add("tcp/raw", measure.One, measure.Figures{P50: 10_000, P99: 20_000, CPU: 9000})
		add("tcp/raw", measure.Many, measure.Figures{Rate: 1_000_000, P99: 60_000, CPU: 1000})
		add("tcp/raw", measure.Echo(1<<10), measure.Figures{P50: 11_000})
		add("tcp/gomas contract, JSON", measure.One, measure.Figures{P50: 14_000, P99: 30_000, CPU: 20_000, Allocs: 4.04})
		add("tcp/gomas contract, JSON", measure.Many, measure.Figures{Rate: 440_000, P99: 200_000, CPU: 3000})
		add("tcp/gomas contract, JSON", measure.Many.With(measure.Timeout), measure.Figures{Rate: 396_000})
		add("tcp/gomas contract, JSON", measure.Echo(1<<10), measure.Figures{P50: 22_000})
		add("tcp/gomas contract, JSON", measure.Spread, measure.Figures{Rate: 330_000, P99: 30e6, CPU: 5000, Idle: 21_500})
		add("tcp/grpc-go, stream", measure.One, measure.Figures{P50: 20_000, P99: 50_000, CPU: 30_000, Allocs: 44})
		add("tcp/grpc-go, stream", measure.Many, measure.Figures{Rate: 110_000, P99: 100_000, CPU: 7000})
		add("tcp/net/rpc, gob", measure.Many, measure.Figures{Rate: 220_000, P99: 400_000, CPU: 9000})
	}
	results.Add(2, cell(t, "inside/unbuffered channels", measure.One), measure.Figures{P50: 300})
	results.Add(2, cell(t, "local/gomas contract, JSON", measure.One), measure.Figures{P50: 1500, P99: 3000, CPU: 2000, Allocs: 3})
	results.Add(2, cell(t, "local/gomas contract, JSON", measure.Echo(1<<10)), measure.Figures{P50: 2300})
	results.Add(2, cell(t, "inside/gomas agents", measure.Crowd), measure.Figures{Idle: 443, Made: 612_345})
	return results
}

func TestTheTableTellsMediansRatiosAndGoals(t *testing.T) {
	var b strings.Builder
	if err := report.Table(&b, fixed(t), conditions); err != nil {
		t.Fatal(err)
	}
	got := b.String()
	for _, line := range []string{
		"2 cores, Go 1.26, linux/amd64; medians of 3 rounds, 1s for each figure in each. Ratios are to the limit in the same place, medians of those within a round.",
		"| one caller, contract | ≤ 1.45 × raw p50 | 1.40 × raw p50 | yes |",
		"| one caller, contract, to the fastest other library | ≤ 1.00 × its p50 | 0.70 × its p50 | yes |",
		"| 64 callers on one connection, contract | ≥ 0.45 of the raw rate | 0.44 of the raw rate | no |",
		// net/rpc is faster here, but has no contexts.
		"| 64 callers, contract, to the fastest full-featured library | ≥ 3.00 × its rate | 4.00 × its rate | yes |",
		"| 64 callers, contract, to grpc-go's stream | ≤ 1.00 × its p99 | 2.00 × its p99 | no |",
		"| 64 callers, our time-out | ≥ 0.85 of the rate without | 0.90 of the rate without | yes |",
		"| contract | ≤ 5.00 allocations | 4.04 allocations | yes |",
		"| echo of 1 MiB, JSON | ≤ 3.00 × raw p50 | – | – |",
		"| idle agent | ≤ 400 B | 443 B | no |",
		"| agents made | ≥ 500,000 a second | 612,000 a second | yes |",
		"| idle connection, both ends together | ≤ 20.00 kB | 21.50 kB | no |",
		"| *raw* | 11.0 | 1.00 | 22.0 | 909,000 | 1.00 | 66.0 | – | 0.0 | 9.90 | 1.10 |",
		"| **gomas contract, JSON** | 15.4 | 1.40 | 33.0 | 400,000 | 0.44 | 220 | – | 4.0 | 22.0 | 3.30 |",
		"| net/rpc, gob | – | – | – | 200,000 | 0.22 | 440 | – | – | – | 9.90 |",
		"| **gomas contract, JSON** | – | 24.2 (2.00) | – | – | – |",
		"| tcp: **gomas contract, JSON** | 360,000 (0.90) | – | – |",
		"| **gomas contract, JSON** | 300,000 | 0.75 | 33,000 | 5.50 | 21.5 |",
		"| **gomas agents** | 443 | 612,000 |",
		// A local network has the limit of what is inside one program, but not for
		// texts.
		"| **gomas contract, JSON** | – | 2.30 | – | – | – |",
		"| **gomas contract, JSON** | 1.50 | 5.00 | 3.00 | – | – | – | – | 3.0 | 2.00 | – |",
	} {
		if !slices.Contains(strings.Split(got, "\n"), line) {
			t.Errorf("the table has no line\n%s\nbut is\n%s", line, got)
			return
		}
	}
	if strings.Contains(got, "NATS") {
		t.Error("a peer that was not measured is listed")
	}
}

func TestATableOfNothingHasNoFigures(t *testing.T) {
	var b strings.Builder
	if err := report.Table(&b, new(report.Results), conditions); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "gomas contract, JSON") || strings.Contains(b.String(), "NaN") {
		t.Error(b.String())
	}
}

// drawn is what a plot shows: the texts and the widths of the bars.
func drawn(t *testing.T, svg string) (texts []string, widths []int) {
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return texts, widths
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
		switch token := token.(type) {
		case xml.CharData:
			if text := strings.TrimSpace(string(token)); text != "" {
				texts = append(texts, text)
			}
		case xml.StartElement:
			for _, a := range token.Attr {
				if token.Name.Local == "rect" && a.Name.Local == "width" {
					w, err := strconv.Atoi(a.Value)
					if err != nil {
						t.Error(err)
					}
					widths = append(widths, w)
				}
			}
		}
	}
}

func TestPlotsShowTheRatiosWithTheBestFirst(t *testing.T) {
	for i, want := range [][]string{
		{"raw", "1.00", "gomas contract, JSON", "1.40", "grpc-go, stream", "2.00"},
		{"raw", "1.00", "gomas contract, JSON", "0.44", "net/rpc, gob", "0.22", "grpc-go, stream", "0.11"},
	} {
		plot := report.Plots()[i]
		var b strings.Builder
		if err := plot.Write(&b, fixed(t), conditions); err != nil {
			t.Fatal(err)
		}
		texts, widths := drawn(t, b.String())
		// Before the bars are the title, twice, and a note; behind them are the
		// conditions. The first width is that of all.
		if bars := texts[3 : len(texts)-1]; !slices.Equal(bars, want) {
			t.Errorf("%s shows %q, want %q", plot.File, bars, want)
		}
		if bars := len(widths) - 1; 2*bars != len(want) {
			t.Errorf("%s has %d bars", plot.File, bars)
		}
		one, err := strconv.ParseFloat(want[len(want)-1], 64)
		if err != nil {
			t.Fatal(err)
		}
		if ratio := float64(widths[len(widths)-1]) / float64(widths[1]); ratio < one-0.01 || ratio > one+0.01 {
			t.Errorf("the last bar of %s is %.2f of the first, want %.2f", plot.File, ratio, one)
		}
	}
}

func TestAPlotOfNothingIsWellFormed(t *testing.T) {
	for _, plot := range report.Plots() {
		var b strings.Builder
		if err := plot.Write(&b, new(report.Results), conditions); err != nil {
			t.Fatal(err)
		}
		if _, widths := drawn(t, b.String()); len(widths) != 1 {
			t.Errorf("%s has %d bars", plot.File, len(widths)-1)
		}
	}
}

func TestCellsHaveNamesOfTheirOwn(t *testing.T) {
	seen := make(map[string]bool)
	for _, c := range report.Cells() {
		if seen[c.String()] {
			t.Errorf("there are two of %s", c)
		}
		seen[c.String()] = true
	}
}

func TestEveryGoalIsMeasured(t *testing.T) {
	results := new(report.Results)
	for _, c := range report.Cells() {
		results.Add(0, c, measure.Figures{P50: 1, P99: 1, Rate: 1, Allocs: 1, Bytes: 1, CPU: 1, Idle: 1, Made: 1})
	}
	var b strings.Builder
	if err := report.Table(&b, results, conditions); err != nil {
		t.Fatal(err)
	}
	goals, _, _ := strings.Cut(b.String(), "## Calls")
	if strings.Contains(goals, "–") {
		t.Errorf("a goal has no figure:\n%s", goals)
	}
}
