package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/gomas/gomas/bench/measure"
	"github.com/gomas/gomas/bench/peers"
)

// Conditions say what figures were measured on, and for how long.
type Conditions struct {
	Machine string // "2 cores, Go 1.26, linux/amd64"
	Rounds  int
	Time    time.Duration // of each cell in each round
}

func (c Conditions) String() string {
	return fmt.Sprintf("%s; medians of %s, %v for each figure in each", c.Machine, plural(c.Rounds, "round"), c.Time)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Table writes all results in Markdown. Figures that are missing show as "–".
func Table(w io.Writer, r *Results, c Conditions) error {
	t := &table{r: r}
	t.line("# Results")
	t.line("")
	t.line("%s. Ratios are to the limit in the same place, medians of those within a round.", c)
	t.line("The [README](../README.md) says what is measured, and how each library is set up.")
	t.goals()
	for _, place := range places {
		t.calls(place)
	}
	for _, place := range places {
		t.echoes(place)
	}
	t.bounds()
	t.connections()
	t.crowds()
	_, err := io.WriteString(w, t.String())
	return err
}

// section is a place that has tables of its own.
type section struct {
	peers.Place
	title string
	text  string // what else is to be said of the calls
}

var places = []section{
	{peers.TCP, "TCP on the loopback interface", ""},
	{peers.IPC, "Unix sockets", ""},
	{peers.Inside, "Inside one program", ""},
	{
		peers.Local, "A local network inside one program",
		"Frames as over sockets, on virtual time, one task at a time. Ratios are to the limit inside one program.",
	},
}

// table is the text that is being written.
type table struct {
	strings.Builder
	r *Results
}

func (t *table) line(format string, args ...any) { fmt.Fprintf(t, format+"\n", args...) }

// head begins a section with a table.
func (t *table) head(title, text string, columns ...string) {
	t.line("\n## %s\n", title)
	if text != "" {
		t.line("%s\n", text)
	}
	t.line("| %s |", strings.Join(columns, " | "))
	t.line("|---%s|", strings.Repeat("|--:", len(columns)-1))
}

// row writes a row unless none of its cells, after the first, has a value.
func (t *table) row(cells ...string) {
	for _, c := range cells[1:] {
		if c != none {
			t.line("| %s |", strings.Join(cells, " | "))
			return
		}
	}
}

const none = "–"

func (t *table) goals() {
	t.head("Goals", "Of gomas, over TCP and in JSON where nothing else is said.", "", "goal", "measured", "met")
	for _, g := range goals {
		measured, met := none, none
		if v, ok := g.value(t.r); ok {
			measured, met = g.amount(v), "no"
			if g.met(v) {
				met = "yes"
			}
		}
		t.line("| %s | %s | %s | %s |", g.what, g, measured, met)
	}
}

func (t *table) calls(where section) {
	t.head("Calls: "+where.title, where.text, "add(a, b)", "one caller, p50 µs", "× limit", "p99 µs", "64 callers, calls/s", "of limit", "p99 µs",
		"1024 callers, calls/s", "allocations", "CPU µs, one caller", "CPU µs, 64 callers")
	limit := limitOf(where.Place)
	for _, p := range in(where.Place) {
		one, many := of(p.String(), measure.One), of(p.String(), measure.Many)
		t.row(name(p),
			t.micros(one, p50), t.ratio(one, of(limit, measure.One), p50), t.micros(one, p99),
			t.count(many, rate), t.ratio(many, of(limit, measure.Many), rate), t.micros(many, p99),
			t.count(of(p.String(), measure.VeryMany), rate),
			t.decimal(one, allocs), t.micros(one, cpu), t.micros(many, cpu))
	}
}

func (t *table) echoes(where section) {
	first := "echo, one caller, p50 µs"
	limited := where.Limit() == where.Place // the limit of elsewhere does not copy texts
	if limited {
		first += " (× limit)"
	}
	columns := []string{first}
	for _, n := range measure.Texts {
		columns = append(columns, size(n))
	}
	longest := measure.Texts[len(measure.Texts)-1]
	columns = append(columns, "KiB allocated for "+size(longest))
	t.head("Texts: "+where.title, "", columns...)
	for _, p := range in(where.Place) {
		cells := []string{name(p)}
		for _, n := range measure.Texts {
			here, limit := of(p.String(), measure.Echo(n)), of(limitOf(where.Place), measure.Echo(n))
			cell := t.micros(here, p50)
			if limited && cell != none {
				cell += " (" + t.ratio(here, limit, p50) + ")"
			}
			cells = append(cells, cell)
		}
		cells = append(cells, t.cell(of(p.String(), measure.Echo(longest)), bytes, func(v float64) string { return thousands(v / 1024) }))
		t.row(cells...)
	}
}

func (t *table) bounds() {
	t.head("Bounded calls", "By a minute, which no call takes; the context for all calls by an hour. In brackets the ratio to calls without a bound. "+
		"Contexts of a local network are made by clock.WithTimeout.",
		"", "64 callers, own time-out, calls/s", "64 callers, context.WithTimeout, calls/s", "one caller, one context with a deadline for all calls, p50 µs")
	for _, p := range peers.All() {
		ratio := func(w measure.Work, b measure.Bound, f figure, cell string) string {
			if cell == none {
				return none
			}
			return cell + " (" + t.ratio(of(p.String(), w.With(b)), of(p.String(), w), f) + ")"
		}
		many, one := measure.Many, measure.One
		t.row(string(p.Place)+": "+name(p),
			ratio(many, measure.Timeout, rate, t.count(of(p.String(), many.With(measure.Timeout)), rate)),
			ratio(many, measure.Context, rate, t.count(of(p.String(), many.With(measure.Context)), rate)),
			ratio(one, measure.Deadline, p50, t.micros(of(p.String(), one.With(measure.Deadline)), p50)))
	}
}

func (t *table) connections() {
	t.head("1,000 connections with 8 callers each", "The memory is that of both ends, without the kernel's, after one call.",
		"TCP", "calls/s", "to 64 callers on one", "p99 µs", "CPU µs", "kB for an idle connection")
	for _, p := range in(peers.TCP) {
		here := of(p.String(), measure.Spread)
		t.row(name(p), t.count(here, rate), t.ratio(here, of(p.String(), measure.Many), rate), t.micros(here, p99), t.micros(here, cpu),
			t.cell(here, idle, func(v float64) string { return decimal(v / 1000) }))
	}
}

func (t *table) crowds() {
	t.head("Idle actors", "100,000 of them, each with one function.", "", "bytes each", "made a second")
	for _, p := range in(peers.Inside) {
		here := of(p.String(), measure.Crowd)
		t.row(name(p), t.count(here, idle), t.count(here, made))
	}
}

// in returns the peers in a place.
func in(where peers.Place) []*peers.Peer {
	var all []*peers.Peer
	for _, p := range peers.All() {
		if p.Place == where {
			all = append(all, p)
		}
	}
	return all
}

func name(p *peers.Peer) string {
	switch {
	case p.Ours:
		return "**" + p.Name + "**"
	case p.Limit:
		return "*" + p.Name + "*"
	default:
		return p.Name
	}
}

// cell returns a figure as text.
func (t *table) cell(p place, f figure, text func(float64) string) string {
	v, ok := t.r.median(p, f)
	if !ok {
		return none
	}
	return text(v)
}

func (t *table) count(p place, f figure) string   { return t.cell(p, f, thousands) }
func (t *table) decimal(p place, f figure) string { return t.cell(p, f, decimal) }

func (t *table) micros(p place, f figure) string {
	return t.cell(p, f, func(ns float64) string {
		switch us := ns / 1000; {
		case us < 10:
			return fmt.Sprintf("%.2f", us)
		case us < 100:
			return decimal(us)
		default:
			return thousands(us)
		}
	})
}

func (t *table) ratio(p, to place, f figure) string {
	v, ok := t.r.ratio(p, to, f)
	if !ok {
		return none
	}
	return fmt.Sprintf("%.2f", v)
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

// thousands rounds to three digits and separates thousands: 1,230,000.
func thousands(v float64) string {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64)
	if err != nil {
		return none
	}
	s := strconv.FormatFloat(rounded, 'f', 0, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func size(n int) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d B", n)
	case n < 1<<20:
		return fmt.Sprintf("%d KiB", n>>10)
	default:
		return fmt.Sprintf("%d MiB", n>>20)
	}
}
