package rpc

import (
	"testing"
	"time"
)

func TestAFunctionIsKnownAsQuickIfNearlyAllItsRunsAre(t *testing.T) {
	const quick, slow, long = quickRun, quickRun + 1, longRun
	repeat := func(n int, runs ...time.Duration) (all []time.Duration) {
		for range n {
			all = append(all, runs...)
		}
		return all
	}
	join := func(parts ...[]time.Duration) (all []time.Duration) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	for name, test := range map[string]struct {
		runs []time.Duration
		want bool
	}{
		"before it has run":                     {nil, false},
		"after a few quick runs":                {repeat(knownQuick-1, quick), false},
		"after some":                            {repeat(knownQuick, quick), true},
		"after slow ones":                       {repeat(1000, slow), false},
		"if half of them are slow":              {repeat(1000, quick, slow), false},
		"if one in a hundred is slow":           {repeat(100, join(repeat(99, quick), repeat(1, slow))...), true},
		"right after one that has waited":       {join(repeat(1000, quick), repeat(1, long)), false},
		"some hundred runs after that":          {join(repeat(1, long), repeat(-longScore, quick)), false},
		"a thousand runs after that":            {join(repeat(1, long), repeat(knownQuick-longScore, quick)), true},
		"if one in a hundred waits":             {repeat(1000, join(repeat(1, long), repeat(99, quick))...), false},
		"where the clock does not see them run": {repeat(1000, 0), false},
	} {
		var p pace
		for _, d := range test.runs {
			p.took(d)
		}
		if p.quick() != test.want {
			t.Errorf("%s: it is known as quick: %v", name, p.quick())
		}
	}
}

func TestAnyPatternOfCallsHasSomeMeasured(t *testing.T) {
	var p pace
	if !p.wanted(0) {
		t.Error("a run with a goroutine of its own is not measured")
	}
	for period := range uint64(100) {
		n := 0
		for i := range uint64(1000) {
			if p.wanted(1 + i*(period+1)) {
				n++
			}
		}
		if n < 50 || n > 250 {
			t.Errorf("of every loan number %d, %d of 1000 are measured", period+1, n)
		}
	}
}
