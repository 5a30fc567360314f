package rpc

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/gomas/gomas/turn"
)

// Service is a set of functions and of further services under it, each with
// a name. A peer reaches what was registered and nothing else, by a path of
// names: "add", "sub/inner/mul".
//
// One service may be offered on any number of connections. Functions and
// services may be added and services removed while it is in use.
type Service struct {
	mu       sync.RWMutex
	turn     turn.Turn                  // of its functions, nil: that of the service above
	set      *settings                  // nil: none is set
	funcs    atomic.Pointer[[]function] // only ever added to
	services map[string]*Service
	calls    atomic.Int32 // under way, if the service has a turn, but for visitors
	visitors int32        // calls on the goroutines of their callers, or on those that these keep; belongs to the turn
	told     atomic.Int32 // of a root: calls of local.tell that have not ended
	most     bound        // calls in the queue of the turn
	beyond   *list.List   // of *waiting, in order of arrival; nil: none
	closing  atomic.Pointer[closing]
	above    atomic.Pointer[mount] // where it is mounted, nil if it is not
}

// settings are what few services have. They are complete before the service is
// used.
type settings struct {
	around     []Interceptor
	collection Collection
	missing    func(name string) error
	hidden     bool

	// Of the tree, if this is a root.
	directory Directory
	inside    *Options
	routes    atomic.Pointer[routes]
}

// settings returns the settings, for reading.
func (s *Service) settings() *settings {
	if s.set == nil {
		return new(settings)
	}
	return s.set
}

// configure returns the settings, for changing.
func (s *Service) configure() *settings {
	if s.set == nil {
		s.set = new(settings)
	}
	return s.set
}

// mount is the place of a service in another one.
type mount struct {
	in   *Service
	name string
}

// function is one registered function. There are few in a service, so they
// are found by looking at each.
type function struct {
	*contract
	handler handler
}

// handler is what a contract makes of the function it is given.
type handler interface {
	// serve parses the arguments and runs the function.
	serve(ctx context.Context, c *call) (result any, err error)
	// goType returns the type of the function.
	goType() reflect.Type
}

func (f *function) Name() string { return f.name }

// shape returns the types of the function's parameters and results.
func (f *function) shape() shape { return shapeOf(f.handler.goType()) }

// NewService returns an empty service.
func NewService() *Service { return new(Service) }

// UseTurn makes the functions of s, and of the services under it that have no
// turn of their own, run under t. It must be called before s is used.
func (s *Service) UseTurn(t turn.Turn) { s.turn = t }

// handle registers a function. The text of the contract is written in the
// program, so a mistake in it is reported by a panic.
func (s *Service) handle(contract string, h handler) {
	if err := s.register(contract, h); err != nil {
		panic("rpc: " + err.Error())
	}
}

var errNilFunction = errors.New("the function is nil")

func (s *Service) register(text string, h handler) error {
	c, err := contractOf(text)
	if err != nil {
		return err
	}
	err = c.fit(shapeOf(h.goType()))
	if err == nil && reflect.ValueOf(h).IsNil() {
		err = errNilFunction
	}
	if err != nil {
		return fmt.Errorf("contract %q: %w", text, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.taken(c.name); err != nil {
		return err
	}
	funcs := append(s.functions(), function{c, h})
	s.funcs.Store(&funcs)
	return nil
}

// Mount puts sub under s as name. It panics if the name is empty or contains
// a slash, if s has something of that name, or if sub is mounted somewhere
// already.
func (s *Service) Mount(name string, sub *Service) {
	if err := s.TryMount(name, sub); err != nil {
		panic("rpc: " + err.Error())
	}
}

// TryMount is Mount for names that are not known to be right: it returns an
// error instead of a panic.
func (s *Service) TryMount(name string, sub *Service) error {
	if err := checkName(name); err != nil {
		return err
	}
	if sub == nil {
		return fmt.Errorf("the service for %q is nil; make one with NewService", name)
	}
	if s.settings().collection != nil {
		return fmt.Errorf("the service for %q cannot be mounted beside those of a collection", name)
	}
	if err := s.Reserve(name, sub); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.taken(name); err != nil {
		if s.services[name] != sub {
			sub.above.Store(nil)
		}
		return err
	}
	if s.services == nil {
		s.services = make(map[string]*Service)
	}
	s.services[name] = sub
	return nil
}

// mounting keeps two mounts in opposite directions from making a ring.
var mounting sync.Mutex

// Reserve makes name in s the place of sub, which can be referred to from now
// on, but not be called before Mount or TryMount puts it there, or the
// [Collection] of s has it.
func (s *Service) Reserve(name string, sub *Service) error {
	mounting.Lock()
	defer mounting.Unlock()
	for above := s; above != nil; above = above.parent() {
		if above == sub {
			return fmt.Errorf("the service for %q would be mounted in itself", name)
		}
	}
	place := mount{s, name}
	if m := sub.above.Load(); m != nil && *m != place {
		return fmt.Errorf("the service for %q is mounted already; unmount it there first", name)
	}
	sub.above.Store(&place)
	return nil
}

// parent returns the service that s is mounted in, nil if it is in none.
func (s *Service) parent() *Service {
	if m := s.above.Load(); m != nil {
		return m.in
	}
	return nil
}

// place returns the root of the tree that s is in, and its path there.
func (s *Service) place() (root *Service, path string) {
	for m := s.above.Load(); m != nil; m = s.above.Load() {
		s, path = m.in, join(m.name, path)
	}
	return s, path
}

// join joins two paths, each of which may be that of a root.
func join(path, sub string) string {
	if path == "" || sub == "" {
		return path + sub
	}
	return path + "/" + sub
}

// at returns the service at a path under s, nil if there is none.
func (s *Service) at(path string) *Service {
	more := path != ""
	for s != nil && more {
		var name string
		name, path, more = strings.Cut(path, "/")
		s, _, _ = s.child([]byte(name))
	}
	return s
}

// Unmount removes the service under name, and reports whether there was one.
// Calls of its functions that have begun go on.
func (s *Service) Unmount(name string) bool {
	s.mu.Lock()
	sub, ok := s.services[name]
	if ok {
		delete(s.services, name)
		sub.above.Store(nil)
	}
	s.mu.Unlock()
	if ok {
		s.forgetRoutes()
	}
	return ok
}

func (s *Service) taken(name string) error {
	if s.find(name) != nil {
		return fmt.Errorf("there is a function %q already", name)
	}
	if s.services[name] != nil {
		return fmt.Errorf("there is a service %q already", name)
	}
	return nil
}

func (s *Service) find(name string) *function {
	funcs := s.functions()
	for i := range funcs {
		if funcs[i].Name() == name {
			return &funcs[i]
		}
	}
	return nil
}

// functions returns those that are registered, which do not change.
func (s *Service) functions() []function {
	if funcs := s.funcs.Load(); funcs != nil {
		return *funcs
	}
	return nil
}

// target is a function that was found, with what the services on the way to
// it say about how it runs.
type target struct {
	function
	turn   turn.Turn // nil if none of them has one
	owner  *Service  // that has the turn
	around []Interceptor
	lasts  bool // it is the same until a service is closed or taken away
}

// resolve finds the function at a path.
func (s *Service) resolve(path []byte) (found target, fault error) {
	rest, hidden := path, false
	found.lasts = true
	for {
		if reason := s.closed(); reason != nil {
			return target{}, reason
		}
		if s.turn != nil {
			found.turn, found.owner = s.turn, s
		}
		if set := s.set; set != nil {
			hidden = hidden || set.hidden
			found.lasts = found.lasts && lasting(set.collection)
			if set.around != nil {
				found.around = append(found.around[:len(found.around):len(found.around)], set.around...)
			}
		}
		name, after, nested := cutPath(rest)
		sub, fn, reason := s.child(name)
		switch {
		case fn.contract != nil && !nested:
			found.function = fn
			return found, nil
		case fn.contract != nil:
			return target{}, notFound(path, after) // nothing is under a function
		case sub == nil && !nested && !hidden && string(name) == describe:
			found.function, found.lasts = s.description(), false
			return found, nil
		case sub == nil && reason != nil:
			return target{}, reason
		case sub == nil:
			return target{}, notFound(path, rest)
		case !nested:
			return target{}, typeError("%.80q is a service and cannot be called", path)
		}
		s, rest = sub, after
	}
}

// child returns the service or the function of a name, or neither, if there is
// none; reason may say why.
func (s *Service) child(name []byte) (sub *Service, fn function, reason error) {
	if s.set != nil && s.set.collection != nil {
		c := s.set.collection
		if sub, reason = c.Find(name); sub != nil {
			return sub, function{}, nil
		}
	}
	funcs := s.functions()
	for i := range funcs {
		if f := &funcs[i]; f.name == string(name) {
			return nil, *f, nil
		}
	}
	s.mu.RLock()
	sub = s.services[string(name)]
	s.mu.RUnlock()
	if sub == nil && reason == nil && s.set != nil && s.set.missing != nil {
		reason = s.set.missing(string(name))
	}
	return sub, function{}, reason
}

// Missing sets what a call fails with if s has nothing of a name: the error
// that fn returns, unless that is nil. It must be called before s is used.
func (s *Service) Missing(fn func(name string) error) { s.configure().missing = fn }

// notFound is the failure for the name at which the rest of a path begins.
func notFound(path, rest []byte) *Error {
	name, _, _ := cutPath(rest)
	before := strings.TrimSuffix(string(path[:len(path)-len(rest)]), "/")
	return lookupError("Name %.80q not found in %.80q", name, before)
}

func cutPath(path []byte) (name, rest []byte, nested bool) {
	for i, b := range path {
		if b == '/' {
			return path[:i], path[i+1:], true
		}
	}
	return path, nil, false
}
