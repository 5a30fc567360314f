package turn

import (
	"context"
	"sync"
)

// Event is something that happens once, such as the end of a connection. Any
// number of tasks may wait for it. The zero value is an event that has not
// happened.
type Event struct {
	mu       sync.Mutex
	happened bool
	err      error
	waits    waits
}

// Set makes the event happen, with an error or nil, and reports whether this
// call did; later ones change nothing.
func (e *Event) Set(err error) bool {
	e.mu.Lock()
	if e.happened {
		e.mu.Unlock()
		return false
	}
	e.happened, e.err = true, err
	all := e.waits
	e.waits = waits{}
	e.mu.Unlock()
	all.wakeAll(nil)
	return true
}

// Happened reports whether the event has happened, and the error it had.
func (e *Event) Happened() (bool, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.happened, e.err
}

// Wait waits for the event and returns its error, or that of ctx if it ends
// first. It waits under the turn that ctx names, or else under otherwise.
func (e *Event) Wait(ctx context.Context, otherwise Turn, why any) error {
	if happened, err := e.Happened(); happened {
		return err
	}
	w, err := Begin(ctx, otherwise)
	if err != nil {
		return err
	}
	e.mu.Lock()
	if e.happened {
		e.mu.Unlock()
		w.Drop()
		return e.err
	}
	e.waits.add(w)
	e.mu.Unlock()
	if err := w.Block(ctx, why); err != nil {
		e.forget(w)
		return err
	}
	return e.err
}

func (e *Event) forget(w Wait) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.waits.remove(w)
}
