package turn

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"strconv"
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
	state      atomic.Uint32
	mu         sync.Mutex // guards the queue and the change between held and contended
	head, tail *Item
	holder     *atomic.Uint64 // goroutine that has the turn, if that is checked
}

// Check makes the turn verify at each wait that the calling goroutine is the
// one that has the turn, at the cost of about a microsecond. It must be called
// before the turn is used.
func (t *Own) Check() { t.holder = new(atomic.Uint64) }

// acquire takes the turn, or queues it. If it reports false, whoever gives the
// turn up grants it to it.
func (t *Own) acquire(it *Item) bool {
	if t.state.CompareAndSwap(free, held) {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for {
		switch t.state.Load() {
		case free:
			if t.state.CompareAndSwap(free, held) {
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
	it.next = nil
	if t.tail == nil {
		t.head = it
	} else {
		t.tail.next = it
	}
	t.tail = it
	return false
}

// release passes the turn to the first in the queue, if there is one.
func (t *Own) release() {
	if t.state.CompareAndSwap(held, free) {
		return
	}
	t.mu.Lock()
	it := t.head
	if it == nil {
		t.mu.Unlock()
		// Going on would let two tasks run at once.
		panic(ErrMisuse.Error() + ": a turn was given up that nobody held; a goroutine of the user's waits with the context of a task, see Own.Check")
	}
	t.head = it.next
	it.next = nil
	if t.head == nil {
		t.tail = nil
		t.state.Store(held)
	}
	t.mu.Unlock()
	if it.wait != nil {
		it.wait.grant()
		return
	}
	go t.run(it.Task)
}

// Start implements [Turn].
func (t *Own) Start(it *Item) {
	if t.acquire(it) {
		go t.run(it.Task)
	}
}

// run runs a task; the turn is its already.
func (t *Own) run(task Task) {
	stack.Grow()
	t.entered()
	defer task.Finish()
	defer t.release() // before Finish, and also if Run ends the goroutine
	task.Run()
}

// Do runs fn under the turn, on the calling goroutine, once the turn has come.
// It is how code that has no turn, such as main, looks after an agent's
// state. ctx bounds the waiting, not fn; it must not name a turn.
func (t *Own) Do(ctx context.Context, fn func()) error {
	if t := From(ctx); t != nil && t != Turn(Free{}) {
		return fmt.Errorf("%w: Do needs a context without one", ErrMisuse)
	}
	if err := Err(ctx); err != nil {
		return err
	}
	if err := t.take(ctx); err != nil {
		return err
	}
	defer t.release()
	fn()
	return nil
}

// take waits until the turn has come. If ctx ends before, the place in the
// queue remains and a goroutine passes the turn on.
func (t *Own) take(ctx context.Context) error {
	if t.state.CompareAndSwap(free, held) {
		t.entered()
		return nil
	}
	w, n := begin(ctx, t)
	if w.ender != nil {
		w.ender, w.ready = nil, make(chan struct{}, 1)
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
	if err := t.verify(); err != nil {
		return Wait{}, err
	}
	w, n := begin(ctx, t)
	return Wait{w, n}, nil
}

// Await implements [Turn].
func (t *Own) Await(_ context.Context, fn func()) error {
	if err := t.verify(); err != nil {
		return err
	}
	t.release()
	defer func() { _ = t.take(context.Background()) }() // which never ends
	fn()
	return nil
}

// entered notes which goroutine has got the turn.
func (t *Own) entered() {
	if t.holder != nil {
		t.holder.Store(goroutine())
	}
}

func (t *Own) verify() error {
	if t.state.Load() == free {
		return fmt.Errorf("%w: nobody holds it", ErrMisuse)
	}
	if t.holder != nil {
		if g, h := goroutine(), t.holder.Load(); g != h {
			return fmt.Errorf("%w: goroutine %d waits, goroutine %d has the turn", ErrMisuse, g, h)
		}
	}
	return nil
}

// goroutine returns the number of the calling goroutine, which the runtime
// shows in the first line of a stack trace only.
func goroutine() uint64 {
	var buf [64]byte
	s := bytes.TrimPrefix(buf[:runtime.Stack(buf[:], false)], []byte("goroutine "))
	if i := bytes.IndexByte(s, ' '); i >= 0 {
		s = s[:i]
	}
	n, _ := strconv.ParseUint(string(s), 10, 64)
	return n
}
