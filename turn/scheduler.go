package turn

import "context"

// A Scheduler runs the tasks of many turns itself, one at a time and in an order
// of its own: that of a network in which every run is the same, for example.
// Turns that it has are made by [Own.UseScheduler].
type Scheduler interface {
	// Start queues a task of t. When it runs, [Own.Begun] comes before Run, and
	// Finish after it, when the turn has been passed on.
	Start(t *Own, it *Item)

	// Begin opens a wait of the task that runs.
	Begin(ctx context.Context, t *Own) (Wait, error)

	// Await is [Turn.Await] for t.
	Await(ctx context.Context, t *Own, fn func()) error

	// Do is [Own.Do] for t. It is called by the task that runs.
	Do(ctx context.Context, t *Own, fn func()) error

	// Free returns the turn of tasks that belong to nobody. Waits of any task
	// may be made under it.
	Free() *Own
}

// Light is implemented by tasks of which little is needed once they run, so that
// a [Scheduler] may let go of the rest.
type Light interface {
	Task
	// Finisher returns what takes the place of the task once Run has begun.
	Finisher() Finisher
}

// Finisher is the part of a [Task] that is called at the end. If it has a method
// String, reports name the task by that.
type Finisher interface{ Finish() }

// UseScheduler leaves all that has to do with the turn to *s, which does not
// change. It takes a pointer so that a turn stays small. It must be called before
// the turn is used.
func (t *Own) UseScheduler(s *Scheduler) { t.scheduler = s }

// Group returns the group that the turn has joined, nil if it has not. A
// scheduler counts in it what is not at rest.
func (t *Own) Group() *Group { return t.group }

// Enqueue puts an item into the queue of the turn, for its scheduler: tasks that
// have not begun, and waits that are over. It is not synchronized.
func (t *Own) Enqueue(it *Item) {
	if t.last == nil {
		it.next = it
	} else {
		it.next, t.last.next = t.last.next, it
	}
	t.last = it
}

// Dequeue takes the first item out of the queue, which is not empty.
func (t *Own) Dequeue() *Item {
	it := t.last.next
	if it == t.last {
		t.last = nil
	} else {
		t.last.next = it.next
	}
	it.next = nil
	return it
}

// Begun notes that a task of the turn begins, for its scheduler.
func (t *Own) Begun(it *Item) {
	if it.bounded {
		t.bounded--
	}
}

// SchedulerOf returns the scheduler of a turn, nil if it has none.
func SchedulerOf(t Turn) Scheduler {
	if own, ok := t.(*Own); ok && own.scheduler != nil {
		return *own.scheduler
	}
	return nil
}

// FreeOf returns the turn for tasks that belong to nobody and are started by
// code that has the turn t, which may be nil: [Free], or that of t's scheduler.
func FreeOf(t Turn) Turn {
	if s := SchedulerOf(t); s != nil {
		return s.Free()
	}
	return Free{}
}

// IsFree reports whether t is the turn of tasks that belong to nobody.
func IsFree(t Turn) bool {
	if s := SchedulerOf(t); s != nil {
		return t == Turn(s.Free())
	}
	return t == nil || t == Turn(Free{})
}

// Leave runs fn without the turn that ctx names, as [Await] does. But fn is not
// work of the user's: it waits for nothing except turns and what package turn
// waits for, and does that with contexts of other turns.
func Leave(ctx context.Context, fn func()) error {
	t := From(ctx)
	if s := SchedulerOf(t); t != nil && s == nil {
		return t.Await(ctx, fn)
	}
	fn()
	return nil
}
