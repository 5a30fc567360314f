package world

import (
	"context"
	"runtime"
	"sync/atomic"

	"github.com/gomas/gomas/turn"
)

// waiter implements the waits of a task, one after another. A task that begins a
// wait while it has another, of which it may not know, gets one more for that.
type waiter struct {
	turn.Item // its place in the queue of the turn
	task      *task
	turn      *turn.Own     // that it gives up
	state     atomic.Uint64 // number of the wait, shifted left, and the bits below
	why       any           // while it blocks, what for
}

// What the state of a wait says besides its number. One that is over stands in the
// queue of the world until it has come.
const (
	isOpen = 1 << iota // it is not over
	hasCome
	stateBits = iota
)

// failed is, in the place of the waiter in a queue, a wait that an error has ended.
type failed struct {
	*waiter
	err error
}

// waiterOf returns the wait whose place in a queue it is, nil if it is a task's.
func waiterOf(it *turn.Item) *waiter {
	switch t := it.Task.(type) {
	case *waiter:
		return t
	case *failed:
		return t.waiter
	}
	return nil
}

func (x *waiter) open() bool { return x.state.Load()&isOpen != 0 }

func (x *waiter) hasCome() bool { return x.state.Load()&hasCome != 0 }

func (x *waiter) number() uint64 { return x.state.Load() >> stateBits }

func (x *waiter) begin(t *turn.Own) uint64 {
	x.turn, x.Task = t, x
	n := x.number() + 1
	x.state.Store(n<<stateBits | isOpen)
	x.task.pending++
	return n
}

// over ends wait n, and reports whether it was not over.
func (x *waiter) over(n uint64) bool {
	return x.state.CompareAndSwap(n<<stateBits|isOpen, n<<stateBits)
}

// taken notes that the wait, which is over, has come.
func (x *waiter) taken() { x.state.Store(x.number()<<stateBits | hasCome) }

// Wake implements [turn.Waiter].
func (x *waiter) Wake(n uint64, err error) bool {
	if !x.over(n) {
		return false
	}
	w := x.task.home.world
	w.gained(x.turn)
	w.mu.Lock()
	if err != nil {
		x.Task = &failed{x, err}
	}
	if turn.IsFree(x.turn) {
		w.push(x)
	} else {
		x.turn.Enqueue(&x.Item)
		w.push(x.turn)
	}
	w.mu.Unlock()
	return true
}

// Run implements [turn.Task], as a mark: the task that waits is resumed instead.
func (x *waiter) Run() {}

// Finish implements [turn.Task].
func (x *waiter) Finish() {}

// Block implements [turn.Waiter].
func (x *waiter) Block(ctx context.Context, n uint64, why any) error {
	this := turn.NewWait(x, n)
	e := turn.EnderOf(ctx)
	if e == nil {
		return x.heed(ctx, this, why)
	}
	if !e.Attach(this) {
		this.Wake(turn.Err(ctx))
		return x.suspend(why)
	}
	err := x.suspend(why)
	e.Detach(this)
	return err
}

// heed is Block with a context that does not tell those who wait of its end.
func (x *waiter) heed(ctx context.Context, this turn.Wait, why any) error {
	w := x.task.home.world
	switch {
	case ctx.Done() == nil:
	case !w.options.Real && hasDeadline(ctx):
		this.Wake(ErrWallTime)
	case ctx.Err() != nil:
		this.Wake(turn.Err(ctx))
	case w.options.Real:
		defer context.AfterFunc(ctx, func() { this.Wake(turn.Err(ctx)) })()
	default:
		if g := x.turn.Group(); g != nil {
			g.Expect(ctx.Done())
			defer g.Unexpect(ctx.Done())
		}
		p := &polled{waiter: x, ctx: ctx}
		w.polled = append(w.polled, p)
		p.place = len(w.polled)
		defer w.forget(p) // also if the task is ended
	}
	return x.suspend(why)
}

// suspend returns when the wait is over and the task has its turn back, with the
// error that has ended it.
func (x *waiter) suspend(why any) error {
	x.why = why
	x.park()
	x.why = nil
	if f, ok := x.Task.(*failed); ok {
		return f.err
	}
	return nil
}

// park gives the turn up until the wait is over. It ends the wait.
func (x *waiter) park() {
	t := x.task
	if !t.dying && !x.hasCome() {
		x.yield()
	}
	if t.dying {
		t.ending = true
		runtime.Goexit()
	}
	t.pending--
}

// yield lets others run until the wait has come.
func (x *waiter) yield() {
	t := x.task
	w, own := t.home.world, t.turn
	keeps := own != x.turn && !turn.IsFree(own)
	if keeps {
		w.kept[own] = 0
	}
	if x != &t.wait {
		w.besides[t] = x
	}
	w.lost(x.turn)
	w.park(t.worker)
	if x != &t.wait {
		delete(w.besides, t)
	}
	if keeps {
		w.release(own)
	}
}

// release has a turn granted again that a task has kept while it waited: with the
// context of another turn, or of none. Then nobody else may run under it, as where
// turns run in parallel.
func (w *World) release(own *turn.Own) {
	n := w.kept[own]
	delete(w.kept, own)
	w.mu.Lock()
	defer w.mu.Unlock()
	for range n {
		w.push(own)
	}
}

// Drop implements [turn.Waiter].
func (x *waiter) Drop(n uint64) {
	if x.over(n) {
		x.task.pending--
	} else {
		x.park() // somebody woke it, so it stands in the queue
	}
}

func hasDeadline(ctx context.Context) bool {
	_, has := ctx.Deadline()
	return has
}

// polled is a wait whose context is looked at now and then.
type polled struct {
	*waiter
	ctx   context.Context
	place int // among those that are, counted from 1
}

// poll looks at up to most waits whose contexts end without telling, one after
// another, and reports whether one has. So they are found to have ended at a
// step that is the same in every run.
func (w *World) poll(most int) (woken bool) {
	for range min(most, len(w.polled)) {
		if w.polledAt >= len(w.polled) {
			w.polledAt = 0
		}
		x := w.polled[w.polledAt]
		w.polledAt++
		if x.open() && x.ctx.Err() != nil {
			woken = x.Wake(x.number(), turn.Err(x.ctx)) || woken
		}
	}
	return woken
}

// forget ends looking at the context of a wait.
func (w *World) forget(p *polled) {
	last := len(w.polled) - 1
	w.polled[p.place-1] = w.polled[last]
	w.polled[p.place-1].place = p.place
	w.polled[last] = nil
	w.polled = w.polled[:last]
}
