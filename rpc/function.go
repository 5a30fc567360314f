package rpc

import (
	"context"
	"fmt"
	"reflect"
)

// Function is a Go function that is called with [Arguments] as they came: by a
// handler that has found out which of several functions they are for.
// Concurrent use is fine.
type Function struct {
	contract *contract
	fn       *reflected
}

// NewFunction makes a Function of a text and a Go function as
// [Service.Handle] takes them, but nothing needs to be able to send its
// results. After the context, its first parameters are of the types given:
// these the program passes itself, and the text does not name them. The error
// tells what is wrong with the text or the function.
func NewFunction(text string, fn any, given ...reflect.Type) (*Function, error) {
	c, err := contractOf(text)
	if err != nil {
		return nil, err
	}
	f, err := reflectFunc(fn, given...)
	if err == nil {
		err = c.fit(f.shape)
	}
	if err != nil {
		return nil, fmt.Errorf("contract %q: %w", text, err)
	}
	return &Function{c, f}, nil
}

// Bind decodes arguments into the function's parameters. If they do not fit,
// the error is an *[Error] that names the parameter, for the caller to see.
func (f *Function) Bind(args Arguments) (*Bound, error) {
	in, dst, rest := f.fn.room(f.contract)
	err := f.contract.bind(&args, dst, rest)
	if err != nil {
		if isSyntax(err) {
			err = typeError("%s(): %v", f.contract.name, err)
		}
		return nil, err
	}
	return &Bound{f.fn, in}, nil
}

// Bound is a [Function] with the arguments for one call.
type Bound struct {
	fn *reflected
	in []reflect.Value
}

// Call calls the function, once, with the values that the program gives and
// the arguments, and returns the results and the error. A panic in it
// goes through.
func (b *Bound) Call(ctx context.Context, given ...any) ([]any, error) {
	first := b.fn.first() - b.fn.given
	for i, v := range given {
		b.in[first+i].Set(reflect.ValueOf(v))
	}
	out := b.fn.call(ctx, b.in)
	n := b.fn.results()
	results := make([]any, n)
	for i := range results {
		results[i] = out[i].Interface()
	}
	if b.fn.fails {
		err, _ := out[n].Interface().(error)
		return results, err
	}
	return results, nil
}
