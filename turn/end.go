package turn

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Ender is implemented by contexts that end the waits made with them
// themselves. Such a wait needs no channel, and is over the moment its context
// is. A context that has an [End] is one.
type Ender interface {
	context.Context

	// Attach has w woken with the error of the context when that ends. It
	// reports false, and does nothing, if it has ended.
	Attach(w Wait) bool
	// Detach undoes Attach.
	Detach(w Wait)
	// AfterFunc has fn called after the end; see [End.AfterFunc].
	AfterFunc(fn func()) (stop func() bool)
	// Heed says that code is about to wait that was given the context, in a way
	// that Attach does not see.
	Heed()
}

// End is the part of a context that ends: embedded in one, it provides Done,
// Err and what else depends on them. It takes no memory to speak of before
// somebody asks. The zero value is an end that has not come.
type End struct {
	state atomic.Pointer[ending]
}

// ending is an End that somebody has asked about, or that has come. Mostly one
// task waits, and there may be very many such ends.
type ending struct {
	mu  sync.Mutex
	who any    // the Waiter of the one wait that is attached, or *asked; nil: nothing
	n   uint64 // the number of that wait
}

// asked is what depends on an End, and what it was.
type asked struct {
	err, cause error // set by the end
	done       chan struct{}
	waits      waits
	funcs      []*func()
}

// all returns what depends on the end, for more of that. s.mu is held.
func (s *ending) all() *asked {
	a, ok := s.who.(*asked)
	if !ok {
		a = new(asked)
		if w, ok := s.who.(Waiter); ok {
			a.waits.add(Wait{w, s.n})
		}
		s.who, s.n = a, 0
	}
	return a
}

// come returns the error and the cause of the end. s.mu is held.
func (s *ending) come() (err, cause error) {
	if a, ok := s.who.(*asked); ok {
		return a.err, a.cause
	}
	return nil, nil
}

// get returns the state, and makes it if there is none.
func (e *End) get() *ending {
	if s := e.state.Load(); s != nil {
		return s
	}
	s := new(ending)
	if e.state.CompareAndSwap(nil, s) {
		return s
	}
	return e.state.Load()
}

// Heed does nothing. Contexts that have something to do before a wait have a Heed of
// their own.
func (e *End) Heed() {}

// Asked reports whether anything depends on the end.
func (e *End) Asked() bool { return e.state.Load() != nil }

// closed is what Done returns if nobody asked before the end. It is of no
// testing/synctest bubble, so that contexts of several may share an end.
var closed = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Come makes the end come, with the error that the context has from now on,
// which must not be nil, and the cause, which may be. It reports whether this
// call did.
func (e *End) Come(err, cause error) bool {
	s := e.get()
	s.mu.Lock()
	a := s.all()
	if a.err != nil {
		s.mu.Unlock()
		return false
	}
	a.err, a.cause = err, cause
	all, funcs := a.waits, a.funcs
	a.waits, a.funcs = waits{}, nil
	if a.done != nil {
		close(a.done)
	}
	s.mu.Unlock()
	if all.n > 0 {
		all.wakeAll(explained(err, cause))
	}
	for _, fn := range funcs {
		(*fn)()
	}
	return true
}

// Preset makes the end come with that of another, which must have come before,
// at no cost if nobody has asked. It reports whether this call did.
func (e *End) Preset(as *End) bool {
	s := as.state.Load()
	return e.state.CompareAndSwap(nil, s) || e.Come(s.come())
}

// Done implements [context.Context].
func (e *End) Done() <-chan struct{} {
	s := e.get()
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.all()
	switch {
	case a.done != nil:
	case a.err != nil:
		return closed
	default:
		a.done = make(chan struct{})
	}
	return a.done
}

// Err implements [context.Context].
func (e *End) Err() error {
	s := e.state.Load()
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	err, _ := s.come()
	return err
}

// Cause returns the cause that the end had, nil if it had none or has not come.
// Function [Err] asks for it; [context.Cause] cannot.
func (e *End) Cause() error {
	s := e.state.Load()
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, cause := s.come()
	return cause
}

// AfterFunc has fn called after the end, by whoever makes it come, so fn must
// not block. stop prevents that, and reports whether it did. Package context
// uses it for contexts derived from this one, which so end at once and in the
// order in which they were made.
func (e *End) AfterFunc(fn func()) (stop func() bool) {
	s, p := e.get(), &fn
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.all()
	if a.err != nil {
		go fn()
		return func() bool { return false }
	}
	a.funcs = append(a.funcs, p)
	return func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		i := slices.Index(a.funcs, p)
		if i >= 0 {
			a.funcs = slices.Delete(a.funcs, i, i+1)
		}
		return i >= 0
	}
}

// Attach implements [Ender].
func (e *End) Attach(w Wait) bool {
	s := e.get()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.who == nil {
		s.who, s.n = w.w, w.n
		return true
	}
	a := s.all()
	if a.err == nil {
		a.waits.add(w)
	}
	return a.err == nil
}

// Detach implements [Ender].
func (e *End) Detach(w Wait) {
	s := e.get()
	s.mu.Lock()
	defer s.mu.Unlock()
	if a, ok := s.who.(*asked); ok {
		a.waits.remove(w)
	} else if s.who == any(w.w) && s.n == w.n {
		s.who, s.n = nil, 0
	}
}

// forget removes a wait that is over from a list.
func forget(waits []Wait, w Wait) []Wait {
	if i := slices.Index(waits, w); i >= 0 {
		return slices.Delete(waits, i, i+1)
	}
	return waits
}

// Context is a context that ends when its [End] comes, with a turn. It ends with
// no other.
type Context struct {
	End
	turn Turn
}

// NewContext returns a context that names t as the turn of the code it is given
// to.
func NewContext(t Turn) *Context { return &Context{turn: t} }

// Deadline implements [context.Context]: there is none.
func (c *Context) Deadline() (time.Time, bool) { return time.Time{}, false }

// Turn implements [Holder].
func (c *Context) Turn() Turn { return c.turn }

// Value implements [context.Context].
func (c *Context) Value(key any) any {
	v, _ := Value(c, key)
	return v
}
