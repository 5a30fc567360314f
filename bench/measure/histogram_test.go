package measure

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestEveryDurationIsInABucketOfAFewPercent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.Uint64Max(math.MaxInt64).Draw(t, "duration")
		i := bucket(d)
		from, to := bounds(i)
		// From 2^53 on, a float64 rounds.
		if float64(d) < from || float64(d) > to || d < 1<<53 && float64(d) == to {
			t.Fatalf("%d is in bucket %d, from %f to %f", d, i, from, to)
		}
		if width := to - from; width > 1 && width > from/32 {
			t.Fatalf("the bucket of %d is %f wide", d, width)
		}
	})
}

func TestQuantilesAreThoseOfTheSortedDurations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ds := rapid.SliceOfN(rapid.Int64Range(0, 1e10), 1, 200).Draw(t, "durations")
		var h, half histogram
		for i, d := range ds {
			if i%2 == 0 {
				h.add(d, 1)
			} else {
				half.add(d, 1)
			}
		}
		h.merge(&half)
		slices.Sort(ds)
		for _, share := range []float64{0.01, 0.5, 0.99, 1} {
			want := float64(ds[int(math.Ceil(share*float64(len(ds))))-1])
			if got := h.quantile(share); got < want*31/32-1 || got > want*33/32+1 {
				t.Fatalf("quantile %.2f of %v is %f, want about %f", share, ds, got, want)
			}
		}
	})
}

func TestNothingHasNoQuantile(t *testing.T) {
	if got := new(histogram).quantile(0.5); got != 0 {
		t.Errorf("got %f", got)
	}
}
