package measure

import (
	"math"
	"math/bits"
	"sync/atomic"
)

// A histogram counts durations in buckets that are 3 % wide at most, so that
// counting needs no memory. The idea is that of HdrHistogram: the power of two,
// and the next few bits. Several may add at a time; nothing else may go on then.
type histogram [(64 - steps) << steps]uint32

// steps is how many bits below the highest one count.
const steps = 5

// add counts n durations of d ns, which must not be negative.
func (h *histogram) add(d int64, n int) {
	atomic.AddUint32(&h[bucket(uint64(d))], uint32(n))
}

func bucket(d uint64) int {
	if d < 1<<steps {
		return int(d)
	}
	shift := bits.Len64(d) - steps - 1
	return shift<<steps + int(d>>shift)
}

// bounds returns the durations that a bucket begins and ends with.
func bounds(i int) (from, to float64) {
	if i < 1<<steps {
		return float64(i), float64(i + 1)
	}
	shift := i>>steps - 1
	from = math.Ldexp(float64(i-shift<<steps), shift)
	return from, from + math.Ldexp(1, shift)
}

// merge adds what another one has counted.
func (h *histogram) merge(other *histogram) {
	for i, n := range other {
		h[i] += n
	}
}

// quantile returns the duration which a share of all, such as 0.99, do not
// exceed: within its bucket as if those there were spread evenly. It is 0 if
// there are none.
func (h *histogram) quantile(share float64) float64 {
	total := 0.0
	for _, n := range h {
		total += float64(n)
	}
	rest := share * total
	for i, n := range h {
		if n > 0 && rest <= float64(n) {
			from, to := bounds(i)
			return from + (to-from)*rest/float64(n)
		}
		rest -= float64(n)
	}
	return 0
}
