package main

import (
	"fmt"
	"math/bits"
	"strings"
	"time"
)

// latencies counts durations in buckets that are less than 2 % wide, so that
// any number of them takes the same memory. The zero value is empty. It must
// not be used concurrently.
type latencies struct {
	buckets [64 * bucketsPerDouble]uint64
	n       uint64
	longest time.Duration
}

// From each power of two to the next there are so many buckets.
const (
	bucketBits       = 6
	bucketsPerDouble = 1 << bucketBits
)

func (l *latencies) add(d time.Duration) {
	l.buckets[bucketOf(d)]++
	l.n++
	l.longest = max(l.longest, d)
}

// join adds all that another one has.
func (l *latencies) join(other *latencies) {
	for i, n := range other.buckets {
		l.buckets[i] += n
	}
	l.n += other.n
	l.longest = max(l.longest, other.longest)
}

// percentile returns a duration that p percent, and no less, do not exceed. It
// is up to 2 % too long.
func (l *latencies) percentile(p float64) time.Duration {
	rank := max(1, uint64(float64(l.n)*p/100+0.999999))
	var seen uint64
	for i, n := range l.buckets {
		if seen += n; seen >= rank {
			return min(endOf(i), l.longest)
		}
	}
	return l.longest
}

func (l *latencies) String() string {
	var b strings.Builder
	for _, p := range []float64{50, 90, 99, 99.9} {
		fmt.Fprintf(&b, "p%v %s  ", p, short(l.percentile(p)))
	}
	fmt.Fprintf(&b, "max %s", short(l.longest))
	return b.String()
}

// bucketOf returns the bucket of a duration: its highest bit and those behind.
func bucketOf(d time.Duration) int {
	n := uint64(max(d, 0))
	if n < bucketsPerDouble {
		return int(n)
	}
	shift := bits.Len64(n) - bucketBits - 1
	return (shift+1)<<bucketBits + int(n>>shift&(bucketsPerDouble-1))
}

// endOf returns the longest duration in a bucket.
func endOf(bucket int) time.Duration {
	if bucket < bucketsPerDouble {
		return time.Duration(bucket)
	}
	shift := bucket>>bucketBits - 1
	start := uint64(bucket&(bucketsPerDouble-1)|bucketsPerDouble) << shift
	return time.Duration(start + 1<<shift - 1)
}

// short returns a duration with three digits that count.
func short(d time.Duration) string {
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit).String()
}
