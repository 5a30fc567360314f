package world

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gomas/gomas/internal/stack"
)

// ErrClosed is the error for waiting in a world that has been closed.
var ErrClosed = errors.New("the network has been closed")

// ErrWallTime is the error for waiting, on virtual time, with a context that has
// a deadline on the clock on the wall.
var ErrWallTime = errors.New("the context has a deadline of real time, but time is virtual here: use clock.WithTimeout, with the clock of the network")

// DeadlockError reports that nothing can happen any more: all tasks wait, and no
// timer is set.
type DeadlockError struct {
	Time  time.Duration // on the clock of the network
	Tasks []string      // each with what it waits for, in the order of their start
}

func (e *DeadlockError) Error() string {
	return fmt.Sprintf("deadlock at %v: nothing can happen any more, and no timer is set:%s", e.Time, list(e.Tasks))
}

// StandstillError reports that very many things have happened at one time, so
// that it seems that virtual time will not go on: code that polls, say.
type StandstillError struct {
	Time  time.Duration
	Steps int
	Tasks []string
}

func (e *StandstillError) Error() string {
	return fmt.Sprintf("time stands still at %v, after %d steps:%s", e.Time, e.Steps, list(e.Tasks))
}

// StallError reports a task that does not wait, or an event, such as the function
// of a timer, that does not end: it blocks on something that the network does not
// know of, or never ends. Nothing else can happen
// in its network any more.
type StallError struct {
	Task  string
	After time.Duration // of real time
	Stack string        // of its goroutine
}

func (e *StallError) Error() string {
	why := "it blocks outside the network, or never ends"
	if strings.Contains(e.Stack, "/turn.(*waiter).Block(") {
		why = "it waits with a context that is not from inside the network, such as context.Background"
	}
	return fmt.Sprintf("%s has not waited for %v, and nothing else can happen meanwhile: %s:\n%s", e.Task, e.After, why, e.Stack)
}

// PanicError reports that a task has panicked.
type PanicError struct {
	Task  string
	Value any
	Stack string
}

func (e *PanicError) Error() string {
	return fmt.Sprintf("%s panicked: %v\n%s", e.Task, e.Value, e.Stack)
}

// Unwrap returns the value of the panic, if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// mostListed is how many tasks a report names.
const mostListed = 50

func list(tasks []string) string {
	var b strings.Builder
	for i, t := range tasks {
		if i == mostListed {
			fmt.Fprintf(&b, "\n  and %d more", len(tasks)-i)
			break
		}
		b.WriteString("\n  " + t)
	}
	return b.String()
}

// report says of each task what it waits for.
func (w *World) report() (lines []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for t := w.first; t != nil; t = t.next {
		if t.worker == nil {
			continue
		}
		why := t.blocked().why
		if s, ok := why.(fmt.Stringer); ok {
			why = s.String()
		}
		if _, ok := why.(string); !ok {
			why = fmt.Sprintf("%T", why)
		}
		lines = append(lines, fmt.Sprintf("%s waits for %s", t, why))
	}
	return lines
}

// ticks is how often watch must see the world unchanged.
const ticks = 4

// watch waits until the world is driven no more, and returns an error if a task
// is stuck meanwhile.
func (w *World) watch(ended <-chan struct{}) error {
	if w.options.Stall <= 0 {
		<-ended
		return nil
	}
	tick := time.NewTicker(w.options.Stall / ticks)
	defer tick.Stop()
	var last *task
	var steps uint64
	since, unchanged := time.Now(), 0
	for {
		select {
		case <-ended:
			return nil
		case <-tick.C:
		}
		t, n := w.running.Load(), w.Steps()
		if t != last || n != steps || t == nil && w.sleeps() {
			last, steps, since, unchanged = t, n, time.Now(), 0
			continue
		}
		// Ticks, and not the time: the whole program may have been stopped meanwhile.
		if unchanged++; unchanged == ticks {
			return w.stalled(t, time.Since(since))
		}
	}
}

// stalled reports a task that has kept the world for so long.
func (w *World) stalled(t *task, after time.Duration) error {
	err := &StallError{Task: "an event", After: after.Round(time.Millisecond)}
	k := w.stepping.Load()
	if t != nil {
		err.Task = t.String()
		w.mu.Lock()
		k = t.worker // nil: it has ended just now
		w.mu.Unlock()
	}
	if k == nil {
		err.Task = "a task"
	} else if g := k.id.Load(); g != 0 {
		err.Stack = stack.Of(map[uint64]bool{g: true})[g]
	}
	w.fail(err)
	close(w.stuck)
	return err
}

// sleeps reports whether the loop waits for real time to pass.
func (w *World) sleeps() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asleep
}
