package channel

import (
	"testing"

	"pgregory.net/rapid"
)

// callsModel does what calls does, in the simplest way.
type callsModel struct {
	calls
	underway  map[uint64]*call
	abandoned map[uint64]bool // replies of these are still expected
}

// draw draws the id of a call under way, or one of a call that is over.
func (m *callsModel) draw(t *rapid.T) uint64 {
	back := rapid.Uint64Range(0, 40).Draw(t, "back")
	if rapid.Bool().Draw(t, "long ago") {
		back *= 40
	}
	return m.next - back // may wrap around to an id that never was
}

func TestCallsAreFoundByTheirIds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &callsModel{underway: make(map[uint64]*call), abandoned: make(map[uint64]bool)}
		t.Repeat(map[string]func(*rapid.T){
			"begin some": func(t *rapid.T) {
				for range rapid.IntRange(1, 100).Draw(t, "n") {
					c := new(call)
					m.add(c)
					m.underway[c.id] = c
				}
			},
			"a reply": func(t *rapid.T) {
				id := m.draw(t)
				want := m.underway[id]
				delete(m.underway, id)
				if got := m.take(id); got != want {
					t.Fatalf("call %d is %v, want %v", id, got, want)
				}
				if want != nil {
					return
				}
				if got := m.late(id); got != m.abandoned[id] {
					t.Fatalf("late reply %d: %v", id, got)
				}
				delete(m.abandoned, id)
			},
			"most replies": func(t *rapid.T) {
				keep := rapid.Uint64Range(2, 50).Draw(t, "all but every")
				for id, want := range m.underway {
					if id%keep == 0 {
						continue // these stay while the ids go on
					}
					if got := m.take(id); got != want {
						t.Fatalf("call %d is %v, want %v", id, got, want)
					}
					delete(m.underway, id)
				}
			},
			"give up": func(t *rapid.T) {
				id := m.draw(t)
				_, there := m.underway[id]
				if got := m.abandon(id); got != there {
					t.Fatalf("call %d is there: %v", id, got)
				}
				if there {
					delete(m.underway, id)
					m.abandoned[id] = true
				}
			},
			"": func(t *rapid.T) {
				if m.n != len(m.underway) {
					t.Fatalf("%d under way, want %d", m.n, len(m.underway))
				}
				if len(m.calls.abandoned) != len(m.abandoned) {
					t.Fatalf("%d given up, want %d", len(m.calls.abandoned), len(m.abandoned))
				}
			},
		})
		all := m.takeAll()
		if len(all) != len(m.underway) {
			t.Fatalf("%d at the end, want %d", len(all), len(m.underway))
		}
		for i, c := range all {
			if m.underway[c.id] != c || i > 0 && all[i-1].id >= c.id {
				t.Fatalf("call %d at the end, after %d", c.id, all[max(0, i-1)].id)
			}
		}
		if m.n != 0 || len(all) > 0 && m.take(all[0].id) != nil {
			t.Fatal("some are left")
		}
	})
}

func TestCallsThatWereGivenUpTakeBoundedMemory(t *testing.T) {
	var m calls
	for range 3*maxAbandoned + 10 {
		c := new(call)
		m.add(c)
		if !m.abandon(c.id) {
			t.Fatalf("call %d is not there", c.id)
		}
		if len(m.abandoned) > maxAbandoned {
			t.Fatalf("%d are remembered", len(m.abandoned))
		}
	}
	for _, id := range []uint64{0, maxAbandoned, 3*maxAbandoned + 9} {
		if !m.late(id) {
			t.Errorf("the reply to call %d, which was given up, is a fault", id)
		}
	}
	if m.late(m.next) {
		t.Error("the reply to a call that has not begun is late")
	}
}
