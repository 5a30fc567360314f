package stage

import (
	"cmp"
	"slices"
)

// Rounds is for algorithms in which neighbours take steps together: it holds
// the messages of neighbours until those of one round are all there. No agent
// waits for another, and none is ever more than one round ahead of a neighbour.
type Rounds[M any] struct {
	Now  int // the round whose messages are being collected
	held map[int][]letter[M]
}

type letter[M any] struct {
	from    int
	message M
}

// Put takes the message of a neighbour for a round.
func (r *Rounds[M]) Put(round, from int, message M) {
	if r.held == nil {
		r.held = make(map[int][]letter[M])
	}
	r.held[round] = append(r.held[round], letter[M]{from, message})
}

// Next returns the messages of this round, in the order of their senders so that
// sums are the same in each run, and begins the next one, if those of n neighbours
// are there.
func (r *Rounds[M]) Next(n int) ([]M, bool) {
	letters := r.held[r.Now]
	if len(letters) < n {
		return nil, false
	}
	delete(r.held, r.Now)
	r.Now++
	slices.SortFunc(letters, func(a, b letter[M]) int { return cmp.Compare(a.from, b.from) })
	messages := make([]M, n)
	for i := range messages {
		messages[i] = letters[i].message
	}
	return messages, true
}
