package turn

import (
	"context"
	"sync/atomic"

	"github.com/gomas/gomas/internal/stack"
)

// maxBelow bounds how many helpers are kept each by the other.
const maxBelow = 4

// helper is a goroutine that runs tasks under other turns for the goroutine that
// keeps it, which waits for each of them, or gives it up.
//
// It ends with the goroutine that keeps it, so it is always of the same
// testing/synctest bubble; or when that waits for anything else, which may take
// long; or with the task that has been given up or ends its goroutine.
type helper struct {
	waiter waiter   // the caller, as one that waits for its turn
	jobs   chan job // of one slot; closed if there will be no more
	dead   bool     // set before the caller is woken

	done  <-chan struct{} // that the context of the last call has
	watch *watcher        // of that context, nil: it has served one call only
}

type job struct {
	turn *Own // which is the task's already
	task Task
	n    uint64 // number of the wait
}

// watcher is who tells a helper's caller of the end of a context that it uses
// again and again, which is quicker than to look at its channel in each wait.
type watcher struct {
	helper *helper
	ctx    context.Context
	ended  atomic.Bool
	before atomic.Uint64 // the number of the first wait that is not its business; 0: all are
	stop   func() bool
}

// Help runs a task under another turn, at once, if it can; if not, it reports
// false and has done nothing. The caller is a task that has the turn from, which is
// that of ctx; it gives that up meanwhile, and has it back, in order of readiness,
// when Help returns: after the task's Finish, or with the error of ctx when that
// ends. The task goes on then.
//
// Help can where [Visit] can. The task has a goroutine of its own, which the
// caller's keeps for its next tasks: that takes a third of the time of a new one,
// whose stack would have to grow. A goroutine has none before its second call of
// Help without another wait between.
func Help(ctx context.Context, from, to Turn, task Task) (can bool, err error) {
	host, ok := to.(*Own)
	if !ok || host.scheduler != nil || host.state.Load() != free {
		return false, nil
	}
	t, ok := from.(*Own)
	if !ok || t.scheduler != nil || t.verify() != nil {
		return false, nil
	}
	w := t.mine()
	if !w.calls {
		w.calls, w.waits = true, true
		return false, nil
	}
	if w.below >= maxBelow || !host.takeFree() {
		return false, nil
	}
	if w.helper == nil {
		w.helper = newHelper(w.below + 1)
	}
	if err = w.helper.run(ctx, t, job{turn: host, task: task}); err != nil || w.helper.dead {
		w.dismiss()
	}
	return true, err
}

// Helps reports whether the caller, a task that has the turn from, has used Help
// with ctx before, or with one that ends with it, and now may again. It is quick to
// tell.
func Helps(ctx context.Context, from Turn) bool {
	t, ok := from.(*Own)
	return ok && t.worker != nil && t.worker.helper != nil && t.worker.helper.watch != nil && t.worker.helper.done == ctx.Done()
}

func newHelper(below uint8) *helper {
	h := &helper{jobs: make(chan job, 1)}
	h.waiter.item.Task = &h.waiter
	h.waiter.ready = make(chan struct{}, 1)
	h.waiter.blocked = true // whenever it waits
	go h.work(below)
	return h
}

// run has the helper do a job for a task of t, and waits.
func (h *helper) run(ctx context.Context, t *Own, j job) error {
	goroutine, worker := t.holding.who(), t.worker
	w, done := &h.waiter, ctx.Done()
	w.turn, w.err = t, nil
	j.n = w.state.Load()>>1 + 1
	watched := h.watches(ctx, done, j.n)
	w.state.Store(j.n<<1 | 1)
	if h.watch != nil && h.watch.ended.Load() { // too early for this wait
		w.Wake(j.n, Err(ctx))
	}
	t.group.expect(done, w.lane)
	t.release()
	h.jobs <- j
	if watched {
		<-w.ready
	} else {
		select {
		case <-w.ready:
		case <-done:
			w.Wake(j.n, Err(ctx))
			<-w.ready
		}
	}
	t.group.unexpect(done, w.lane)
	t.holding.enter(goroutine)
	t.worker = worker
	return w.err
}

// watches reports whether nobody else has to look at ctx, whose channel is done. n
// is the number of the wait to come.
func (h *helper) watches(ctx context.Context, done <-chan struct{}, n uint64) bool {
	if h.done != done {
		h.unwatch(n)
		h.done = done
		return done == nil
	}
	if h.watch == nil && done != nil {
		h.watch = &watcher{helper: h, ctx: ctx}
		h.watch.stop = context.AfterFunc(ctx, h.watch.end)
	}
	return true
}

// end is called when the context has ended.
func (r *watcher) end() {
	r.ended.Store(true)
	w := &r.helper.waiter
	s := w.state.Load()
	if n, limit := s>>1, r.before.Load(); s&1 == 1 && (limit == 0 || n < limit) {
		w.Wake(n, Err(r.ctx))
	}
}

// unwatch ends the watching, before wait n begins.
func (h *helper) unwatch(n uint64) {
	if h.watch != nil {
		h.watch.before.Store(n)
		h.watch.stop()
		h.watch = nil
	}
}

// end has the helper end when it is no longer busy.
func (h *helper) end() {
	h.unwatch(0)
	close(h.jobs)
}

// work is the helper's goroutine.
func (h *helper) work(below uint8) {
	stack.Grow()
	w := workers.Get().(*worker)
	w.below = below
	defer w.end() // also if a task ends the goroutine
	for j := range h.jobs {
		h.do(j, w)
	}
}

// do is [Own.run] for a goroutine that goes on.
func (h *helper) do(j job, w *worker) {
	returned := false
	j.turn.entered()
	j.turn.worker = w
	defer j.turn.group.leave() // last, when the caller is counted again
	defer func() {
		if !returned {
			h.dead = true
		}
		h.waiter.Wake(j.n, nil)
	}()
	defer j.task.Finish()
	defer j.turn.pass(true) // before Finish, and also if Run ends the goroutine
	j.task.Run()
	returned = true
}
