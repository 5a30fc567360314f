package rpc

import (
	"sync/atomic"
	"time"
)

// pace is what is known about how long functions take. Those that have been quick
// many times are run on the goroutine that reads the connection.
//
// It is a score. A run that is quick adds one, any other takes many away: so a
// function is known as quick if nearly all its runs are, and one that waits now
// and then, which would hold up the connection until the loan of the goroutine is
// recalled, is not.
//
// A run that takes no time at all says nothing: the clock is coarse, or that of a
// testing/synctest bubble.
type pace struct{ score atomic.Int32 }

const (
	quickRun = 2 * time.Microsecond   // about what starting a goroutine takes, with a stack that is large enough
	longRun  = 100 * time.Microsecond // somebody waited

	knownQuick = 32
	mostScore  = 2 * knownQuick
	slowPoints = 16
	longScore  = -1000
)

// quick reports whether functions are known to be quick.
func (p *pace) quick() bool { return p.score.Load() >= knownQuick }

// wanted reports whether a run is to be measured: some of the quick ones, which
// have a loan, spread so that no pattern of calls keeps one of them from it.
func (p *pace) wanted(loan uint64) bool {
	const golden = 0x9e3779b97f4a7c15 // the golden ratio, as Fibonacci hashing spreads numbers
	return loan == 0 || loan*golden>>61 == 0
}

// took notes how long a run has taken.
func (p *pace) took(d time.Duration) {
	score := p.score.Load()
	switch {
	case d >= longRun:
		p.score.Store(longScore)
	case d > quickRun && score > longScore:
		p.score.Store(max(score-slowPoints, longScore))
	case 0 < d && d <= quickRun && score < mostScore:
		p.score.Add(1)
	}
}
