package world

import (
	"time"

	"github.com/gomas/gomas/internal/stack"
	"github.com/gomas/gomas/turn"
)

// mostStill is how many steps may follow one another on virtual time without
// that going on: code that polls, and sleeps for no time in between, would keep
// time from ever going on.
const mostStill = 50_000_000

// step lets the next thing happen, unless that is the beginning of a task, which
// it returns. It reports false when there is nothing more to be done for now.
func (w *World) step() (begun *task, more bool) {
	if w.halted.Load() || w.main.over {
		return nil, false
	}
	if w.options.Real {
		w.fire(w.Clock().Now())
	}
	w.mu.Lock()
	if w.ready.n == 0 {
		w.mu.Unlock()
		return nil, w.advance()
	}
	i := 0
	if w.draw != nil && w.ready.n > 1 {
		i = int(w.draw.Uint64N(uint64(w.ready.n)))
	}
	e := w.ready.pop(i)
	if t, ok := e.(*turn.Own); ok {
		e = w.grant(t)
	}
	w.taken++
	w.mu.Unlock()
	if w.still++; w.still > mostStill && !w.options.Real {
		w.fail(&StandstillError{Time: w.Clock().Now(), Steps: w.still, Tasks: w.report()})
		return nil, false
	}
	switch e := e.(type) {
	case *waiter:
		w.resume(e)
	case *task:
		if !e.dead {
			return e, true
		}
	case Event:
		w.guard(e.Happen)
	}
	w.look()
	return nil, true
}

const pollsAStep = 4

// look is called after each step.
func (w *World) look() {
	if len(w.polled) > 0 {
		w.poll(pollsAStep)
	}
}

// grant takes the first out that is queued for a turn: a wait, a task that begins,
// or what becomes of one that does not. It is nil if the turn is kept. w.mu is held.
func (w *World) grant(t *turn.Own) any {
	if n, kept := w.kept[t]; kept {
		w.kept[t] = n + 1
		return nil
	}
	it := t.Dequeue()
	if x := waiterOf(it); x != nil {
		return x
	}
	if n := nodeOf(t); n.ended == nil {
		return w.newTask(n, t, it)
	}
	return refused{w, t}
}

// refused is a task whose node has ended before it began.
type refused struct {
	world *World
	turn  *turn.Own
}

func (r refused) Happen() { r.world.lost(r.turn) }

// advance goes on to the time of the next timer, now that nothing is ready.
func (w *World) advance() bool {
	if w.poll(len(w.polled)) {
		return true
	}
	w.mu.Lock()
	if w.ready.n > 0 {
		w.mu.Unlock()
		return true
	}
	var next *Timer
	if len(w.timers.heap) > 0 {
		next = w.timers.heap[0]
	}
	if w.options.Real {
		w.asleep = true
		w.mu.Unlock()
		w.sleep(next)
		return true
	}
	w.mu.Unlock()
	if next == nil {
		w.fail(&DeadlockError{Time: w.Clock().Now(), Tasks: w.report()})
		return false
	}
	w.now.Store(int64(next.at))
	w.still = 0
	w.fire(next.at)
	return true
}

// sleep waits for a time that comes, or for rouse.
func (w *World) sleep(next *Timer) {
	var due <-chan time.Time
	if next != nil {
		timer := time.NewTimer(next.at - w.Clock().Now())
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-due:
		w.mu.Lock()
		roused := !w.asleep
		w.asleep = false
		w.mu.Unlock()
		if roused {
			<-w.roused
		}
	case <-w.roused:
	}
}

// fire lets everything happen that is due.
func (w *World) fire(now time.Duration) {
	for {
		w.mu.Lock()
		if len(w.timers.heap) == 0 || w.timers.heap[0].at > now {
			w.mu.Unlock()
			return
		}
		t := w.timers.heap[0]
		w.timers.remove(t)
		if t.event != nil {
			w.ready.push(t.event)
		}
		w.mu.Unlock()
		if t.event == nil {
			w.guard(t.fn)
		}
	}
}

// guard calls fn, which is no task. A panic ends the world.
func (w *World) guard(fn func()) {
	back := false
	defer func() {
		if p := recover(); p != nil {
			w.fail(&PanicError{Task: "an event", Value: p, Stack: stack.Trace()})
		} else if !back {
			w.goexit = true
		}
	}()
	fn()
	back = true
}
