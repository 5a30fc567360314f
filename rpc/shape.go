package rpc

import (
	"context"
	"encoding"
	"errors"
	"fmt"
	"reflect"

	"github.com/gomas/gomas/codec"
)

// shape is the type of a Go function, seen as one that peers call: without a
// context in front, what the program gives, and an error at the end.
type shape struct {
	fn      reflect.Type
	context bool // the first parameter is a context
	given   int  // how many parameters come from the program
	fails   bool // the last result is an error
}

var (
	contextType     = reflect.TypeFor[context.Context]()
	errorType       = reflect.TypeFor[error]()
	textMarshaler   = reflect.TypeFor[encoding.TextMarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	handlerType     = reflect.TypeFor[handler]()
)

func shapeOf(fn reflect.Type) shape {
	in, out := fn.NumIn(), fn.NumOut()
	return shape{
		fn:      fn,
		context: in > 0 && fn.In(0) == contextType,
		fails:   out > 0 && fn.Out(out-1) == errorType,
	}
}

// give makes the first parameters those that the program gives.
func (s *shape) give(types []reflect.Type) error {
	for i, t := range types {
		if s.params() == 0 || s.param(0) != t {
			place := []string{"first", "second", "third"}[min(i, 2)]
			return fmt.Errorf("the %s parameter after the context must be a %v", place, t)
		}
		s.given++
	}
	return nil
}

// first returns the place of the first parameter in the Go function.
func (s shape) first() int {
	if s.context {
		return s.given + 1
	}
	return s.given
}

// params returns how many parameters there are.
func (s shape) params() int { return s.fn.NumIn() - s.first() }

// param returns the type of a parameter. That of the last one is a slice if
// the function is variadic.
func (s shape) param(i int) reflect.Type { return s.fn.In(s.first() + i) }

// variadic reports whether the last parameter takes all further arguments.
func (s shape) variadic() bool { return s.fn.IsVariadic() }

// undecoded reports whether the last parameter takes all further arguments as
// they are.
func (s shape) undecoded() bool {
	n := s.params()
	return n > 0 && s.param(n-1) == argumentsType
}

// typed reports whether the function belongs to a type of contract.
func (s shape) typed() bool { return s.fn.Implements(handlerType) }

// results returns how many results there are.
func (s shape) results() int {
	if s.fails {
		return s.fn.NumOut() - 1
	}
	return s.fn.NumOut()
}

// result returns the type of a result.
func (s shape) result(i int) reflect.Type { return s.fn.Out(i) }

// checkParams checks that codecs can carry the parameters.
func (s shape) checkParams() error {
	for i := range s.params() {
		t := s.param(i)
		if s.variadic() && i == s.params()-1 {
			t = t.Elem()
		}
		switch {
		case t == contextType && s.context:
			return fmt.Errorf("parameter %d is a second context; one is enough", i+1)
		case t == contextType:
			return fmt.Errorf("parameter %d is a context; make it the first", i+1)
		case t == argumentsType && (s.variadic() || i < s.params()-1):
			return fmt.Errorf("parameter %d is of type rpc.Arguments, which takes all further arguments; make it the last", i+1)
		case t.Kind() == reflect.Interface && t.NumMethod() > 0:
			return fmt.Errorf("parameter %d is of the interface type %v, and nothing says what to make for it; take any, or a type of its own", i+1, t)
		case !travels(t, textUnmarshaler):
			return fmt.Errorf("parameter %d is of type %v, which cannot be received; take a value", i+1, t)
		}
	}
	return nil
}

// checkResults checks that codecs can carry the results.
func (s shape) checkResults() error {
	for i := range s.results() {
		switch t := s.result(i); {
		case t == errorType:
			return fmt.Errorf("result %d is an error; make it the last", i+1)
		case !travels(t, textMarshaler):
			return fmt.Errorf("result %d is of type %v, which cannot be sent; return a value", i+1, t)
		}
	}
	return nil
}

// travels reports whether codecs know what to do with a value of the type t,
// or with the items of a list or map of it; a channel or a function needs to
// be of a type with the methods of package encoding. What is inside a type
// with a name is its own business: it may be a custom type.
func travels(t, methods reflect.Type) bool {
	switch t.Kind() {
	case reflect.Chan, reflect.Func, reflect.UnsafePointer:
		return t.Implements(methods) || reflect.PointerTo(t).Implements(methods)
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return t.Name() != "" || travels(t.Elem(), methods)
	}
	return true
}

// fit checks that the text of a contract suits a function.
func (c *contract) fit(s shape) error {
	n := s.params()
	undecoded := s.undecoded()
	if undecoded && s.typed() {
		return errors.New("rpc.Arguments are for functions that Service.Handle takes, and this one has a type of contract")
	}
	if c.params == nil {
		if undecoded {
			return errors.New("rpc.Arguments need two names: f(*args, **kwargs)")
		}
		return nil
	}
	names := c.params
	if undecoded {
		if n++; !c.takesList() || !c.takesKeywords() {
			return errors.New("rpc.Arguments take all further arguments; write \"*args, **kwargs\" for them")
		}
		names = names[:len(names)-2]
	}
	if len(c.params) != n {
		has := fmt.Sprintf("the function has %d", n)
		if s.context {
			has += " besides its context"
		}
		return fmt.Errorf("it names %s, %s", count(len(c.params), "parameter"), has)
	}
	for i := range names {
		if err := c.params[i].fit(s, i); err != nil {
			return err
		}
	}
	return nil
}

// fit checks that p suits the parameter i of a function.
func (p *param) fit(s shape, i int) error {
	t, last := s.param(i), i == s.params()-1
	switch {
	case p.takesRest() && s.typed():
		return fmt.Errorf("%q is for functions that Service.Handle takes, and this one has a type of contract", p)
	case p.keywords && !(t.Kind() == reflect.Map && t.Key().Kind() == reflect.String):
		return fmt.Errorf("%q takes keyword arguments, for which the function needs a map by strings; it has a %v there", p, t)
	case p.variadic && !last && t.Kind() != reflect.Slice:
		return fmt.Errorf("%q takes any number of arguments, for which the function needs a slice; it has a %v there", p, t)
	case p.variadic && last && !s.variadic():
		return fmt.Errorf("%q is for a variadic function, and this one takes one argument there", p)
	case !p.variadic && last && s.variadic():
		return fmt.Errorf("the function takes any number of arguments for %q; write \"*%s\"", p.name, p.name)
	case p.fallback != nil:
		return p.fitDefault(t)
	}
	return nil
}

// fitDefault checks that the default suits a parameter of a type.
func (p *param) fitDefault(t reflect.Type) error {
	switch t {
	case reflect.TypeFor[codec.Raw](), reflect.TypeFor[[]codec.Raw](), reflect.TypeFor[map[string]codec.Raw]():
		return fmt.Errorf("the default of parameter %q: %w", p.name, errRawDefault)
	}
	return p.parseDefault(reflect.New(t).Interface())
}

var errRawDefault = errors.New("undecoded values are of the caller's format, and the default is JSON; take any")
