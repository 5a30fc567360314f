package turn

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
)

// Wait is one wait of one task. It is a small value to be copied; all copies
// mean the same wait, which is over with the first of any number of calls of
// Wake.
type Wait struct {
	w Waiter
	n uint64
}

// Waiter is what a [Turn] implements its waits with. A Waiter may serve many
// waits, one after another, told apart by n.
type Waiter interface {
	Wake(n uint64, err error) bool
	Block(ctx context.Context, n uint64, why any) error
	Drop(n uint64)
}

// NewWait returns the wait number n of w.
func NewWait(w Waiter, n uint64) Wait { return Wait{w, n} }

// Wake ends the wait: its Block returns err as soon as its task has the turn.
// It reports whether this call ended it; if not, it was over already, and what
// it waited for should be given to nobody. Wake may be called from anywhere,
// never blocks, and may come before Block.
func (w Wait) Wake(err error) bool { return w.w.Wake(w.n, err) }

// Block gives the turn up, waits for Wake or for the end of ctx, and returns
// when it has the turn back, with the error given to Wake or that of ctx. It
// is called once, by the task that began the wait, on the same goroutine. why
// says what is waited for, to those who look for the reason of a standstill;
// ctx is the context that the wait was begun with.
func (w Wait) Block(ctx context.Context, why any) error { return w.w.Block(ctx, w.n, why) }

// Drop ends a wait that will not block. It takes the place of Block.
func (w Wait) Drop() { w.w.Drop(w.n) }

// An Errand is what a task does while it waits, on the same goroutine, without a
// turn.
type Errand interface {
	// Run is called once at most. It returns soon after Stop was called, or ctx has
	// ended, which never does where the end of the wait's context calls Stop. It may
	// return before.
	Run(ctx context.Context)
	// Stop is called once the wait is over, before its Block can return, on any
	// goroutine. It must not block.
	Stop()
}

// With gives the task an errand for the time of its wait, and reports whether it
// will run it: the task of a [Scheduler] does not. It may be called once, before
// anybody can call Wake.
func (w Wait) With(e Errand) bool {
	own, ok := w.w.(*waiter)
	if ok {
		own.errand = e
	}
	return ok
}

// waiter implements waits on goroutines, with or without a turn.
type waiter struct {
	item   Item          // its place in the turn's queue, once woken
	state  atomic.Uint64 // number of the wait, shifted left; lowest bit: waiting
	turn   *Own          // nil: none to get back
	err    error
	ender  Ender  // the context, if it ends the wait by itself
	errand Errand // nil: none

	blocked bool // the task has given the turn up for this wait
	missed  bool // it was granted the turn before, while it blocked in another wait

	goroutine uint64  // that waits, if the turn is watched
	worker    *worker // of that goroutine
	lane      uint8   // of the group's contexts

	// ready says that the wait is over and the turn is the waiter's: a channel
	// of one slot where the context may end in its own channel, else a flag
	// under a condition, which costs no allocation.
	ready   chan struct{}
	mu      sync.Mutex
	cond    sync.Cond
	isReady bool
}

// Waiters are reused. A late Wake finds another number and does nothing. Their
// channels are not: a channel belongs to the testing/synctest bubble that made
// it, and must not turn up in another.
var waiters = sync.Pool{New: func() any {
	w := &waiter{lane: uint8(rand.N(lanes))}
	w.item.Task = w
	w.cond.L = &w.mu
	return w
}}

func begin(ctx context.Context, t *Own) (*waiter, uint64) {
	w := waiters.Get().(*waiter)
	w.turn = t
	if e, ok := ctx.(Ender); ok {
		w.ender = e
	} else if ctx.Done() != nil {
		w.ready = t.channel()
	}
	n := w.state.Load()>>1 + 1
	w.state.Store(n<<1 | 1)
	return w, n
}

// Run implements [Task], as a mark: a waiter is granted the turn instead.
func (w *waiter) Run() {}

// Finish implements [Task].
func (w *waiter) Finish() {}

// over claims the end of wait n for the caller.
func (w *waiter) over(n uint64) bool {
	return w.state.CompareAndSwap(n<<1|1, n<<1)
}

// resume queues the task for its turn. Being woken is having the turn.
func (w *waiter) resume() {
	if w.turn == nil || w.turn.acquire(&w.item) {
		w.grant()
	}
}

// grant tells the task that it may go on. If it blocks in another wait, which it
// began later, it finds out when it comes back to this one.
func (w *waiter) grant() {
	if w.errand != nil {
		w.errand.Stop()
	}
	if w.turn != nil && !w.blocked {
		w.missed = true
		w.turn.release()
		return
	}
	if w.ready != nil {
		w.ready <- struct{}{}
		return
	}
	w.mu.Lock()
	w.isReady = true
	// Under the lock: once it is released, the waiter may be in other hands.
	w.cond.Signal()
	w.mu.Unlock()
}

// run runs the errand, if there is one.
func (w *waiter) run(ctx context.Context) {
	if w.errand != nil {
		w.errand.Run(ctx)
	}
}

// granted waits for grant.
func (w *waiter) granted() {
	if w.ready != nil {
		<-w.ready
		return
	}
	w.mu.Lock()
	for !w.isReady {
		w.cond.Wait()
	}
	w.isReady = false
	w.mu.Unlock()
}

func (w *waiter) Wake(n uint64, err error) bool {
	if !w.over(n) {
		return false
	}
	w.err = err
	w.resume()
	return true
}

func (w *waiter) Block(ctx context.Context, n uint64, _ any) error {
	if w.missed {
		return w.end()
	}
	w.leave()
	w.worker.wait()
	switch {
	case w.ender != nil:
		e, this := w.ender, Wait{w, n}
		attached := e.Attach(this)
		if !attached {
			w.Wake(n, Err(ctx)) // while the turn is held, so that the group never rests
		}
		w.release()
		w.run(context.Background())
		w.granted()
		if attached {
			e.Detach(this)
		}
	case w.ready == nil:
		w.release()
		w.run(context.Background())
		w.granted()
	default:
		done := ctx.Done()
		w.group().expect(done, w.lane)
		w.release()
		w.run(ctx)
		select {
		case <-w.ready:
		case <-done:
			w.Wake(n, Err(ctx))
			w.granted()
		}
		w.group().unexpect(done, w.lane)
	}
	return w.end()
}

func (w *waiter) Drop(n uint64) {
	if w.over(n) {
		w.free()
		return
	}
	if !w.missed {
		// Somebody woke it, so it stands in the queue.
		w.leave()
		w.release()
		w.granted()
	}
	_ = w.end()
}

// leave takes what the goroutine keeps, which has the turn and is about to give it
// up.
func (w *waiter) leave() {
	w.blocked = true
	if w.turn != nil {
		w.worker = w.turn.worker
	}
}

func (w *waiter) release() {
	if w.turn != nil {
		w.turn.release()
	}
}

// group returns the group of the turn, nil if there is none.
func (w *waiter) group() *Group {
	if w.turn == nil {
		return nil
	}
	return w.turn.group
}

// end notes that the turn is back, and returns how the wait ended.
func (w *waiter) end() error {
	switch {
	case w.turn == nil:
	case w.missed:
		w.turn.worker.keep(w.ready)
	default:
		w.turn.holding.enter(w.goroutine)
		w.turn.worker = w.worker
		w.worker.keep(w.ready)
	}
	err := w.err
	w.free()
	return err
}

func (w *waiter) free() {
	w.err, w.turn, w.worker, w.ender, w.ready, w.errand = nil, nil, nil, nil, nil, nil
	w.blocked, w.missed = false, false
	waiters.Put(w)
}
