package turn

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

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
	waiter waiter        // the caller, as one that waits for its turn
	job    job           // the next one
	jobs   chan struct{} // says that there is one; closed if there will be no more
	dead   bool          // set before the caller is woken

	done  <-chan struct{} // that the context of the last call has
	watch *watcher        // of that context, nil: it has served one call only
	alarm *alarm          // nil: no wait had a limit
}

type job struct {
	turn *Own // which is the task's already
	task Task
	same bool   // the group of that counts the task and its caller as one
	n    uint64 // number of the wait
}

// ErrLate is the error of [Help] for a task that has not ended within its time.
var ErrLate = errors.New("turn: it takes too long")

// Help runs a task under another turn, at once, if it can; if not, it reports
// false and has done nothing. The caller is a task that has the turn from, which is
// that of ctx; it gives that up meanwhile, and has it back, in order of readiness,
// when Help returns: after the task's Finish, or with the error of ctx when that
// ends, or with [ErrLate] at the date late, unless that is zero. The task goes on then.
//
// Help can where [Visit] can. The task has a goroutine of its own, which the
// caller's keeps for its next tasks: that takes a third of the time of a new one,
// whose stack would have to grow. A goroutine has none before its second call of
// Help without another wait between.
func Help(ctx context.Context, late time.Time, from, to Turn, task Task) (can bool, err error) {
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
	same := t.group == host.group
	if w.below >= maxBelow || !host.takeAs(same) {
		return false, nil
	}
	if w.helper == nil {
		w.helper = newHelper(w.below + 1)
	}
	h := w.helper
	goroutine, done := t.holding.who(), ctx.Done()
	watched := h.begin(ctx, done, late, t, job{turn: host, task: task, same: same})
	t.pass(same)
	h.jobs <- struct{}{}
	// Here and not in a function: after a wait, each return costs a misprediction.
	if watched {
		<-h.waiter.ready
	} else {
		h.wait(ctx, done)
	}
	t.holding.enter(goroutine)
	t.worker = w
	if err = h.waiter.err; err != nil || h.dead {
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
	h := &helper{jobs: make(chan struct{}, 1)}
	h.waiter.item.Task = &h.waiter
	h.waiter.ready = make(chan struct{}, 1)
	h.waiter.blocked = true // whenever it waits
	h.waiter.lane = uint8(rand.N(lanes))
	go h.work(below)
	return h
}

// begin makes a job the next one, for a task of t that is about to wait for it with
// ctx, until a date that may be zero, and reports whether all that may end the wait
// wakes the task.
func (h *helper) begin(ctx context.Context, done <-chan struct{}, late time.Time, t *Own, j job) (watched bool) {
	w := &h.waiter
	w.turn, w.err = t, nil
	j.n = w.state.Load()>>1 + 1
	h.job = j
	watched = h.watches(ctx, done, t.group)
	w.state.Store(j.n<<1 | 1)
	if h.watch != nil && h.watch.ended.Load() { // too early for this wait
		w.Wake(j.n, Err(ctx))
	}
	if !late.IsZero() {
		h.limit(j.n, late)
	}
	if !watched {
		t.group.expect(done, w.lane)
	}
	return watched
}

// wait waits with a context whose channel is done.
func (h *helper) wait(ctx context.Context, done <-chan struct{}) {
	w := &h.waiter
	select {
	case <-w.ready:
	case <-done:
		w.Wake(h.job.n, Err(ctx))
		<-w.ready
	}
	w.turn.group.unexpect(done, w.lane)
}

// returned wakes the caller of a job, unless it has been given up. The group counts
// the task until the caller has its turn back, or stands in the queue for it.
func (h *helper) returned(j job) {
	w, g := &h.waiter, j.turn.group
	if !w.over(j.n) {
		g.leave()
		return
	}
	if j.same && w.turn.takeAs(true) {
		w.grant() // the caller is what is counted now
		return
	}
	w.resume()
	g.leave()
}

// end has the helper end when it is no longer busy.
func (h *helper) end() {
	h.unwatch()
	h.alarm.stop()
	close(h.jobs)
}

// work is the helper's goroutine.
func (h *helper) work(below uint8) {
	stack.Grow()
	w := workers.Get().(*worker)
	w.below = below
	defer w.end() // also if a task ends the goroutine
	for range h.jobs {
		h.do(h.job, w)
	}
}

// do is [Own.run] for a goroutine that goes on.
func (h *helper) do(j job, w *worker) {
	returned := false
	j.turn.entered()
	j.turn.worker = w
	defer func() {
		if !returned {
			h.dead = true
		}
		h.returned(j)
	}()
	defer j.task.Finish()
	defer j.turn.pass(true) // before Finish, and also if Run ends the goroutine
	j.task.Run()
	returned = true
}
