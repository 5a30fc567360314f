package world

import (
	"context"
	"runtime"
	"sync/atomic"

	"github.com/gomas/gomas/turn"
)

// waiter implements the waits of a task, one after another.
type waiter struct {
	turn.Item // its place in the queue of the turn
	task      *task
	turn      *turn.Own     // that it gives up
	state     atomic.Uint64 // number of the wait, shifted left; lowest bit: not over
	why       any           // not nil while it blocks; a reason, once an error has ended it
}

// reason is the error that has ended a wait.
type reason struct{ error }

func (x *waiter) open() bool { return x.state.Load()&1 != 0 }

func (x *waiter) isOver() bool { return !x.open() }

func (x *waiter) begin(t *turn.Own) uint64 {
	x.turn, x.why = t, nil
	n := x.state.Load()>>1 + 1
	x.state.Store(n<<1 | 1)
	return n
}

// Wake implements [turn.Waiter].
func (x *waiter) Wake(n uint64, err error) bool {
	if !x.state.CompareAndSwap(n<<1|1, n<<1) {
		return false
	}
	w := x.task.home.world
	w.gained(x.turn)
	w.mu.Lock()
	if err != nil {
		x.why = reason{err}
	}
	if turn.IsFree(x.turn) {
		w.push(x)
	} else {
		x.Task = x
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
	w := x.task.home.world
	w.mu.Lock()
	if x.why == nil {
		x.why = why
	}
	w.mu.Unlock()
	x.park()
	why, x.why = x.why, nil
	if r, failed := why.(reason); failed {
		return r.error
	}
	return nil
}

// park gives the turn up until the wait is over.
func (x *waiter) park() {
	t := x.task
	w, own := t.home.world, t.turn
	keeps := own != x.turn && !turn.IsFree(own)
	if keeps {
		w.kept[own] = 0
	}
	w.lost(x.turn)
	w.park(t.worker)
	if keeps {
		w.release(own)
	}
	if t.dying {
		t.ending = true
		runtime.Goexit()
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
	if !x.state.CompareAndSwap(n<<1|1, n<<1) {
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
			woken = x.Wake(x.state.Load()>>1, turn.Err(x.ctx)) || woken
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
