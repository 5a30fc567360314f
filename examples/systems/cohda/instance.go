package cohda

import (
	"math"
	"math/rand/v2"
)

// Instance is a problem: a target, and for each unit the schedules of which it
// chooses one.
type Instance struct {
	Target Schedule
	Units  [][]Schedule
}

// Known returns the instance whose only exact solution everybody finds: ten
// units that can produce up to 11 in each of five intervals, and must, since
// the target is 110.
func Known() Instance {
	in := Instance{Target: Schedule{110, 110, 110, 110, 110}}
	for range 10 {
		in.Units = append(in.Units, []Schedule{
			{1, 1, 1, 1, 1}, {4, 3, 3, 3, 3}, {6, 6, 6, 6, 6}, {9, 8, 8, 8, 8}, {11, 11, 11, 11, 11},
		})
	}
	return in
}

// Generate draws an instance: each schedule is a load below ten that fluctuates
// by a tenth, and the target is within a tenth of what units produce together
// that choose blindly.
func Generate(random *rand.Rand, units, choices, intervals int) Instance {
	in := Instance{Target: make(Schedule, intervals), Units: make([][]Schedule, units)}
	about := func(value float64) float64 { return value * (0.9 + 0.2*random.Float64()) }
	for i := range in.Units {
		in.Units[i] = make([]Schedule, choices)
		for j := range in.Units[i] {
			load := 10 * random.Float64()
			s := make(Schedule, intervals)
			for t := range s {
				s[t] = about(load)
			}
			in.Units[i][j] = s
		}
	}
	for t := range in.Target {
		in.Target[t] = about(5 * float64(units))
	}
	return in
}

// Volume returns the sum of the target.
func (in *Instance) Volume() float64 {
	sum := 0.0
	for _, v := range in.Target {
		sum += v
	}
	return sum
}

// Optimum returns the error of the best solution, which it finds by trying all of
// them.
func (in *Instance) Optimum() float64 {
	// left[i] is what is missing when the units before i have chosen.
	left := make([]Schedule, len(in.Units)+1)
	for i := range left {
		left[i] = make(Schedule, len(in.Target))
	}
	copy(left[0], in.Target)
	best := math.Inf(1)
	var try func(unit int)
	try = func(unit int) {
		if unit == len(in.Units) {
			total := 0.0
			for _, v := range left[unit] {
				total += math.Abs(v)
			}
			best = min(best, total)
			return
		}
		for _, s := range in.Units[unit] {
			for t, v := range left[unit] {
				left[unit+1][t] = v - s[t]
			}
			try(unit + 1)
		}
	}
	try(0)
	return best
}

// Neighbours draws who knows whom in a small world: a ring, and half as many
// connections across it as there are units.
func Neighbours(random *rand.Rand, units int) [][]int {
	know := make([][]bool, units)
	for i := range know {
		know[i] = make([]bool, units)
	}
	meet := func(i, j int) {
		if i != j {
			know[i][j], know[j][i] = true, true
		}
	}
	for i := range units {
		meet(i, (i+1)%units)
	}
	for range units / 2 {
		meet(random.IntN(units), random.IntN(units))
	}
	neighbours := make([][]int, units)
	for i := range know {
		for j, known := range know[i] {
			if known {
				neighbours[i] = append(neighbours[i], j)
			}
		}
	}
	return neighbours
}
