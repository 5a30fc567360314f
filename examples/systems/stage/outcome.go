package stage

import (
	"fmt"
	"strings"
)

// Outcome is what came out of a system.
type Outcome struct {
	Summary  string   // in a sentence
	Messages int      // of the algorithm, from agent to agent
	Figures  []Figure // what came out and what is known about it
}

// OK reports whether every figure is as it is known to be.
func (o *Outcome) OK() bool {
	for _, f := range o.Figures {
		if !f.OK() {
			return false
		}
	}
	return len(o.Figures) > 0
}

// String returns the summary and the figures, a line each.
func (o *Outcome) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%d messages\n", o.Summary, o.Messages)
	for _, f := range o.Figures {
		fmt.Fprintln(&b, f)
	}
	return b.String()
}

// Figure is a number that came out, and the numbers between which it must be.
type Figure struct {
	Name           string
	Got, Low, High float64
}

// Exactly is a figure that must be what is known.
func Exactly[N ~int | ~float64](name string, got, want N) Figure {
	return Figure{name, float64(got), float64(want), float64(want)}
}

// Near is a figure that must be what is known, give or take.
func Near(name string, got, want, give float64) Figure {
	return Figure{name, got, want - give, want + give}
}

// AtMost is a figure, not negative, that must not exceed a bound.
func AtMost(name string, got, bound float64) Figure { return Figure{name, got, 0, bound} }

// OK reports whether the figure is as it is known to be.
func (f Figure) OK() bool { return f.Low <= f.Got && f.Got <= f.High }

// Want returns what is known, as a text.
func (f Figure) Want() string {
	switch {
	case f.Low == f.High:
		return fmt.Sprintf("%.10g", f.High)
	case f.Low == 0:
		return fmt.Sprintf("at most %.3g", f.High)
	}
	return fmt.Sprintf("%.10g ± %.2g", (f.Low+f.High)/2, (f.High-f.Low)/2)
}

// String returns the figure as a line: "λ: 9.148261 (known: 9.14826 ± 5e-06)".
func (f Figure) String() string {
	verdict := ""
	if !f.OK() {
		verdict = " WRONG"
	}
	return fmt.Sprintf("%s: %.10g (known: %s)%s", f.Name, f.Got, f.Want(), verdict)
}
