package world

import (
	"iter"
	"sync/atomic"

	"github.com/gomas/gomas/internal/stack"
)

// worker is a coroutine that runs tasks. One of them at a time is the loop: it
// takes from the queue, runs tasks that begin, and resumes the coroutines of
// those that go on, until a task that it has begun itself waits; then it belongs
// to that one.
//
// Each task that waits has one, so it is kept small.
type worker struct {
	next  func() (struct{}, bool)
	yield func(struct{}) bool
	id    atomic.Uint64 // of its goroutine, 0 before anybody asked
}

func (w *World) newWorker() *worker {
	k := new(worker)
	// Not the other function, which would stop it: see loop.
	k.next, _ = iter.Pull(w.looping)
	return k
}

// goroutine returns the number of the worker's goroutine. It is called on that
// one first: by a task that is right to do so, if all is well.
func (k *worker) goroutine() uint64 {
	if k.id.Load() == 0 {
		k.id.Store(stack.Goroutine())
	}
	return k.id.Load()
}

// loop is what a worker does, which is the loop when it begins. It runs tasks
// itself, since those that wait keep their stacks. A worker that is resumed
// without being the loop is to end.
func (w *World) loop(yield func(struct{}) bool) {
	k := w.looper
	k.yield = yield
	if w.options.Stall > 0 || w.options.Real || w.options.Check {
		_ = k.goroutine()
	}
	for {
		for w.looper == k {
			begun, more := w.step()
			if begun != nil {
				w.run(begun, k)
				w.look()
			} else if !more {
				w.looper = nil
				w.over = true
			}
		}
		// The loop has ended, or is another's, which has resumed a task that
		// was begun here and has ended now.
		w.idle = append(w.idle, k)
		if yield(struct{}{}); w.looper != k {
			return
		}
	}
}

// park gives control back until the task is resumed.
func (w *World) park(k *worker) {
	if w.looper == k {
		w.looper = nil // drive finds another
	}
	w.running.Store(nil)
	k.yield(struct{}{})
}

// drive has a loop run until that is over.
func (w *World) drive() {
	w.over = false
	for !w.over {
		var k *worker
		if n := len(w.idle); n > 0 {
			k, w.idle = w.idle[n-1], w.idle[:n-1]
		} else {
			k = w.newWorker()
		}
		w.looper = k
		w.stepping.Store(k)
		k.next()
	}
}

// resume lets the task of a wait that has come go on, if it blocks in that one. If
// not, it finds out when it does: until then the wait counts for nothing.
func (w *World) resume(x *waiter) {
	switch t := x.task; {
	case !t.dead && t.blocked() == x:
		w.proceed(t)
	case !x.hasCome():
		x.taken()
		w.lost(x.turn)
	}
}

// proceed lets a task go on, on the coroutine that it has, until it waits or ends.
func (w *World) proceed(t *task) {
	w.running.Store(t)
	t.worker.next()
}
