package stage

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestRoundsComeCompleteAndInOrderHoweverMessagesDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		neighbours, rounds := rapid.IntRange(1, 4).Draw(t, "neighbours"), rapid.IntRange(1, 4).Draw(t, "rounds")
		var all [][2]int
		for round := range rounds {
			for from := range neighbours {
				all = append(all, [2]int{round, from})
			}
		}
		all = rapid.Permutation(all).Draw(t, "order of arrival")
		var r Rounds[int]
		var got []int
		for _, m := range all {
			r.Put(m[0], m[1], 10*m[0]+m[1])
			for {
				messages, complete := r.Next(neighbours)
				if !complete {
					break
				}
				got = append(got, messages...)
			}
		}
		if len(got) != len(all) || !slices.IsSorted(got) || r.Now != rounds {
			t.Fatalf("%v came as %v", all, got)
		}
	})
}
