// Package measure has peers work, and measures it.
package measure

import (
	"fmt"

	"github.com/gomas/gomas/bench/peers"
)

// Bound says how each call is bounded.
type Bound string

// The ways to bound calls, by more than any of them takes.
const (
	None     Bound = ""                    // not at all
	Timeout  Bound = "own time-out"        // by the library's own means
	Context  Bound = "context.WithTimeout" // by a new context for each call; see [peers.Peer.WithTimeout]
	Deadline Bound = "deadline"            // by one context with a deadline for all calls
)

// Work is what a peer does while it is measured. Callers add, or echo a text,
// one call after another; or, if there is Crowd, actors are made.
type Work struct {
	Connections int // with Callers on each
	Callers     int
	Text        int // the bytes to echo; 0 is to add
	Bound       Bound
	Crowd       int // the idle actors to make
}

// String names the work: "64 callers, own time-out".
func (w Work) String() string {
	if w.Crowd > 0 {
		return fmt.Sprintf("%d actors", w.Crowd)
	}
	s := "one caller"
	if w.Callers > 1 {
		s = fmt.Sprintf("%d callers", w.Callers)
	}
	if w.Connections > 1 {
		s += fmt.Sprintf(" on each of %d connections", w.Connections)
	}
	if w.Text > 0 {
		s += fmt.Sprintf(", echo of %d", w.Text)
	}
	if w.Bound != None {
		s += ", " + string(w.Bound)
	}
	return s
}

// The works.
var (
	One      = Work{Connections: 1, Callers: 1}
	Many     = Work{Connections: 1, Callers: 64}
	VeryMany = Work{Connections: 1, Callers: 1024}
	// Spread is as many connections as a busy server has.
	Spread = Work{Connections: 1000, Callers: 8}
	Crowd  = Work{Crowd: 100_000}
	// Texts are the lengths that are echoed, in bytes.
	Texts = []int{32, 1 << 10, 64 << 10, 1 << 20}
)

// Echo is the work of one caller with a text.
func Echo(size int) Work { return Work{Connections: 1, Callers: 1, Text: size} }

// With returns the work with bounded calls.
func (w Work) With(b Bound) Work {
	w.Bound = b
	return w
}

// Works returns what a peer is measured at.
func Works(p *peers.Peer) []Work {
	works := []Work{One, Many, VeryMany}
	for _, size := range Texts {
		works = append(works, Echo(size))
	}
	if p.Place != peers.IPC { // where nothing of this is any different
		if p.Timeout != nil {
			works = append(works, Many.With(Timeout))
		}
		if p.Contexts {
			works = append(works, Many.With(Context), One.With(Deadline))
		}
		if p.Connections && p.Place != peers.Local { // one task at a time, however many
			works = append(works, Spread)
		}
	}
	if p.Crowd != nil {
		works = append(works, Crowd)
	}
	return works
}
