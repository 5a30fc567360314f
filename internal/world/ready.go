package world

// An Event is something that happens in the world without being a task: it has
// no turn and cannot wait.
type Event interface{ Happen() }

// ready is the queue of what can happen next, a ring of
//
//   - events;
//   - tasks, and waits that are over, of turns that belong to nobody;
//   - other turns, once for each item in their queues: what can go on next is the
//     first of these, as it is where turns run in parallel.
type ready struct {
	ring []any // length a power of two
	head int
	n    int
}

func (q *ready) push(e any) {
	if q.n == len(q.ring) {
		ring := make([]any, max(64, 2*len(q.ring)))
		m := copy(ring, q.ring[q.head:])
		copy(ring[m:], q.ring[:q.head])
		q.ring, q.head = ring, 0
	}
	q.ring[(q.head+q.n)&(len(q.ring)-1)] = e
	q.n++
}

// mostKept is how long the ring of an empty queue may be, so that what follows
// the start of very many tasks does not hold on to its memory.
const mostKept = 4096

// pop takes the i-th. The first takes its place.
func (q *ready) pop(i int) any {
	mask := len(q.ring) - 1
	first := &q.ring[q.head]
	e := *first
	if i > 0 {
		other := &q.ring[(q.head+i)&mask]
		e, *other = *other, e
	}
	*first = nil
	q.head = (q.head + 1) & mask
	if q.n--; q.n == 0 && len(q.ring) > mostKept {
		*q = ready{}
	}
	return e
}
