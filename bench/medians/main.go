// Command medians reads the output of several runs of go test -bench and
// prints, for each benchmark, the medians of its figures and the shortest of
// its times, as a Markdown table.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "medians:", err)
		os.Exit(1)
	}
}

// figures are what was measured of one benchmark, a list for each unit.
type figures map[string][]float64

func run(in io.Reader, out io.Writer) error {
	var names []string
	all := make(map[string]figures)
	for lines := bufio.NewScanner(in); ; {
		if !lines.Scan() {
			if err := lines.Err(); err != nil {
				return err
			}
			break
		}
		words := strings.Fields(lines.Text())
		if len(words) < 4 || !strings.HasPrefix(words[0], "Benchmark") {
			continue
		}
		name := strings.TrimPrefix(words[0], "Benchmark")
		if all[name] == nil {
			names = append(names, name)
			all[name] = make(figures)
		}
		for pair := range slices.Chunk(words[2:len(words)&^1], 2) {
			x, err := strconv.ParseFloat(pair[0], 64)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			all[name][pair[1]] = append(all[name][pair[1]], x)
		}
	}
	fmt.Fprintln(out, "| benchmark | ns | fastest | MB/s | bytes | % | allocations |")
	fmt.Fprintln(out, "|---|--:|--:|--:|--:|--:|--:|")
	for _, name := range names {
		f := all[name]
		_, err := fmt.Fprintf(out, "| %s | %s | %s | %s | %s | %s | %s |\n", name, f.median("ns/op"), f.least("ns/op"),
			f.median("MB/s"), f.median("bytes"), f.median("%size"), f.median("allocs/op"))
		if err != nil {
			return err
		}
	}
	return nil
}

// median returns the middle of what was measured in a unit, "" if nothing was.
func (f figures) median(unit string) string {
	xs := slices.Sorted(slices.Values(f[unit]))
	if len(xs) == 0 {
		return ""
	}
	return strconv.FormatFloat(xs[len(xs)/2], 'f', -1, 64)
}

// least returns the smallest that was measured in a unit, "" if nothing was.
func (f figures) least(unit string) string {
	if len(f[unit]) == 0 {
		return ""
	}
	return strconv.FormatFloat(slices.Min(f[unit]), 'f', -1, 64)
}
