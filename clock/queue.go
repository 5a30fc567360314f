package clock

import (
	"container/heap"
	"time"
)

// queue holds what is to be called, in the order of time and then of adding.
// The zero value is empty.
type queue struct {
	heap  entries
	added uint64
}

// entry is one call to come.
type entry struct {
	at    time.Duration
	n     uint64 // of those added, from 1
	fn    func()
	place int // in the heap, from 1; 0: not there
}

func (q *queue) add(e *entry) {
	q.added++
	e.n = q.added
	heap.Push(&q.heap, e)
}

// due reports whether the first one is due at t.
func (q *queue) due(t time.Duration) bool { return len(q.heap) > 0 && q.heap[0].at <= t }

// pop takes the first one out.
func (q *queue) pop() (fn func()) {
	e := heap.Pop(&q.heap).(*entry)
	fn, e.fn = e.fn, nil // whoever has the timer need not keep what fn refers to
	return fn
}

// remove takes e out, if it is there.
func (q *queue) remove(e *entry) bool {
	if e.place == 0 {
		return false
	}
	heap.Remove(&q.heap, e.place-1)
	e.fn = nil
	return true
}

// entries implements [heap.Interface].
type entries []*entry

func (es entries) Len() int { return len(es) }

func (es entries) Less(i, j int) bool {
	if es[i].at != es[j].at {
		return es[i].at < es[j].at
	}
	return es[i].n < es[j].n
}

func (es entries) Swap(i, j int) {
	es[i], es[j] = es[j], es[i]
	es[i].place, es[j].place = i+1, j+1
}

func (es *entries) Push(e any) {
	*es = append(*es, e.(*entry))
	e.(*entry).place = len(*es)
}

func (es *entries) Pop() any {
	last := len(*es) - 1
	e := (*es)[last]
	(*es)[last] = nil
	*es = (*es)[:last]
	e.place = 0
	return e
}
