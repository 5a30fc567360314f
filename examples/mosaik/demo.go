package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/gomas/gomas/mosaik"
	"github.com/gomas/gomas/mosaik/mosaiktest"
)

// The day that the example simulates by itself.
const (
	generators = 5
	limit      = 30.0 // kW
	quarter    = 900  // seconds
	day        = 96 * quarter
)

// sun returns what a generator could feed in at a time, in kW: one that is
// further west has its noon later.
func sun(generator int, time int64) float64 {
	hour := float64(time)/3600 - 0.5*float64(generator)
	return max(0, 12*math.Sin(math.Pi*(hour-6)/12))
}

// demo plays mosaik: it starts this program once more, as mosaik would, and
// sends it the sun of a day.
func demo(ctx context.Context, out io.Writer) error {
	fmt.Fprintf(out, "time   available  feed-in, at most %v kW\n", limit)
	return simulate(ctx, func(time int64, available, feedIn []float64) {
		if time%(2*3600) == 0 {
			fmt.Fprintf(out, "%02d:00  %9.3f  %7.3f\n", time/3600, sum(available), sum(feedIn))
		}
	})
}

// simulate runs a day and reports each step.
func simulate(ctx context.Context, report func(time int64, available, feedIn []float64)) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	d, err := mosaiktest.Start(ctx, []string{self, "-log", "warn", "%(addr)s"}, nil)
	if err != nil {
		return err
	}
	return errors.Join(drive(ctx, d, report), d.Stop(ctx))
}

// drive runs a day with a controller that is there.
func drive(ctx context.Context, d *mosaiktest.Driver, report func(time int64, available, feedIn []float64)) error {
	if _, err := d.Init(ctx, "Controller-0", map[string]any{"cap": limit, "step_size": quarter}); err != nil {
		return err
	}
	entities, err := d.Create(ctx, generators, "Generator", map[string]any{"peak": 10})
	if err != nil {
		return err
	}
	query := make(mosaik.Query)
	for _, e := range entities {
		query[e.ID] = []string{"feed_in"}
	}
	available := make([]float64, generators)
	return d.Run(ctx, mosaiktest.Scenario{
		Until: day,
		Inputs: func(time int64) mosaik.Inputs {
			inputs := make(mosaik.Inputs)
			for i, e := range entities {
				available[i] = sun(i, time)
				inputs[e.ID] = map[string]map[string]any{"available": {fmt.Sprintf("PV-0.Panel-%d", i): available[i]}}
			}
			return inputs
		},
		Query: query,
		Seen: func(time int64, outputs mosaik.Outputs) error {
			feedIn := make([]float64, generators)
			for i, e := range entities {
				feedIn[i], _ = outputs.Values[e.ID]["feed_in"].(float64)
			}
			report(time, available, feedIn)
			return nil
		},
	})
}

func sum(all []float64) float64 {
	total := 0.0
	for _, one := range all {
		total += one
	}
	return total
}
