package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gomas/gomas/bench/measure"
	"github.com/gomas/gomas/bench/report"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestACellIsMeasuredAndPrintedAsJSON(t *testing.T) {
	profile := filepath.Join(t.TempDir(), "cpu.out")
	var out bytes.Buffer
	args := []string{"-cell", "inside/unbuffered channels: one caller", "-time", "5ms", "-cpuprofile", profile}
	if err := run(t.Context(), args, &out); err != nil {
		t.Fatal(err)
	}
	var f measure.Figures
	if err := json.Unmarshal(out.Bytes(), &f); err != nil || f.Rate <= 0 {
		t.Errorf("%s is %+v, error %v", &out, f, err)
	}
	if info, err := os.Stat(profile); err != nil || info.Size() == 0 {
		t.Errorf("the profile is %v, error %v", info, err)
	}
}

func TestCellsAreListed(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), []string{"-list", "-only", "raw: one caller$"}, &out); err != nil {
		t.Fatal(err)
	}
	if want := "tcp/raw: one caller\nipc/raw: one caller\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestMistakesInTheCommandLineAreTold(t *testing.T) {
	for _, args := range [][]string{
		{"-rounds", "0"},
		{"-time", "-1s"},
		{"tcp"},
		{"-only", "("},
		{"-only", "no such peer"},
		{"-cell", "tcp/raw"},
	} {
		if err := run(t.Context(), args, io.Discard); err == nil {
			t.Errorf("%q is accepted", args)
		}
	}
}

// played returns a tournament of four cells, whose figures are made up.
func played(t *testing.T, fails string) (*tournament, *[]string) {
	all := new([]string)
	return &tournament{
		cells: report.Cells()[:4],
		measure: func(_ context.Context, c report.Cell, d time.Duration) (measure.Figures, error) {
			*all = append(*all, c.String())
			if c.String() == fails {
				return measure.Figures{}, errors.New("no luck")
			}
			return measure.Figures{P50: 1000 * float64(len(*all)), Rate: 1000}, nil
		},
		publish:  func(*report.Results, report.Conditions) error { return nil },
		progress: t.Output(),
	}, all
}

func TestEachRoundMeasuresEveryCellOnce(t *testing.T) {
	game, all := played(t, "")
	var rounds []int
	game.publish = func(_ *report.Results, c report.Conditions) error {
		rounds = append(rounds, c.Rounds)
		return nil
	}
	if err := game.run(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	if len(rounds) != 3 || rounds[2] != 3 || len(*all) != 12 {
		t.Fatalf("rounds %v of %q", rounds, *all)
	}
	orders := make(map[string]bool)
	for i := 0; i < 12; i += 4 {
		round := (*all)[i : i+4]
		orders[strings.Join(round, "; ")] = true
		for _, c := range game.cells {
			if !strings.Contains(strings.Join(round, "; "), c.String()) {
				t.Errorf("%s is not in round %q", c, round)
			}
		}
	}
	if len(orders) == 1 {
		t.Error("all rounds have the same order")
	}
}

func TestACellThatFailsIsToldAndLeavesTheOthers(t *testing.T) {
	game, all := played(t, report.Cells()[1].String())
	published := 0
	game.publish = func(*report.Results, report.Conditions) error { published++; return nil }
	if err := game.run(t.Context(), 2); err == nil || !strings.Contains(err.Error(), "no luck") {
		t.Errorf("error %v", err)
	}
	if len(*all) != 8 || published != 2 {
		t.Errorf("%d cells were measured, and published %d times", len(*all), published)
	}
}

func TestTheEndOfTheContextEndsATournament(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	game, all := played(t, "")
	measureOne := game.measure
	game.measure = func(ctx context.Context, c report.Cell, d time.Duration) (measure.Figures, error) {
		cancel()
		return measureOne(ctx, c, d)
	}
	if err := game.run(ctx, 3); !errors.Is(err, context.Canceled) || len(*all) != 1 {
		t.Errorf("%d cells were measured, error %v", len(*all), err)
	}
}

func TestTheTableAndAllPlotsAreWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "results")
	game, _ := played(t, "")
	game.publish = func(r *report.Results, c report.Conditions) error { return publish(dir, r, c) }
	game.conditions = report.Conditions{Machine: machine(), Time: time.Second}
	if err := game.run(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	files := []string{"table.md"}
	for _, p := range report.Plots() {
		files = append(files, p.File)
	}
	for _, name := range files {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !strings.Contains(string(content), machine()) {
			t.Errorf("%s is %q, error %v", name, content, err)
		}
	}
}

func TestCellsThatAreComparedAreMeasuredTogether(t *testing.T) {
	order := shuffled(report.Cells(), 1)
	if len(order) != len(report.Cells()) {
		t.Fatalf("%d cells of %d", len(order), len(report.Cells()))
	}
	group := func(c report.Cell) string { return string(c.Peer.Place.Limit()) + c.Work.With(measure.None).String() }
	seen := make(map[string]bool)
	last := ""
	for _, c := range order {
		g := group(c)
		if g != last && seen[g] {
			t.Fatalf("%s comes apart from others of its kind", c)
		}
		seen[g], last = true, g
	}
}
