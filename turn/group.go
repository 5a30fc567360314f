package turn

import (
	"context"
	"sync"
	"sync/atomic"
)

// Group is turns that are looked at together, such as those of all agents of a
// container: whether all of them are at rest, and, after [Group.Watch], who has
// them. The zero value is ready. It must not be copied.
//
// A group is at rest when none of its turns is held or waited for, and nothing
// is counted that others have added. Who makes a task ready counts it at once,
// so there is no rest between a cause and its effect. What counts is
//
//   - a task, from Start to the end of its Finish, except while it waits;
//   - a wait that is over, also if the end of a context of package context ended
//     it, of which the waiting goroutine learns later;
//   - the user's work inside [Own.Await].
//
// What the group cannot see may end a rest from outside: code without a turn,
// such as goroutines started by a bare go statement; timers on real time; calls
// and replies on their way on a connection; and the end of a context on its way
// to one that package context has derived from it, if it is of another package.
// [Group.Add] counts what should be waited for.
type Group struct {
	// busy is a count of what is not at rest, in the lower half, and of what
	// has ever been added to it, in the upper half.
	busy   atomic.Uint64
	wanted atomic.Bool // somebody waits for rest
	_      [48]byte    // all turns write to this cache line, and to no other

	ends  [lanes]lane           // of the contexts with which tasks wait
	watch atomic.Pointer[watch] // nil: who has the turns is not asked for

	mu    sync.Mutex
	waits []Wait // for rest
}

// one is what is added to busy for each that is not at rest.
const one = 1<<32 | 1

// Join makes the turn one of the group. name says whose it is, to readers of a
// [Holding]. It must be called before the turn is used, and once at most.
func (t *Own) Join(g *Group, name any) {
	t.group = g
	if w := g.watch.Load(); w != nil {
		h := t.hold()
		h.watch, h.name, h.reported = w, name, -1
	}
}

// Add adds n, which may be negative, to what is not at rest: calls in flight,
// say. What such a thing wakes at its end, it must wake before it is taken off.
// A negative count is a panic.
func (g *Group) Add(n int) {
	if n > 0 {
		g.busy.Add(uint64(n)<<32 + uint64(n))
		return
	}
	g.take(uint32(-n))
}

// enter counts one more.
func (g *Group) enter() {
	if g != nil {
		g.busy.Add(one)
	}
}

// leave counts one less.
func (g *Group) leave() {
	if g != nil {
		g.take(1)
	}
}

func (g *Group) take(n uint32) {
	left := uint32(g.busy.Add(-uint64(n)))
	if left+n < left {
		panic("turn: negative count of what is not at rest")
	}
	if left == 0 && g.wanted.Load() {
		g.settle()
	}
}

// Wait waits until the group is at rest, or for the end of ctx, and returns the
// error of ctx in that case. The rest may be over by then, if something ends it
// that the group cannot see.
//
// A task with a turn of the group may wait, since it gives that up. It is in
// vain where the caller itself is counted: inside Await, or in a call that
// somebody has added.
func (g *Group) Wait(ctx context.Context) error {
	w, err := Begin(ctx, nil)
	if err != nil {
		return err
	}
	g.mu.Lock()
	g.waits = append(g.waits, w)
	g.wanted.Store(true)
	g.mu.Unlock()
	g.settle()
	err = w.Block(ctx, "all to come to rest")
	if err != nil {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.waits = forget(g.waits, w)
		g.wanted.Store(len(g.waits) > 0)
	}
	return err
}

// settle wakes those who wait for rest, if it has come.
func (g *Group) settle() {
	g.mu.Lock()
	if !g.resting() {
		g.mu.Unlock()
		return
	}
	waits := g.waits
	g.waits = nil
	g.wanted.Store(false)
	g.mu.Unlock()
	for _, w := range waits {
		w.Wake(nil)
	}
}

// resting reports whether the group is at rest. If it is not, settle is called
// again when it may be.
func (g *Group) resting() bool {
	for {
		before := g.busy.Load()
		if uint32(before) != 0 || g.ended() {
			return false
		}
		// Nothing has run meanwhile, or contexts that were looked at first may
		// have been ended by it.
		if g.busy.Load() == before {
			return true
		}
	}
}
