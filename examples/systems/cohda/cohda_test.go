package cohda

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

func TestTheKnownInstanceHasOneExactSolution(t *testing.T) {
	in := Known()
	all := make([]Schedule, len(in.Units))
	for i, schedules := range in.Units {
		all[i] = schedules[len(schedules)-1]
	}
	if e := Error(in.Target, all); e != 0 {
		t.Errorf("the greatest schedules miss the target by %v", e)
	}
	all[3] = in.Units[3][3]
	if e := Error(in.Target, all); e != 14 {
		t.Errorf("with one that is smaller it is %v", e)
	}
}

func TestOptimumIsTheLeastErrorOfAllSolutions(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		in := Generate(random, 3, 4, 2)
		best := in.Volume()
		for _, a := range in.Units[0] {
			for _, b := range in.Units[1] {
				for _, c := range in.Units[2] {
					best = min(best, Error(in.Target, []Schedule{a, b, c}))
				}
			}
		}
		if got := in.Optimum(); got > best+1e-9 || got < best-1e-9 {
			t.Errorf("%v, not %v", got, best)
		}
	}
}

func TestNeighboursKnowEachOtherAndEveryoneCanBeReached(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 20).Draw(t, "n")
		neighbours := Neighbours(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)), n)
		mutual := make(map[[2]int]bool)
		for i, known := range neighbours {
			for _, j := range known {
				mutual[[2]int{i, j}] = true
			}
		}
		for pair := range mutual {
			if pair[0] == pair[1] || !mutual[[2]int{pair[1], pair[0]}] {
				t.Errorf("%d knows %d", pair[0], pair[1])
			}
		}
		reached, next := map[int]bool{0: true}, []int{0}
		for len(next) > 0 {
			for _, j := range neighbours[next[0]] {
				if !reached[j] {
					reached[j] = true
					next = append(next, j)
				}
			}
			next = next[1:]
		}
		if len(reached) != n {
			t.Errorf("only %d of %d can be reached", len(reached), n)
		}
	})
}

// memory draws what some of three units may know in a negotiation.
func memory(t *rapid.T, name string) Memory {
	units := rapid.SliceOfN(rapid.IntRange(0, 2), 3, 3).Draw(t, name)
	m := Memory{Target: Schedule{3}, Best: Candidate{By: rapid.IntRange(0, 2).Draw(t, name+" by")}}
	for _, u := range units {
		s := Schedule{float64(u)}
		if u == 0 {
			s = nil
		}
		m.Selections = append(m.Selections, Selection{u, s})
		m.Best.Schedules = append(m.Best.Schedules, s)
	}
	m.Best.Error = Error(m.Target, m.Best.Schedules)
	return m
}

func TestWhatHasBeenMergedIsNothingNew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mine, theirs := memory(t, "mine"), memory(t, "theirs")
		mine.merge(&theirs, 0)
		if mine.merge(&theirs, 0) {
			t.Errorf("%+v has something new from %+v", mine, theirs)
		}
		for i, s := range theirs.Selections {
			if mine.Selections[i].Count < s.Count {
				t.Errorf("the selection of unit %d was lost", i)
			}
		}
		if !mine.Best.covers(&theirs.Best) {
			t.Errorf("%+v knows less than %+v", mine.Best, theirs.Best)
		}
	})
}

func TestTwoThatTellEachOtherAllAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := memory(t, "a"), memory(t, "b")
		a.Best.By, b.Best.By = 0, 1 // nobody finds two of the same value
		for range 3 {
			a.merge(&b, 0)
			b.merge(&a, 1)
		}
		if !reflect.DeepEqual(a.Best, b.Best) {
			t.Errorf("%+v and %+v", a.Best, b.Best)
		}
	})
}

func TestChoosingNeverMakesTheBestWorseAndSelectsIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := memory(t, "memory")
		before := m.Best
		m.choose(1, []Schedule{{1}, {2}})
		if before.covers(&m.Best) && m.Best.Error > before.Error {
			t.Errorf("%+v became %+v", before, m.Best)
		}
		if !reflect.DeepEqual(m.Selections[1].Schedule, m.Best.Schedules[1]) {
			t.Errorf("%+v selects another schedule than %+v", m.Selections[1], m.Best)
		}
		if m.choose(1, []Schedule{{1}, {2}}) {
			t.Error("choosing again changes something")
		}
	})
}

func TestAUnitNeedsSchedulesThatAreEquallyLong(t *testing.T) {
	for name, schedules := range map[string][]Schedule{"none": nil, "of two lengths": {{1}, {1, 2}}} {
		if _, err := NewUnit(nil, 0, schedules); err == nil {
			t.Errorf("%s is enough", name)
		}
	}
	short := Memory{Target: Schedule{1, 2}, Selections: []Selection{{1, Schedule{1}}}}
	if short.fits(2) {
		t.Error("a memory with a schedule of another length fits")
	}
}
