package world

import (
	"fmt"
	"runtime"

	"github.com/gomas/gomas/internal/stack"
	"github.com/gomas/gomas/turn"
)

// task is a task that has been started and has not ended.
type task struct {
	home   *Node     // that it is of
	turn   *turn.Own // that its code has now; another one than at first inside [Node.Do]
	what   any       // its *turn.Item, and from its beginning what finishes it
	worker *worker   // nil before it runs
	wait   waiter    // its waits, one at a time

	serial  uint64 // of all tasks, by their start
	pending uint32 // waits that it has begun, and that have neither returned nor been dropped
	after   uint8  // waits after its end
	dying   bool   // its goroutine is to end
	ending  bool   // and does, as far as deferred functions let it
	dead    bool   // no wait of it goes on: it has ended so, or never began

	prev, next *task // in the list of the world
}

// newTask returns a task in the list. w.mu is held.
func (w *World) newTask(n *Node, own *turn.Own, it *turn.Item) *task {
	t := w.spare
	if t == nil {
		t = new(task)
		t.wait.task = t
	} else {
		w.spare, t.next = t.next, nil
	}
	w.serial++
	t.home, t.turn, t.what, t.serial = n, own, it, w.serial
	t.prev = w.last
	if w.last == nil {
		w.first = t
	} else {
		w.last.next = t
	}
	w.last = t
	return t
}

// drop takes a task that has ended off the list. w.mu is held.
func (w *World) drop(t *task) {
	if t.prev == nil {
		w.first = t.next
	} else {
		t.prev.next = t.next
	}
	if t.next == nil {
		w.last = t.prev
	} else {
		t.next.prev = t.prev
	}
	if t.dying || t.pending > 0 {
		t.dead = true // the queue may have it, or get a wait of it
		return
	}
	t.prev, t.worker, t.what, t.home, t.turn = nil, nil, nil, nil, nil
	t.after = 0
	// It may be used again: late calls of Wake find another number.
	t.next, w.spare = w.spare, t
}

// gained counts something that is ready in the group of its turn.
func (w *World) gained(t *turn.Own) {
	if g := t.Group(); g != nil {
		g.Add(1)
	}
}

// lost counts it off.
func (w *World) lost(t *turn.Own) {
	if g := t.Group(); g != nil {
		g.Add(-1)
	}
}

// run runs a task on the worker that is the loop.
func (w *World) run(t *task, k *worker) {
	t.worker = k
	run, finish := t.begun()
	w.running.Store(t)
	finished := false
	defer func() {
		// The worker may have been resumed by another meanwhile.
		w.running.Store(nil)
		main, isMain := t.what.(*mainTask)
		if p := recover(); p != nil {
			w.fail(&PanicError{Task: t.String(), Value: p, Stack: stack.Trace()})
		} else if !finished && !t.dying {
			if isMain {
				main.left = true
			} else {
				w.goexit = true
			}
		}
		if isMain {
			close(main.done) // now that it is known how it has ended
		}
		w.mu.Lock()
		w.drop(t)
		w.mu.Unlock()
	}()
	t.perform(run, finish)
	finished = true
}

// perform runs the task, and its Finish when the turn has been passed on.
func (t *task) perform(run turn.Task, finish turn.Finisher) {
	defer t.home.world.lost(t.turn)
	defer finish.Finish()
	defer func() { t.turn = t.home.Free() }()
	run.Run()
}

// begun notes that the task begins, and returns what runs and what finishes it,
// of which only the latter is kept.
func (t *task) begun() (run turn.Task, finish turn.Finisher) {
	it := t.what.(*turn.Item)
	t.turn.Begun(it)
	run, finish = it.Task, it.Task
	if l, ok := run.(turn.Light); ok {
		finish = l.Finisher()
	}
	t.what = finish
	return run, finish
}

// String says what the task is, for reports.
func (t *task) String() string {
	what := t.what
	if it, ok := what.(*turn.Item); ok {
		what = it.Task
	}
	if what == nil {
		return "a task"
	}
	if s, ok := what.(fmt.Stringer); ok {
		return s.String()
	}
	return fmt.Sprintf("task %d", t.serial)
}

// begin opens a wait of the task, under a turn that it may give up.
func (t *task) begin(under *turn.Own) turn.Wait {
	x := &t.wait
	if t.pending > 0 {
		x = &waiter{task: t}
	}
	return turn.NewWait(x, x.begin(under))
}

// blocked returns the wait that the task blocks in, if it does in any.
func (t *task) blocked() *waiter {
	if x, ok := t.home.world.besides[t]; ok {
		return x
	}
	return &t.wait
}

// On virtual time, goroutines are verified at wait number 1, 2, 4 and so on of the
// world, and then at one in lookEvery.
const lookEvery = 1024

// check verifies that the calling goroutine is the task's, now and then: finding
// out takes about a microsecond.
func (t *task) check() error {
	w := t.home.world
	w.waits++
	n, o := w.waits, &w.options
	if early := n < lookEvery && n&(n-1) == 0 && !o.Hasty; !o.Check && !o.Real && !early && n%lookEvery != 0 {
		return nil
	}
	if stack.Goroutine() != t.worker.goroutine() {
		err := fmt.Errorf("%w: %s runs, and a goroutine of the user's waits", turn.ErrMisuse, t)
		w.fail(err) // others of its waits may not have been noticed
		return err
	}
	return nil
}

// patience is how many waits code may try after its end.
const patience = 100

// afterlife is a wait of a task that has been ended: its goroutine ends now. If
// it does already, its deferred functions may go on for a while.
func (t *task) afterlife() {
	if t.after++; !t.ending || t.after > patience {
		t.ending = true
		runtime.Goexit()
	}
}

// kill ends tasks, in the order of their start. Those that wait run their
// deferred functions now. The one that runs ends when it waits.
func (w *World) kill(which func(*task) bool) {
	w.mu.Lock()
	var doomed []*task
	for t := w.first; t != nil; t = t.next {
		if which(t) {
			t.dying = true
			doomed = append(doomed, t)
		}
	}
	w.mu.Unlock()
	running := w.running.Load()
	for _, t := range doomed {
		switch {
		case t == running || t.dead:
		case t.worker == nil:
			w.lost(t.turn)
			w.mu.Lock()
			w.drop(t)
			w.mu.Unlock()
		default:
			w.unwind(t)
		}
	}
	w.running.Store(running)
}

// unwind resumes a task to end. A coroutine that ends its goroutine ends that
// of whoever resumed it, so this takes one of its own.
func (w *World) unwind(t *task) {
	x := t.blocked()
	if x.over(x.number()) { // for its group, it goes on
		w.gained(x.turn)
	}
	x.taken()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.proceed(t)
	}()
	<-ended
}
