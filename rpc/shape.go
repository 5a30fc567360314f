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
// context in front and an error at the end.
type shape struct {
	fn      reflect.Type
	context bool // the first parameter is a context
	fails   bool // the last result is an error
}

var (
	contextType     = reflect.TypeFor[context.Context]()
	errorType       = reflect.TypeFor[error]()
	textMarshaler   = reflect.TypeFor[encoding.TextMarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

func shapeOf(fn reflect.Type) shape {
	in, out := fn.NumIn(), fn.NumOut()
	return shape{
		fn:      fn,
		context: in > 0 && fn.In(0) == contextType,
		fails:   out > 0 && fn.Out(out-1) == errorType,
	}
}

// params returns how many parameters there are.
func (s shape) params() int {
	if s.context {
		return s.fn.NumIn() - 1
	}
	return s.fn.NumIn()
}

// param returns the type of a parameter. That of the last one is a slice if
// the function is variadic.
func (s shape) param(i int) reflect.Type {
	if s.context {
		i++
	}
	return s.fn.In(i)
}

// variadic reports whether the last parameter takes all further arguments.
func (s shape) variadic() bool { return s.fn.IsVariadic() }

// results returns how many results there are.
func (s shape) results() int {
	if s.fails {
		return s.fn.NumOut() - 1
	}
	return s.fn.NumOut()
}

// result returns the type of a result.
func (s shape) result(i int) reflect.Type { return s.fn.Out(i) }

// check checks that codecs can carry the parameters and results.
func (s shape) check() error {
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
		case t.Kind() == reflect.Interface && t.NumMethod() > 0:
			return fmt.Errorf("parameter %d is of the interface type %v, and nothing says what to make for it; take any, or a type of its own", i+1, t)
		case !travels(t, textUnmarshaler):
			return fmt.Errorf("parameter %d is of type %v, which cannot be received; take a value", i+1, t)
		}
	}
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
	if c.params == nil {
		return nil
	}
	n := s.params()
	if len(c.params) != n {
		has := fmt.Sprintf("the function has %d", n)
		if s.context {
			has += " besides its context"
		}
		return fmt.Errorf("it names %s, %s", count(len(c.params), "parameter"), has)
	}
	if n > 0 && c.params[n-1].variadic != s.variadic() {
		name := c.params[n-1].name
		if s.variadic() {
			return fmt.Errorf("the function takes any number of arguments for %q; write \"*%s\"", name, name)
		}
		return fmt.Errorf("\"*%s\" is for a variadic function, and this one takes one argument there", name)
	}
	for i := range c.params {
		if p := &c.params[i]; p.fallback != nil {
			if err := p.fit(s.param(i)); err != nil {
				return err
			}
		}
	}
	return nil
}

// fit checks that the default suits a parameter of a type.
func (p *param) fit(t reflect.Type) error {
	switch t {
	case reflect.TypeFor[codec.Raw](), reflect.TypeFor[[]codec.Raw](), reflect.TypeFor[map[string]codec.Raw]():
		return fmt.Errorf("the default of parameter %q: %w", p.name, errRawDefault)
	}
	return p.parseDefault(reflect.New(t).Interface())
}

var errRawDefault = errors.New("undecoded values are of the caller's format, and the default is JSON; take any")
