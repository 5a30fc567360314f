package rpc

import (
	"context"
	"fmt"
	"reflect"
	"strconv"
)

// Handle registers a Go function under the name in the text of a contract. It
// is for functions that no type of contract fits:
//
//	svc.Handle("schedule(day, hours=24, *tags): plans a day", plan)
//
//	func plan(ctx context.Context, day string, hours int, tags ...string) (start, end time.Time, err error)
//
// The function may have a context as its first parameter, an error as its last
// result, and any number of others; it may be variadic. Callers get null for
// no result, one result as it is, and several as a list.
//
// The text names the parameters, without the context, so that callers may give
// them as keywords; a name alone, "schedule", makes them positional only. A
// parameter may have a default, which is a JSON value, whatever the format of
// the connection; those after it then need one too. Each call gets a new copy
// of it. What follows a colon documents the function. All this holds for the
// texts of the types of contracts as well.
//
// An asterisk stands before the parameter of a variadic function that takes all
// further arguments. Two stand before a last parameter that is a map by name,
// with values of any type, which takes all further keyword arguments and is nil
// if there are none. Both together take whatever callers give; the former is
// then a slice:
//
//	svc.Handle("log(level, *args, **fields)", func(level int, args []any, fields map[string]codec.Raw) { … })
//
// [Arguments] as the last parameter take the place of both, and decode nothing.
//
// Handle panics if the text is malformed or does not suit the function, if the
// function has a parameter or a result that cannot travel, or if s has
// something of that name. Calls go through reflection; a [Func2] and its like
// are faster, and the compiler checks both sides.
func (s *Service) Handle(contract string, fn any) {
	if err := s.TryHandle(contract, fn); err != nil {
		panic("rpc: " + err.Error())
	}
}

// TryHandle is Handle for texts and functions that are not known to be right:
// it returns an error instead of a panic.
func (s *Service) TryHandle(contract string, fn any) error {
	h, err := reflectFunc(fn)
	if err != nil {
		return fmt.Errorf("contract %q: %w", contract, err)
	}
	if err := h.checkResults(); err != nil {
		return fmt.Errorf("contract %q: %w", contract, err)
	}
	return s.register(contract, h)
}

// reflected is the handler for a function of any shape.
type reflected struct {
	shape
	fn reflect.Value
	// args is a struct with a field for each parameter of the Go function, so
	// that a call makes them all at once.
	args reflect.Type
}

// reflectFunc looks at a function whose first parameters after the context
// the program gives itself.
func reflectFunc(fn any, given ...reflect.Type) (*reflected, error) {
	v := reflect.ValueOf(fn)
	switch {
	case fn == nil:
		return nil, errNilFunction
	case v.Kind() != reflect.Func:
		return nil, fmt.Errorf("it needs a function, and this is of type %T", fn)
	case v.IsNil():
		return nil, errNilFunction
	}
	f := &reflected{shape: shapeOf(v.Type()), fn: v}
	if err := f.give(given); err != nil {
		return nil, err
	}
	if err := f.checkParams(); err != nil {
		return nil, err
	}
	fields := make([]reflect.StructField, v.Type().NumIn())
	for i := range fields {
		fields[i] = reflect.StructField{Name: "P" + strconv.Itoa(i), Type: v.Type().In(i)}
	}
	f.args = reflect.StructOf(fields)
	return f, nil
}

// goType implements handler.
func (f *reflected) goType() reflect.Type { return f.shape.fn }

// serve implements handler.
func (f *reflected) serve(ctx context.Context, c *call) (any, error) {
	in, dst, rest := f.room(c.fn.contract)
	if err := c.parseAll(dst, rest); err != nil {
		return nil, err
	}
	return f.answer(f.call(ctx, in))
}

// room makes room for the parameters of one call: in is all of them, and dst
// and rest point to those that are decoded.
func (f *reflected) room(c *contract) (in []reflect.Value, dst []any, rest further) {
	args := reflect.New(f.args).Elem()
	in = make([]reflect.Value, args.NumField())
	dst = make([]any, len(in))
	for i := range in {
		in[i] = args.Field(i)
		dst[i] = in[i].Addr().Interface()
	}
	dst = dst[f.first():]
	last := func() (v any) {
		n := len(dst) - 1
		v, dst = dst[n], dst[:n]
		return v
	}
	if f.undecoded() {
		rest.undecoded = last().(*Arguments)
		return in, dst, rest
	}
	if c.takesKeywords() {
		rest.keywords = last()
	}
	if f.variadic() || c.takesList() {
		rest.list = last()
	}
	return in, dst, rest
}

// call calls the function.
func (f *reflected) call(ctx context.Context, in []reflect.Value) []reflect.Value {
	if f.context {
		*in[0].Addr().Interface().(*context.Context) = ctx // Set would look for its methods
	}
	if f.variadic() {
		return f.fn.CallSlice(in)
	}
	return f.fn.Call(in)
}

// answer makes one value of the results.
func (f *reflected) answer(out []reflect.Value) (any, error) {
	n := f.results()
	if f.fails {
		if err, _ := out[n].Interface().(error); err != nil {
			return nil, err
		}
	}
	switch n {
	case 0:
		return nil, nil
	case 1:
		return out[0].Interface(), nil
	}
	list := make([]any, n)
	for i := range list {
		list[i] = out[i].Interface()
	}
	return list, nil
}
