package gomastest

import (
	"fmt"
	"strings"
)

// A diff shows at most so many steps, and so many of those that are as wanted
// before and after others.
const (
	longestDiff = 100
	stepsAround = 4
)

// move is a step through want and got.
type move byte

const (
	asWanted   move = iota // one of each, which fit
	instead                // one of each, which do not fit
	missing                // a line of want for which there is no message
	unexpected             // a message that is not wanted
	among                  // a message that an open line stands for
	enough                 // the end of an open line
)

// moves returns how to get through want and got with as few as possible that are
// not as wanted: the edit distance, as Wagner and Fischer compute it.
func (s *sequence) moves() []move {
	n, m := len(s.want), len(s.got)
	table := make([]move, (n+1)*(m+1))
	cost, below := make([]int, m+1), make([]int, m+1) // of the rest, from line i and i+1 on
	for i := n; i >= 0; i-- {
		for j := m; j >= 0; j-- {
			best, least := asWanted, n+m+1
			consider := func(step move, cost int) {
				if cost < least {
					best, least = step, cost
				}
			}
			switch {
			case i == n && j == m:
				least = 0
			case i < n && s.open(i):
				consider(enough, below[j])
				if j < m {
					consider(among, cost[j+1])
				}
			default:
				if i < n && j < m {
					if s.fits(i, j) {
						consider(asWanted, below[j+1])
					}
					consider(instead, below[j+1]+1)
				}
				if i < n {
					consider(missing, below[j]+1)
				}
				if j < m {
					consider(unexpected, cost[j+1]+1)
				}
			}
			table[i*(m+1)+j], cost[j] = best, least
		}
		cost, below = below, cost
	}
	var path []move
	for i, j := 0, 0; i < n || j < m; {
		step := table[i*(m+1)+j]
		path = append(path, step)
		if step != unexpected && step != among {
			i++
		}
		if step != missing && step != enough {
			j++
		}
	}
	return path
}

// diff returns want and got beside each other.
func (s *sequence) diff() string {
	var b strings.Builder
	path := s.moves()
	shown := near(path)
	steps, hidden, open := 0, 0, 0
	i, j := 0, 0
	for k, step := range path {
		line := ""
		switch step {
		case asWanted:
			line = "    " + s.got[j]
			i, j = i+1, j+1
		case instead:
			line = s.lineOfWant(i) + "\n" + s.lineOfGot(j)
			i, j = i+1, j+1
		case missing:
			line = s.lineOfWant(i)
			i++
		case unexpected:
			line = s.lineOfGot(j)
			j++
		case among:
			open++
			j++
			continue
		case enough:
			line = fmt.Sprintf("    %s  (%d messages)", anyMessages, open)
			open = 0
			i++
		}
		if !shown[k] {
			hidden++
			continue
		}
		if hidden > 0 {
			fmt.Fprintf(&b, "    (%d lines as wanted)\n", hidden)
			hidden = 0
		}
		if steps++; steps > longestDiff {
			fmt.Fprintf(&b, "    (the rest of %d wanted lines and %d messages is left out)\n", len(s.want), len(s.got))
			return b.String()
		}
		b.WriteString(line)
		b.WriteByte('\n')
	}
	if hidden > 0 {
		fmt.Fprintf(&b, "    (%d lines as wanted)\n", hidden)
	}
	return b.String()
}

func (s *sequence) lineOfWant(i int) string { return "  - " + s.want[i] }

func (s *sequence) lineOfGot(j int) string {
	return fmt.Sprintf("  + %s  (event %d)", s.got[j], s.number[j])
}

// near reports which steps are differences, or not far from one.
func near(path []move) []bool {
	shown := make([]bool, len(path))
	for k, step := range path {
		if step == instead || step == missing || step == unexpected {
			for i := max(0, k-stepsAround); i <= min(k+stepsAround, len(path)-1); i++ {
				shown[i] = true
			}
		}
	}
	return shown
}
