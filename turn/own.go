package turn

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/gomas/gomas/internal/stack"
)

// The states of a turn. It is never free while somebody is queued, so nobody
// overtakes the queue.
const (
	free      = iota // nobody has it, nobody is queued
	held             // somebody has it, nobody is queued
	contended        // somebody has it, somebody is queued
)

// Own is a turn of its own, for one agent say: tasks that have it run in
// parallel with those of other turns. The zero value is ready. It needs no
// goroutine while nothing runs.
type Own struct {
	state   atomic.Uint32
	bounded uint32     // items in the queue that TryStart has put there
	worker  *worker    // of whoever has the turn, who alone may look; nil: nothing is kept
	mu      sync.Mutex // guards the queue and the change between held and contended
	last    *Item      // of the queue, which is a ring: last.next is the first
	group   *Group     // nil: none
	holding *holding   // nil: nobody asks who has the turn

	scheduler *Scheduler // has the turn and the queue, nil: none does
}

// acquire takes the turn, or queues it. If it reports false, whoever gives the
// turn up grants it to it.
func (t *Own) acquire(it *Item) bool {
	if t.takeFree() {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.acquireOrQueue(it)
}

// takeFree takes the turn if nobody has it.
func (t *Own) takeFree() bool { return t.takeAs(false) }

// takeAs is takeFree. If counted is set, the group counts already who takes it.
func (t *Own) takeAs(counted bool) bool {
	if !t.state.CompareAndSwap(free, held) {
		return false
	}
	if !counted {
		t.group.enter()
	}
	return true
}

// acquireOrQueue is called with mu held.
func (t *Own) acquireOrQueue(it *Item) bool {
	for {
		switch t.state.Load() {
		case free:
			if t.takeFree() {
				return true
			}
			continue
		case held:
			if !t.state.CompareAndSwap(held, contended) {
				continue
			}
		}
		break
	}
	t.Enqueue(it)
	if it.bounded {
		t.bounded++
	}
	return false
}

// release passes the turn to the first in the queue, if there is one.
func (t *Own) release() { t.pass(false) }

// pass is release. If counted is set, the group goes on counting the caller,
// who must call leave in the end.
func (t *Own) pass(counted bool) {
	t.holding.leave()
	t.worker = nil
	if t.state.CompareAndSwap(held, free) {
		if !counted {
			t.group.leave()
		}
		return
	}
	t.mu.Lock()
	if t.last == nil {
		t.mu.Unlock()
		// Going on would let two tasks run at once.
		panic(ErrMisuse.Error() + ": a turn was given up that nobody held; a goroutine of the user's waits with the context of a task, see Own.Check")
	}
	it := t.Dequeue()
	if t.last == nil {
		t.state.Store(held)
	}
	if it.bounded {
		t.bounded--
	}
	t.mu.Unlock()
	if counted {
		t.group.enter() // before the next one can leave
	}
	t.grant(it)
}

// leave is pass for a goroutine that has done with turns.
func (t *Own) leave(counted bool) {
	w := t.worker
	t.pass(counted)
	w.end()
}

// grant lets an item run, which has the turn.
func (t *Own) grant(it *Item) {
	if w, ok := it.Task.(*waiter); ok {
		w.grant()
		return
	}
	go t.run(it.Task)
}

// Start implements [Turn].
func (t *Own) Start(it *Item) {
	if t.scheduler != nil {
		(*t.scheduler).Start(t, it)
		return
	}
	if t.acquire(it) {
		go t.run(it.Task)
	}
}

// run runs a task; the turn is its already.
func (t *Own) run(task Task) {
	stack.Grow()
	t.runHere(task)
}

// runHere is run on a goroutine whose stack has been used before.
func (t *Own) runHere(task Task) {
	t.entered()
	defer t.group.leave() // last, when those whom Finish wakes are counted
	defer task.Finish()
	defer t.leave(true) // before Finish, and also if Run ends the goroutine
	task.Run()
}

// Do runs fn under the turn, on the calling goroutine, once the turn has come.
// It is how code that has no turn, such as main, looks after an agent's
// state. ctx bounds the waiting, not fn; it must not name a turn.
func (t *Own) Do(ctx context.Context, fn func()) error {
	if t.scheduler != nil {
		return (*t.scheduler).Do(ctx, t, fn)
	}
	if t := From(ctx); t != nil && t != Turn(Free{}) {
		return fmt.Errorf("%w: Do needs a context without one", ErrMisuse)
	}
	if err := Err(ctx); err != nil {
		return err
	}
	var goroutine uint64
	if t.holding != nil {
		goroutine = stack.Goroutine()
	}
	if err := t.takeWithin(ctx, goroutine); err != nil {
		return err
	}
	defer t.leave(false)
	fn()
	return nil
}

// take waits until the turn has come to the calling goroutine.
func (t *Own) take(goroutine uint64) {
	_ = t.takeWithin(context.Background(), goroutine) // which never ends
}

// takeWithin is take with a context. If that ends before, the place in the queue
// remains and a goroutine passes the turn on.
func (t *Own) takeWithin(ctx context.Context, goroutine uint64) error {
	if t.takeFree() {
		t.holding.enter(goroutine)
		return nil
	}
	w, n := begin(context.Background(), t)
	w.goroutine, w.blocked = goroutine, true
	if ctx.Done() != nil {
		w.ready = make(chan struct{}, 1)
	}
	w.Wake(n, nil) // over before it began: all that remains is to get the turn
	if w.ready == nil {
		w.granted()
		return w.end()
	}
	select {
	case <-w.ready:
		return w.end()
	case <-ctx.Done():
		go func() {
			w.granted()
			_ = w.end()
			t.release()
		}()
		return Err(ctx)
	}
}

// Begin implements [Turn].
func (t *Own) Begin(ctx context.Context) (Wait, error) {
	if t.scheduler != nil {
		return (*t.scheduler).Begin(ctx, t)
	}
	if err := t.verify(); err != nil {
		return Wait{}, err
	}
	w, n := begin(ctx, t)
	w.goroutine = t.holding.who()
	return Wait{w, n}, nil
}

// Await implements [Turn].
func (t *Own) Await(ctx context.Context, fn func()) error {
	if t.scheduler != nil {
		return (*t.scheduler).Await(ctx, t, fn)
	}
	if err := t.verify(); err != nil {
		return err
	}
	goroutine, worker := t.holding.who(), t.worker
	worker.wait()
	t.pass(true)
	defer func() {
		t.take(goroutine)
		t.worker = worker
		t.group.leave()
	}()
	fn()
	return nil
}

// Check makes the turn verify at each wait that the calling goroutine is the
// one that has the turn, at the cost of about a microsecond. It must be called
// before the turn is used.
func (t *Own) Check() { t.hold().checked = true }

func (t *Own) verify() error {
	if t.state.Load() == free {
		return fmt.Errorf("%w: nobody holds it", ErrMisuse)
	}
	if t.holding != nil && t.holding.checked {
		if g, h := stack.Goroutine(), t.holding.who(); g != h {
			return fmt.Errorf("%w: goroutine %d waits, goroutine %d has the turn", ErrMisuse, g, h)
		}
	}
	return nil
}

// entered notes that the calling goroutine has got the turn.
func (t *Own) entered() {
	if t.holding != nil {
		t.holding.enter(stack.Goroutine())
	}
}

// hold returns the notes about who has the turn, which somebody asks for.
func (t *Own) hold() *holding {
	if t.holding == nil {
		t.holding = &holding{turn: t}
	}
	return t.holding
}
