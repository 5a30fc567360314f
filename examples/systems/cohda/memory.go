package cohda

import (
	"math"
	"slices"
)

// Schedule is the power of a unit in each interval.
type Schedule []float64

// Selection is what a unit has chosen, as far as is known.
type Selection struct {
	Count    int      `json:"count"` // its choices so far, 0 if it is not known
	Schedule Schedule `json:"schedule"`
}

// Candidate is a solution: a schedule for each unit, by its number, nil for
// those that it knows nothing of.
type Candidate struct {
	By        int        `json:"by"` // the unit that has found it
	Error     float64    `json:"error"`
	Schedules []Schedule `json:"schedules"`
}

// Memory is what a unit knows, and tells its neighbours.
type Memory struct {
	Target     Schedule    `json:"target"`
	Selections []Selection `json:"selections"` // by the unit's number
	Best       Candidate   `json:"best"`
}

// fits reports whether all schedules are of a length.
func (m *Memory) fits(length int) bool {
	for _, s := range m.Selections {
		if !equallyLong(length, s.Schedule) {
			return false
		}
	}
	return len(m.Target) == length && equallyLong(length, m.Best.Schedules...)
}

// Error returns how far the sum of schedules is from a target, all intervals
// together.
func Error(target Schedule, schedules []Schedule) float64 {
	total := 0.0
	for t, want := range target {
		for _, s := range schedules {
			if s != nil {
				want -= s[t]
			}
		}
		total += math.Abs(want)
	}
	return total
}

// covers reports whether c knows of all units that d knows of.
func (c *Candidate) covers(d *Candidate) bool {
	for i, s := range d.Schedules {
		if s != nil && (i >= len(c.Schedules) || c.Schedules[i] == nil) {
			return false
		}
	}
	return true
}

// merge takes over what another memory knows better, for the unit of a number,
// and reports whether there was such a thing.
func (m *Memory) merge(other *Memory, unit int) (changed bool) {
	if m.Target == nil {
		m.Target, changed = other.Target, true
	}
	for i, theirs := range other.Selections {
		if i == len(m.Selections) {
			m.Selections = append(m.Selections, Selection{})
		}
		if theirs.Count > m.Selections[i].Count {
			m.Selections[i], changed = theirs, true
		}
	}
	return m.mergeBest(&other.Best, unit) || changed
}

// mergeBest keeps the candidate that knows of more units, the better one if both
// know of the same, and, so that all come to the same end, that of the greater
// number if they are equally good. Where each knows of units that the other does
// not, a new one is made of both.
func (m *Memory) mergeBest(theirs *Candidate, unit int) (changed bool) {
	switch mine := &m.Best; {
	case !mine.covers(theirs) && !theirs.covers(mine):
		both := slices.Clone(mine.Schedules)
		for i, s := range theirs.Schedules {
			if i == len(both) {
				both = append(both, nil)
			}
			if both[i] == nil {
				both[i] = s
			}
		}
		m.Best = Candidate{By: unit, Error: Error(m.Target, both), Schedules: both}
	case !theirs.covers(mine):
		return false
	case !mine.covers(theirs), theirs.Error < mine.Error, theirs.Error == mine.Error && theirs.By > mine.By:
		m.Best = *theirs
	default:
		return false
	}
	return true
}

// choose looks for the schedule with which the unit of a number does best, given
// what the others have selected. It becomes a new candidate if that knows of more
// units or is better than the best so far, whose schedule the unit selects
// otherwise. It reports whether anything has changed.
func (m *Memory) choose(unit int, schedules []Schedule) (changed bool) {
	for len(m.Selections) <= unit {
		m.Selections = append(m.Selections, Selection{})
	}
	found := Candidate{By: unit, Error: math.Inf(1)}
	system := make([]Schedule, len(m.Selections))
	for i, s := range m.Selections {
		system[i] = s.Schedule
	}
	for _, own := range schedules {
		system[unit] = own
		if e := Error(m.Target, system); e < found.Error {
			found.Error, found.Schedules = e, slices.Clone(system)
		}
	}
	if found.Error < m.Best.Error || !m.Best.covers(&found) {
		m.Best, changed = found, true
	}
	selected, best := &m.Selections[unit], m.Best.Schedules[unit]
	if !slices.Equal(selected.Schedule, best) {
		selected.Count++
		selected.Schedule, changed = best, true
	}
	return changed
}
