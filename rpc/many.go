package rpc

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"

	"github.com/gomas/gomas/internal/stack"
	"github.com/gomas/gomas/turn"
)

// Result is what became of one item of [Each]. Value is what the function
// returned, also if it returned an error as well.
type Result[R any] struct {
	Value R
	Err   error
}

// Each calls fn for all items at once, such as for each of many remotes, and
// yields every item with its result, once, in the order in which the calls
// come to an end:
//
//	for to, r := range rpc.Each(ctx, remotes, func(ctx context.Context, to rpc.Remote) (int, error) {
//		return Add.Call(ctx, to, 3, 4)
//	}) {
//		// r.Value, r.Err
//	}
//
// The context that fn gets is made from ctx, and ends with the loop. When the
// loop is left early, calls that have not begun are not made, and nobody waits
// for the others: they go on until fn returns, and should do so when their
// context ends.
//
// When ctx ends, the loop waits no longer: items whose calls have not ended get
// its error, and what fn returns later is dropped. A panic in fn becomes a *[PanicError], and
// a call that ends its goroutine an error.
//
// From code that has a turn, an agent's or a handler's, with its context, each
// call is a task under that turn, and the loop gives it up while it waits. So
// the calls, which begin in the order of the items, and the body of the loop
// never run at the same time, and share what belongs to the turn without
// locks. If that code does not hold the turn, no call is made and all results
// are a [turn.ErrMisuse]. From other code, such as main or a test, each call
// has a goroutine and they run in parallel.
//
// Every range over the iterator makes all calls. items must not change
// meanwhile. For fewer at once, range over [slices.Chunk] of the items.
func Each[T, R any](ctx context.Context, items []T, fn func(context.Context, T) (R, error)) iter.Seq2[T, Result[R]] {
	return func(yield func(T, Result[R]) bool) {
		for i, r := range each(ctx, items, fn) {
			if !yield(items[i], r) {
				return
			}
		}
	}
}

// Gather calls fn for all items at once, as [Each] does, and returns all
// values, in the order of the items. It waits for all calls, even if some fail,
// until ctx ends.
//
// The error is nil if none failed. Otherwise it joins an *[ItemError] for each
// item that did, in the order of the items, and the values are those that the
// calls returned all the same: the zero value, if in doubt.
func Gather[T, R any](ctx context.Context, items []T, fn func(context.Context, T) (R, error)) ([]R, error) {
	values, errs := make([]R, len(items)), make([]error, len(items))
	for i, r := range each(ctx, items, fn) {
		values[i] = r.Value
		if r.Err != nil {
			errs[i] = &ItemError{i, r.Err}
		}
	}
	return values, errors.Join(errs...)
}

// First calls fn for all items at once, as [Each] does, and returns the first
// result without an error, with its item. It does not wait for the other
// calls, whose contexts end.
//
// If all fail, the error joins an *[ItemError] for each item, in the order of
// the items. If there are no items, that is an error too.
func First[T, R any](ctx context.Context, items []T, fn func(context.Context, T) (R, error)) (item T, value R, err error) {
	if len(items) == 0 {
		return item, value, errNoItems
	}
	errs := make([]error, len(items))
	for i, r := range each(ctx, items, fn) {
		if r.Err == nil {
			return items[i], r.Value, nil
		}
		errs[i] = &ItemError{i, r.Err}
	}
	return item, value, errors.Join(errs...)
}

// ItemError is the failure for one of the items of [Gather] or [First].
type ItemError struct {
	Index int // of the item
	Err   error
}

func (e *ItemError) Error() string { return fmt.Sprintf("item %d: %v", e.Index, e.Err) }

// Unwrap returns Err.
func (e *ItemError) Unwrap() error { return e.Err }

var (
	errNoItems = errors.New("rpc: first of no items")
	errLeft    = errors.New("rpc: the result is no longer wanted")
	errGoexit  = errors.New("rpc: the function ended its goroutine")
)

// each is Each with the index in place of the item.
func each[T, R any](ctx context.Context, items []T, fn func(context.Context, T) (R, error)) iter.Seq2[int, Result[R]] {
	return func(yield func(int, Result[R]) bool) {
		inner, cancel := context.WithCancelCause(ctx)
		defer cancel(errLeft)
		m := &many[T, R]{ctx: inner, items: items, fn: fn}
		m.start(ctx)
		for range items {
			p := m.next(ctx)
			if !yield(p.index, p.result) {
				return
			}
		}
	}
}

// many is a function that is called for many items, a part for each.
type many[T, R any] struct {
	ctx   context.Context // of the parts
	items []T
	fn    func(context.Context, T) (R, error)
	parts []part[T, R]

	mu    sync.Mutex
	over  []*part[T, R] // those with a result, in the order in which it came
	taken int           // how many of these have been yielded
	wait  turn.Wait     // for one more; zero if the loop does not wait
}

// part is the task for one item. Its result belongs to mu until it is over, and
// does not change then.
type part[T, R any] struct {
	turn.Item
	many   *many[T, R]
	index  int
	over   bool
	result Result[R]
}

// start starts a part for each item, under the turn that ctx names, if the
// caller has it to give up.
func (m *many[T, R]) start(ctx context.Context) {
	m.parts = make([]part[T, R], len(m.items))
	m.over = make([]*part[T, R], 0, len(m.items))
	for i := range m.parts {
		p := &m.parts[i]
		p.many, p.index, p.Task = m, i, p
	}
	// Once the parts have begun, a turn that nobody had would be with one of
	// them, and look as if it were the caller's.
	wait, err := turn.Begin(ctx, nil)
	if err != nil {
		m.giveUp(err)
		return
	}
	wait.Drop()
	under := turn.From(ctx)
	if under == nil {
		under = turn.Free{}
	}
	for i := range m.parts {
		under.Start(&m.parts[i].Item)
	}
}

// Run implements [turn.Task].
func (p *part[T, R]) Run() {
	m := p.many
	result := Result[R]{Err: errGoexit}
	defer func() {
		if v := recover(); v != nil {
			result.Err = &PanicError{Value: v, Stack: stack.Trace()}
		}
		m.end(p, result)
	}()
	if err := turn.Err(m.ctx); err != nil {
		result.Err = err
		return
	}
	value, err := m.fn(m.ctx, m.items[p.index])
	result = Result[R]{value, err}
}

// Finish implements [turn.Task].
func (p *part[T, R]) Finish() {}

// end notes the result of a part, unless that is over, and wakes who waits.
func (m *many[T, R]) end(p *part[T, R], result Result[R]) {
	m.mu.Lock()
	m.note(p, result)
	wait := m.wait
	m.mu.Unlock()
	if wait != (turn.Wait{}) {
		wait.Wake(nil) // others may have done so: the first counts
	}
}

// giveUp ends all parts that are not over, as far as the results go.
func (m *many[T, R]) giveUp(err error) {
	for i := range m.parts {
		m.note(&m.parts[i], Result[R]{Err: err})
	}
}

func (m *many[T, R]) note(p *part[T, R], result Result[R]) {
	if !p.over {
		p.over, p.result = true, result
		m.over = append(m.over, p)
	}
}

// next waits for one more part to be over.
func (m *many[T, R]) next(ctx context.Context) *part[T, R] {
	m.mu.Lock()
	if m.taken == len(m.over) {
		wait, err := turn.Begin(ctx, nil)
		if err == nil {
			m.wait = wait
			m.mu.Unlock()
			err = wait.Block(ctx, "one of many results")
			m.mu.Lock()
			m.wait = turn.Wait{}
		}
		if err != nil {
			m.giveUp(err)
		}
	}
	p := m.over[m.taken]
	m.taken++
	m.mu.Unlock()
	return p
}
