package turn

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/gomas/gomas/internal/stack"
)

// Holding is a turn that somebody has.
type Holding struct {
	Name    any       // of the turn, as given to Join
	Since   time.Time // when it was got; a task that waits gets it anew
	Waiting int       // how many tasks and waits that are over are queued for it
	Stack   string    // of the goroutine that has it; only in reports
}

// Watch has turns reported that one task has for longer than limit without a
// wait: one that blocks on something of its own, say, or that never ends. Each
// is reported once, an eighth of the limit later at most. Calls of report follow
// one another, on a goroutine of their own; report should return soon. Watch
// must be called once, before turns join the group; limit must be positive.
//
// Watching takes a microsecond or more for each task, to note its goroutine, and
// some 50 ns for each wait. A report stops all goroutines for a moment, to get
// the stack. A timer runs only while turns are used.
func (g *Group) Watch(limit time.Duration, report func(Holding)) {
	g.watch.CompareAndSwap(nil, &watch{limit: limit, report: report, began: time.Now()})
}

// Holdings returns the turns of the group that somebody has right now, in no
// particular order. It knows them only after Watch.
func (g *Group) Holdings() []Holding {
	if w := g.watch.Load(); w != nil {
		return w.holdings()
	}
	return nil
}

// watch is what a group does to find turns that are stuck.
type watch struct {
	limit  time.Duration
	report func(Holding)
	began  time.Time

	mu      sync.Mutex
	listed  []*holding // all that are held, and some that were
	timer   *time.Timer
	running bool // the timer is, which is so while listed is not empty
}

// holding is who has a turn. A nil *holding is not interested.
type holding struct {
	turn    *Own
	checked bool   // each wait is verified
	watch   *watch // nil: only that
	name    any

	goroutine atomic.Uint64 // 0: none, the turn is free or on its way
	since     atomic.Int64  // in nanoseconds since the watch began
	listed    atomic.Bool
	reported  int64 // since, of the last one reported
}

// enter notes that a goroutine has got the turn.
func (h *holding) enter(goroutine uint64) {
	if h == nil {
		return
	}
	if h.watch != nil {
		h.since.Store(int64(time.Since(h.watch.began)))
	}
	h.goroutine.Store(goroutine)
	if h.watch != nil && !h.listed.Load() {
		h.watch.list(h)
	}
}

// leave notes that it gives the turn up.
func (h *holding) leave() {
	if h != nil {
		h.goroutine.Store(0)
	}
}

// who returns the goroutine that has the turn.
func (h *holding) who() uint64 {
	if h == nil {
		return 0
	}
	return h.goroutine.Load()
}

// list sees to it that a turn is looked at. It stays listed until it is found
// free, so that one that is used often costs nothing each time.
func (w *watch) list(h *holding) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if h.listed.Swap(true) {
		return
	}
	w.listed = append(w.listed, h)
	if w.running {
		return // and fires before this one is due
	}
	w.running = true
	if w.timer == nil {
		w.timer = time.AfterFunc(w.limit, w.sweep)
	} else {
		w.timer.Reset(w.limit)
	}
}

// suspect is a holding as a sweep has found it.
type suspect struct {
	*holding
	goroutine uint64
	since     int64
}

// sweep reports the turns that are stuck, and sets the timer again unless all
// turns are free.
func (w *watch) sweep() {
	stuck, after := w.look()
	if len(stuck) > 0 {
		w.tell(stuck)
	}
	if after > 0 {
		w.timer.Reset(after)
	}
}

// look returns the turns that are stuck and have not been reported, and when to
// look again, 0 if no turn is listed any more.
func (w *watch) look() (stuck []suspect, after time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := int64(time.Since(w.began))
	next := now + int64(w.limit)
	rest := w.listed[:0]
	for _, h := range w.listed {
		if h.unlist() {
			continue
		}
		rest = append(rest, h)
		goroutine, since := h.goroutine.Load(), h.since.Load()
		due := since + int64(w.limit)
		switch {
		case goroutine == 0 || since == h.reported:
		case due > now:
			next = min(next, due)
		default:
			h.reported = since
			stuck = append(stuck, suspect{h, goroutine, since})
		}
	}
	clear(w.listed[len(rest):])
	w.listed = rest
	if w.running = len(rest) > 0; !w.running {
		return nil, 0
	}
	// Not at once: many may become due one after another.
	return stuck, max(time.Duration(next-now), w.limit/8, 1)
}

// tell reports those that have not gone on meanwhile.
func (w *watch) tell(stuck []suspect) {
	goroutines := make(map[uint64]bool)
	for _, s := range stuck {
		goroutines[s.goroutine] = true
	}
	stacks := stack.Of(goroutines)
	for _, s := range stuck {
		if s.goroutine == s.holding.goroutine.Load() && s.since == s.holding.since.Load() {
			w.report(Holding{s.name, w.date(s.since), s.turn.queued(), stacks[s.goroutine]})
		}
	}
}

// unlist takes a turn off the list, if it is free. The watch is locked.
func (h *holding) unlist() bool {
	if h.turn.state.Load() != free {
		return false
	}
	h.listed.Store(false)
	if h.turn.state.Load() != free {
		h.listed.Store(true) // it was taken before that, by one who saw it listed
		return false
	}
	return true
}

func (w *watch) holdings() (all []Holding) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, h := range w.listed {
		if h.goroutine.Load() != 0 {
			all = append(all, Holding{Name: h.name, Since: w.date(h.since.Load()), Waiting: h.turn.queued()})
		}
	}
	return all
}

func (w *watch) date(since int64) time.Time { return w.began.Add(time.Duration(since)) }

// queued returns how many stand in the queue.
func (t *Own) queued() (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last == nil {
		return 0
	}
	n = 1
	for it := t.last.next; it != t.last; it = it.next {
		n++
	}
	return n
}
