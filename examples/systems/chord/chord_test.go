package chord

import (
	"testing"

	"pgregory.net/rapid"
)

func TestWithinGoesRoundTheRing(t *testing.T) {
	for _, c := range []struct {
		id, after, before int
		within            bool
	}{
		{5, 3, 9, true},
		{3, 3, 9, false},
		{9, 3, 9, false},
		{15, 9, 3, true},
		{0, 9, 3, true},
		{5, 9, 3, false},
		{5, 3, 3, true},
		{3, 3, 3, false},
	} {
		if got := Ring(4).Within(c.id, c.after, c.before); got != c.within {
			t.Errorf("%d after %d and before %d: %v", c.id, c.after, c.before, got)
		}
	}
}

func TestDistanceIsWhatIsAdded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ring := Ring(rapid.IntRange(1, maxRing).Draw(t, "ring"))
		id := rapid.IntRange(0, 1<<ring-1).Draw(t, "id")
		d := rapid.IntRange(0, 1<<ring-1).Draw(t, "d")
		if to := ring.Add(id, d); to < 0 || to >= 1<<ring || ring.Distance(id, to) != d {
			t.Errorf("%d on from %d is %d", d, id, to)
		}
	})
}

func TestAKeyBelongsToItsSuccessor(t *testing.T) {
	nodes := inOrder([]Ref{{ID: 40}, {ID: 10}, {ID: 20}})
	for key, want := range map[int]int{0: 10, 10: 10, 11: 20, 20: 20, 39: 40, 41: 10} {
		if got := owner(nodes, key).ID; got != want {
			t.Errorf("key %d belongs to %d", key, got)
		}
	}
}

func TestANodeForgetsOneThatIsGoneEverywhere(t *testing.T) {
	gone, other := Ref{ID: 7}, Ref{ID: 9}
	n := Node{self: Ref{ID: 3}, predecessor: &gone, successors: []Ref{gone, other}, fingers: []Ref{gone, other}}
	n.forget(gone)
	if n.predecessor != nil || len(n.successors) != 1 || n.successors[0] != other || n.fingers[0] != (Ref{}) || n.fingers[1] != other {
		t.Errorf("%+v", n.state())
	}
	n.forget(other)
	if len(n.successors) != 1 || n.successors[0] != n.self {
		t.Errorf("alone, its successors are %v", n.successors)
	}
}

func TestNodesKnowTheirPlaceWhenAllIsRight(t *testing.T) {
	nodes := []Ref{{ID: 1}, {ID: 5}, {ID: 9}}
	states := []State{
		{&nodes[2], []Ref{nodes[1], nodes[2]}},
		{&nodes[0], []Ref{nodes[2], nodes[0]}},
		{&nodes[1], []Ref{nodes[0], nodes[1]}},
	}
	if !right(nodes, states) {
		t.Error("what is right is found wrong")
	}
	for name, wrong := range map[string]State{
		"no predecessor":       {nil, states[1].Successors},
		"a wrong predecessor":  {&nodes[2], states[1].Successors},
		"too few successors":   {states[1].Predecessor, []Ref{nodes[2]}},
		"a successor left out": {states[1].Predecessor, []Ref{nodes[0], nodes[2]}},
	} {
		if right(nodes, []State{states[0], wrong, states[2]}) {
			t.Errorf("%s is found right", name)
		}
	}
}
