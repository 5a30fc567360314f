package turn

import "fmt"

// TryStart is [Own.Start] for tasks that others ask for and that may be
// refused, such as calls. If limit tasks that TryStart has queued have not
// begun yet, the task is not queued but a [*BusyError] returned. Tasks queued
// by Start, and waits that are over, do not count and are never refused. A
// limit of 0 is none.
func (t *Own) TryStart(it *Item, limit int) error {
	it.bounded = true
	if t.scheduler != nil {
		if n := int(t.bounded); limit > 0 && n >= limit {
			return &BusyError{Waiting: n}
		}
		t.bounded++
		(*t.scheduler).Start(t, it)
		return nil
	}
	if t.takeFree() {
		go t.run(it.Task)
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := int(t.bounded); limit > 0 && n >= limit {
		return &BusyError{Waiting: n}
	}
	if t.acquireOrQueue(it) {
		go t.run(it.Task)
	}
	return nil
}

// BusyError reports a task that was refused, because as many as may wait for
// the turn do so.
type BusyError struct {
	Waiting int // that many
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("turn: busy: %d waiting already", e.Waiting)
}
