package local

import (
	"fmt"
	"slices"
	"strings"
)

// eventsBefore is how many events a [Difference] has of those before it.
const eventsBefore = 5

// Difference is where two traces begin to differ.
type Difference struct {
	N      uint64   // number of the event
	A, B   *Event   // the event in each; nil: that trace has ended before
	Fields []string // names of the fields that differ, as in JSON; none if a trace has ended
	Before []Event  // the last events before, which are the same in both
	From   uint64   // number of the first event that was compared
}

// Compare returns where two traces begin to differ, nil if they are the same. It
// takes events of whole traces, or of traces that have kept their last events; those
// are compared from the first event on that both have, by their numbers, and
// nothing is known about those before. Events out of which some have been taken, as
// [Messages] does, are compared one after the other, whatever their numbers.
//
// Events do not have all of a long content; two runs are certainly the same only if
// [Trace.Hash] is, too.
func Compare(a, b []Event) *Difference {
	if whole(a) && whole(b) {
		a, b = overlap(a, b)
	}
	i := 0
	for i < len(a) && i < len(b) && same(&a[i], &b[i]) {
		i++
	}
	if i == len(a) && i == len(b) {
		return nil
	}
	d := &Difference{}
	if i < len(a) {
		e := a[i]
		d.A, d.N, d.From = &e, e.N, a[0].N
	}
	if i < len(b) {
		e := b[i]
		d.B, d.N, d.From = &e, e.N, b[0].N
	}
	if d.A != nil && d.B != nil {
		for _, f := range changed(d.A, d.B) {
			d.Fields = append(d.Fields, f.name)
		}
	}
	d.Before = slices.Clone(a[max(0, i-eventsBefore):i])
	return d
}

// whole reports whether no event is missing between the first and the last.
func whole(events []Event) bool {
	return len(events) == 0 || events[len(events)-1].N-events[0].N == uint64(len(events)-1)
}

// overlap cuts off what is before the first event that both may have.
func overlap(a, b []Event) (_, _ []Event) {
	if len(a) == 0 || len(b) == 0 {
		return a, b
	}
	from := max(a[0].N, b[0].N)
	return a[min(from-a[0].N, uint64(len(a))):], b[min(from-b[0].N, uint64(len(b))):]
}

// same reports whether two events are the same but for their numbers.
func same(a, b *Event) bool {
	x := *a
	x.N = b.N
	return x == *b
}

// change is a field that two events differ in.
type change struct{ name, a, b string }

// changed returns the fields that two events differ in, in the order of JSON.
func changed(a, b *Event) (changes []change) {
	for _, c := range [...]change{
		{"time", a.Time.String(), b.Time.String()},
		{"sent", a.Sent.String(), b.Sent.String()},
		{"kind", string(a.Kind), string(b.Kind)},
		{"from", a.From, b.From},
		{"to", a.To, b.To},
		{"link", fmt.Sprint(a.Link), fmt.Sprint(b.Link)},
		{"message", a.Message, b.Message},
		{"id", fmt.Sprint(a.ID), fmt.Sprint(b.ID)},
		{"path", a.Path, b.Path},
		{"content", a.Content, b.Content},
		{"size", fmt.Sprint(a.Size), fmt.Sprint(b.Size)},
		{"outcome", a.Outcome, b.Outcome},
		{"note", a.Note, b.Note},
	} {
		if c.a != c.b {
			changes = append(changes, c)
		}
	}
	return changes
}

// String returns the difference as text of several lines: the events before it, the
// event in A after a minus sign and that in B after a plus sign, and what each field
// is that differs. For nil it says that there is none.
func (d *Difference) String() string {
	if d == nil {
		return "the traces are the same\n"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "the traces differ at event %d", d.N)
	if len(d.Fields) > 0 {
		fmt.Fprintf(&b, ", in %s", strings.Join(d.Fields, ", "))
	}
	if d.From > 0 {
		fmt.Fprintf(&b, " (compared from event %d on)", d.From)
	}
	b.WriteByte('\n')

	lines, numbers, signs := d.events()
	width := 0
	for _, n := range numbers {
		width = max(width, len(fmt.Sprint(n)))
	}
	for i, line := range lines {
		fmt.Fprintf(&b, "%1s %*d  %s\n", signs[i], width, numbers[i], line)
	}
	if d.A == nil {
		b.WriteString("- the end\n")
	}
	if d.B == nil {
		b.WriteString("+ the end\n")
	}
	if d.A != nil && d.B != nil {
		for _, c := range changed(d.A, d.B) {
			fmt.Fprintf(&b, "  %s: %s ≠ %s\n", c.name, quoted(c.a), quoted(c.b))
		}
	}
	return b.String()
}

// events returns the events as aligned lines, with their numbers and signs.
func (d *Difference) events() (lines []string, numbers []uint64, signs []string) {
	var all []Event
	add := func(sign string, events ...Event) {
		for _, e := range events {
			all = append(all, e)
			numbers, signs = append(numbers, e.N), append(signs, sign)
		}
	}
	add("", d.Before...)
	if d.A != nil {
		add("-", *d.A)
	}
	if d.B != nil {
		add("+", *d.B)
	}
	table := rows(all, anyLong(all))
	if d.A != nil && d.B != nil {
		// Both have the same story before them, so that each may be the reply to
		// the same call.
		inB := rows(append(slices.Clone(d.Before), *d.B), anyLong(all))
		table[len(table)-1] = inB[len(inB)-1]
	}
	return align(table), numbers, signs
}

// quoted returns text that can be seen, and does not break the line.
func quoted(text string) string {
	if text == "" || oneLine(text) != text {
		return fmt.Sprintf("%q", text)
	}
	return text
}
