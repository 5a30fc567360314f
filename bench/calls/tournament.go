package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/gomas/gomas/bench/measure"
	"github.com/gomas/gomas/bench/peers"
	"github.com/gomas/gomas/bench/report"
)

// A tournament measures cells in rounds.
type tournament struct {
	cells      []report.Cell
	conditions report.Conditions // but for the rounds
	measure    func(ctx context.Context, c report.Cell, d time.Duration) (measure.Figures, error)
	publish    func(*report.Results, report.Conditions) error // after each round
	progress   io.Writer
}

// run measures each cell once in each round, in another order each time, so
// that whatever else the machine does meets all alike. A cell that fails has no
// figures, and the others are measured all the same.
func (t *tournament) run(ctx context.Context, rounds int) error {
	var results report.Results
	var failed error
	for round := range rounds {
		order := shuffled(t.cells, uint64(round))
		for i, c := range order {
			fmt.Fprintf(t.progress, "round %d of %d, %d of %d: %s\n", round+1, rounds, i+1, len(order), c)
			f, err := t.measure(ctx, c, t.conditions.Time)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err != nil {
				fmt.Fprintln(t.progress, err)
				failed = errors.Join(failed, err)
				continue
			}
			results.Add(round, c, f)
		}
		conditions := t.conditions
		conditions.Rounds = round + 1
		if err := t.publish(&results, conditions); err != nil {
			return errors.Join(failed, err)
		}
	}
	return failed
}

// shuffled returns cells in an order that is drawn. Those whose figures are
// compared, because they do the same work and have the same limit, stay together:
// less changes from one to the next.
func shuffled(cells []report.Cell, seed uint64) []report.Cell {
	rng := rand.New(rand.NewPCG(1, seed))
	type group struct {
		limit peers.Place
		work  measure.Work
	}
	var groups []group
	members := make(map[group][]report.Cell)
	for _, at := range rng.Perm(len(cells)) {
		c := cells[at]
		g := group{c.Peer.Place.Limit(), c.Work.With(measure.None)}
		if members[g] == nil {
			groups = append(groups, g)
		}
		members[g] = append(members[g], c)
	}
	var order []report.Cell
	for _, g := range groups {
		order = append(order, members[g]...)
	}
	return order
}

// elsewhere measures a cell in a process of its own, which is this program.
func elsewhere(ctx context.Context, c report.Cell, d time.Duration) (f measure.Figures, err error) {
	program, err := os.Executable()
	if err != nil {
		return f, err
	}
	const start = time.Minute // more than any peer needs to start and to end
	ctx, cancel := context.WithTimeout(ctx, 10*d+start)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "-cell", c.String(), "-time", d.String())
	cmd.Stderr = os.Stderr
	line, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(line, &f)
	}
	if err != nil {
		return f, fmt.Errorf("%s: %w", c, err)
	}
	return f, nil
}

// publish writes the table and the plots into a directory.
func publish(dir string, r *report.Results, c report.Conditions) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	err := write(dir, "table.md", func(w io.Writer) error { return report.Table(w, r, c) })
	for _, p := range report.Plots() {
		err = errors.Join(err, write(dir, p.File, func(w io.Writer) error { return p.Write(w, r, c) }))
	}
	return err
}

func write(dir, name string, content func(io.Writer) error) error {
	f, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	return errors.Join(content(f), f.Close())
}
