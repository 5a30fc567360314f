// Command calls measures how long calls take with gomas and with other
// libraries, and writes a table and plots:
//
//	go run ./calls
//
// Each cell, which is one library at one work, is a process of its own, and all
// cells are measured once in each of several rounds. See the README.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/gomas/gomas/bench/measure"
	"github.com/gomas/gomas/bench/report"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "calls:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) (err error) {
	flags := flag.NewFlagSet("calls", flag.ContinueOnError)
	var (
		rounds  = flags.Int("rounds", 7, "how many times to measure each cell")
		long    = flags.Duration("time", 400*time.Millisecond, "how long to measure a cell each time")
		only    = flags.String("only", "", "measure the cells that match this `regexp`, and print the table instead of writing it")
		dir     = flags.String("out", "results", "the `directory` to write to")
		list    = flags.Bool("list", false, "list the cells")
		one     = flags.String("cell", "", "measure the cell of this `name` in this process, and print the figures as JSON")
		profile = flags.String("cpuprofile", "", "write a CPU profile of -cell to this `file`")
	)
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *rounds < 1 || *long <= 0 || flags.NArg() > 0 {
		return errors.New("want at least one round, some time, and no arguments besides flags")
	}
	pattern, err := regexp.Compile(*only)
	if err != nil {
		return err
	}
	var cells []report.Cell
	for _, c := range report.Cells() {
		if *one == "" && pattern.MatchString(c.String()) || c.String() == *one {
			cells = append(cells, c)
		}
	}
	switch {
	case len(cells) == 0:
		return errors.New("there is no such cell; -list lists them")
	case *list:
		for _, c := range cells {
			fmt.Fprintln(out, c)
		}
		return nil
	case *one != "":
		return child(ctx, cells[0], *long, *profile, out)
	}
	t := &tournament{
		cells:      cells,
		conditions: report.Conditions{Machine: machine(), Time: *long},
		measure:    elsewhere,
		progress:   os.Stderr,
		publish:    func(r *report.Results, c report.Conditions) error { return publish(*dir, r, c) },
	}
	if *only != "" {
		t.publish = func(r *report.Results, c report.Conditions) error {
			if c.Rounds < *rounds {
				return nil
			}
			return report.Table(out, r, c)
		}
	}
	return t.run(ctx, *rounds)
}

// child measures a cell in this process.
func child(ctx context.Context, c report.Cell, d time.Duration, profile string, out io.Writer) (err error) {
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	f, err := measure.Run(ctx, c.Peer, c.Work, d)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(f)
}

// machine describes where this runs: "2 cores, Go 1.26, linux/amd64".
func machine() string {
	version := strings.TrimPrefix(runtime.Version(), "go")
	if parts := strings.Split(version, "."); len(parts) > 2 {
		version = parts[0] + "." + parts[1]
	}
	return fmt.Sprintf("%d cores, Go %s, %s/%s", runtime.GOMAXPROCS(0), version, runtime.GOOS, runtime.GOARCH)
}
