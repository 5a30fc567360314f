package world

import (
	"context"
	"hash/fnv"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gomas/gomas/turn"
)

// Options are the settings of a world. The zero value of each field means its
// default.
type Options struct {
	Seed  uint64        // what the order is drawn from; 0: first in, first out
	Real  bool          // real time instead of virtual time
	Start time.Time     // the date at time 0
	Stall time.Duration // of real time, after which a task that does not wait is reported; 0: never
	Check bool          // verify the goroutine at each wait
	Hasty bool          // verify it less often than otherwise
}

// World runs tasks one at a time. Unless said otherwise, its methods may be
// called from anywhere.
type World struct {
	options Options
	began   time.Time
	now     atomic.Int64 // virtual time

	running  atomic.Pointer[task] // the one that runs
	halted   atomic.Bool
	driving  chan struct{}          // holds a token while somebody drives
	stuck    chan struct{}          // closed when whoever drives will not come back
	stepping atomic.Pointer[worker] // the last that became the loop

	mu          sync.Mutex // held for moments
	ready       ready
	draw        *rand.Rand // nil: first in, first out
	timers      timers
	first, last *task // that have not ended, in the order of their start
	spare       *task
	serial      uint64
	taken       uint64 // out of ready, ever
	failure     error
	closed      bool
	asleep      bool          // the loop waits for rouse
	roused      chan struct{} // one slot

	// These belong to whoever drives.
	looping  func(yield func(struct{}) bool) // loop, for all workers
	looper   *worker
	idle     []*worker
	over     bool // the loop is
	goexit   bool // a task has ended its goroutine
	main     *mainTask
	polled   []*polled
	polledAt int
	waits    uint64            // ever begun
	kept     map[*turn.Own]int // turns that tasks keep while they wait, with how often they were to be granted
	besides  map[*task]*waiter // what tasks block in that have another wait already
	still    int               // steps since time has gone on
}

// New returns a world in which nothing has happened.
func New(o Options) *World {
	w := &World{options: o, began: time.Now(), kept: make(map[*turn.Own]int), besides: make(map[*task]*waiter), driving: make(chan struct{}, 1), stuck: make(chan struct{}), roused: make(chan struct{}, 1)}
	w.looping = w.loop
	if o.Seed != 0 {
		w.draw = w.Rand("schedule")
	}
	return w
}

// Rand returns a source of random numbers that depend on the seed and the
// purpose. Each purpose has its own, so that one more draw for one of them
// changes nothing for the others.
func (w *World) Rand(purpose string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(purpose))
	return rand.New(rand.NewPCG(w.options.Seed, h.Sum64()))
}

// Push puts an event into the queue.
func (w *World) Push(e Event) {
	w.mu.Lock()
	w.push(e)
	w.mu.Unlock()
}

// push puts something into the queue; see [ready]. w.mu is held.
func (w *World) push(e any) {
	w.ready.push(e)
	w.rouse()
}

// rouse ends the sleep of the loop. w.mu is held.
func (w *World) rouse() {
	if w.asleep {
		w.asleep = false
		w.roused <- struct{}{}
	}
}

// Inside reports whether a task of the world runs, which is then the caller if it
// is code of the world at all.
func (w *World) Inside() bool { return w.running.Load() != nil }

// Steps returns how many things have happened.
func (w *World) Steps() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.taken
}

// mainTask is a function that Run was given. It is the context of it, too.
type mainTask struct {
	turn.Item
	turn.End
	outer context.Context
	turn  *turn.Own
	name  string
	fn    func(ctx context.Context) error
	err   error
	over  bool // for the loop
	done  chan struct{}
	back  bool // fn has returned
	left  bool // fn has ended its goroutine
}

// Run runs fn as a task of a node, and returns its error when it has ended. It
// drives the world meanwhile, or lets another call of Run do so. Other tasks
// remain as they are when it returns.
//
// When ctx ends, the context of fn does. If the world fails, Run returns the
// reason. If a task ends its goroutine, as FailNow of package testing does, so
// does Run.
func (w *World) Run(ctx context.Context, n *Node, name string, fn func(ctx context.Context) error) error {
	m := &mainTask{outer: ctx, turn: n.Free(), name: name, fn: fn, done: make(chan struct{})}
	m.Task = m
	if w.isClosed() {
		return ErrClosed
	}
	m.turn.Start(&m.Item)
	defer context.AfterFunc(ctx, func() { w.Push(endOf{m}) })()
	for {
		select {
		case <-m.done:
			return m.outcome(w)
		case w.driving <- struct{}{}:
		case <-w.stuck:
			return w.failed()
		}
		select {
		case <-m.done: // just now
			<-w.driving
			return m.outcome(w)
		default:
		}
		ended := make(chan struct{})
		go w.driveFor(m, ended)
		if err := w.watch(ended); err != nil {
			return err // nobody will drive any more
		}
		goexit := w.goexit
		w.goexit = false
		<-w.driving
		if goexit {
			runtime.Goexit()
		}
		if err := w.failed(); err != nil {
			return err
		}
	}
}

// outcome returns what became of the function, which is over.
func (m *mainTask) outcome(w *World) error {
	if m.left {
		runtime.Goexit()
	}
	if err := w.failed(); err != nil && !m.back {
		return err
	}
	return m.err
}

func (w *World) driveFor(m *mainTask, ended chan<- struct{}) {
	defer close(ended)
	defer func() {
		if _, stalled := w.failed().(*StallError); stalled {
			w.shut() // it did end; nobody else would do this
		}
	}()
	w.main = m
	w.drive()
}

// failed returns why the world has failed, nil if it has not.
func (w *World) failed() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.failure
}

func (w *World) isClosed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.closed
}

// fail ends the world, for the first reason that there is.
func (w *World) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failure == nil {
		w.failure = err
	}
	w.halted.Store(true)
	w.rouse()
}

// Fail ends the world with an error for those who run it.
func (w *World) Fail(err error) { w.fail(err) }

// Close ends all tasks, those that have waited longest first. It waits until
// nobody drives the world any more, so it must not be called inside. If a task
// has stalled, the world is closed when that ends.
func (w *World) Close() error {
	if err, stalled := w.failed().(*StallError); stalled {
		return err
	}
	select {
	case w.driving <- struct{}{}:
	case <-w.stuck:
		return w.failed()
	}
	defer func() { <-w.driving }()
	w.shut()
	return nil
}

// shut ends all that there is, when the world is not driven.
func (w *World) shut() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.looper = nil
	w.kill(func(*task) bool { return true })
	for _, k := range w.idle {
		k.next()
	}
	w.idle = nil
	w.discard()
}

// discard takes tasks that never began off the groups of their turns, which may
// outlive the world. Others may push meanwhile: the context of a run that is over
// may end at any time.
func (w *World) discard() {
	for {
		w.mu.Lock()
		if w.ready.n == 0 {
			w.mu.Unlock()
			return
		}
		own, begins := w.ready.pop(0).(*turn.Own)
		if begins {
			x := waiterOf(own.Dequeue())
			begins = x == nil || !x.hasCome()
		}
		w.mu.Unlock()
		if begins {
			w.lost(own)
		}
	}
}

// String is what reports call the task.
func (m *mainTask) String() string { return m.name }

// Run implements [turn.Task].
func (m *mainTask) Run() {
	defer func() { m.over = true }()
	m.err = ErrClosed
	m.err = m.fn(m)
	m.back = true
}

// Finish implements [turn.Task].
func (m *mainTask) Finish() {}

// Deadline implements [context.Context]: real time means nothing inside.
func (m *mainTask) Deadline() (time.Time, bool) { return time.Time{}, false }

// Turn implements [turn.Holder].
func (m *mainTask) Turn() turn.Turn { return m.turn }

// Value implements [context.Context].
func (m *mainTask) Value(key any) any {
	if v, ok := turn.Value(m, key); ok {
		return v
	}
	return m.outer.Value(key)
}

// endOf is the end of the context that Run was given.
type endOf struct{ main *mainTask }

func (e endOf) Happen() {
	m := e.main
	m.Come(m.outer.Err(), context.Cause(m.outer))
}
