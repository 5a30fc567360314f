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
type worker struct {
	world *World
	next  func() (struct{}, bool)
	stop  func()
	yield func(struct{}) bool
	id    atomic.Uint64 // of its goroutine, 0 before anybody asked
}

func (w *World) newWorker() *worker {
	k := &worker{world: w}
	k.next, k.stop = iter.Pull(k.loop)
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

func (k *worker) loop(yield func(struct{}) bool) {
	k.yield = yield
	w := k.world
	if w.options.Stall > 0 || w.options.Real || w.options.Check {
		_ = k.goroutine()
	}
	for {
		for w.looper == k {
			if !w.step(k) {
				w.looper = nil
				w.over = true
			}
		}
		// The loop has ended, or is another's, which has resumed a task that
		// was begun here and has ended now.
		w.idle = append(w.idle, k)
		if !yield(struct{}{}) {
			return
		}
	}
}

// park gives control back until the task is resumed.
func (k *worker) park() {
	w := k.world
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

// resume lets the task of a wait that is over go on, unless it has been ended.
func (w *World) resume(x *waiter) {
	if !x.task.dead {
		w.proceed(x.task)
	}
}

// proceed lets a task go on, on the coroutine that it has.
func (w *World) proceed(t *task) {
	w.running.Store(t)
	t.worker.next()
	w.running.Store(nil)
}
