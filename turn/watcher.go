package turn

import (
	"context"
	"sync/atomic"
)

// watcher is who tells a helper's caller of the end of a context that it uses
// again and again, which is quicker than to look at its channel in each wait.
type watcher struct {
	helper *helper
	ctx    context.Context
	group  *Group // of the turn that is given up
	ended  atomic.Bool
	before atomic.Uint64 // the number of the first wait that is not its business; 0: all are
	stop   func() bool
}

// watches reports whether nobody else has to look at ctx, whose channel is done, in
// the wait to come.
func (h *helper) watches(ctx context.Context, done <-chan struct{}, g *Group) bool {
	if h.done != done || h.watch != nil && h.watch.group != g {
		h.unwatch()
		h.done = done
		return done == nil
	}
	if h.watch == nil && done != nil {
		h.watch = &watcher{helper: h, ctx: ctx, group: g}
		g.expectOf(h.watch, h.waiter.lane)
		h.watch.stop = AfterFunc(ctx, h.watch.end)
	}
	return true
}

// unwatch ends the watching, between two waits.
func (h *helper) unwatch() {
	if r := h.watch; r != nil {
		r.before.Store(h.waiter.state.Load()>>1 + 1)
		r.stop()
		r.group.unexpectOf(r, h.waiter.lane)
		h.watch = nil
	}
}

// end is called when the context has ended.
func (r *watcher) end() {
	r.ended.Store(true)
	w := &r.helper.waiter
	s := w.state.Load()
	if n, limit := s>>1, r.before.Load(); s&1 == 1 && (limit == 0 || n < limit) {
		r.group.enter() // before the wait is over, and so no longer expected to be
		w.Wake(n, Err(r.ctx))
		r.group.leave()
	}
}

// isDue reports whether there is a wait whose context has ended. It is not called
// after unexpectOf.
func (r *watcher) isDue() bool {
	if r.helper.waiter.state.Load()&1 == 0 {
		return false
	}
	select {
	case <-r.ctx.Done():
		return true
	default:
		return false
	}
}
