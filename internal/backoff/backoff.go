// Package backoff spaces attempts that fail.
package backoff

import (
	"math/rand/v2"
	"time"

	"github.com/gomas/gomas/turn"
)

// The first pause, and the longest.
const (
	First   = 20 * time.Millisecond
	Longest = 10 * time.Second
)

// Backoff is a sequence of pauses that grow. The zero value is at its start.
type Backoff struct {
	failures int
}

// draw draws a number from 0 up to 1 for code that has the turn t: from the
// random numbers of its network, if that decides everything.
func draw(t turn.Turn) float64 {
	if s, ok := turn.SchedulerOf(t).(interface{ Float64() float64 }); ok {
		return s.Float64()
	}
	return rand.Float64()
}

// Next returns the pause after one more failure. Each is about 1.6 times the
// one before, up to [Longest], and differs from that by up to a quarter at
// random, so that many who failed together do not come back together. t is the
// turn of who pauses, or nil.
func (b *Backoff) Next(t turn.Turn) time.Duration {
	pause := float64(First)
	for range b.failures {
		if pause *= 1.6; pause > float64(Longest) {
			pause = float64(Longest)
			break
		}
	}
	b.failures++
	return time.Duration(pause * (0.75 + 0.5*draw(t)))
}

// Reset goes back to the start, after a success.
func (b *Backoff) Reset() { b.failures = 0 }
