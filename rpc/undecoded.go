package rpc

import (
	"errors"
	"reflect"

	"github.com/gomas/gomas/codec"
)

// Arguments are arguments of a call that have not been decoded, positional
// ones and keywords: they are for a function whose parameters the handler has
// yet to find, see [Function]. A function that is given to [Service.Handle] gets
// them in its last parameter, of this type; the text says so with two names:
//
//	svc.Handle("spawn(name, *args, **kwargs)", func(name string, args rpc.Arguments) error { … })
//
// They are a copy, and may be kept. The zero value is no arguments at all.
type Arguments struct {
	form   *format   // nil if there are none
	args   codec.Raw // a list, nil if it is empty
	kwargs map[string]codec.Raw
}

var argumentsType = reflect.TypeFor[Arguments]()

// MarshalText fails: Arguments are received only.
func (Arguments) MarshalText() ([]byte, error) {
	return nil, errors.New("undecoded arguments cannot be sent on")
}

// positional implements source.
func (a *Arguments) positional(dst []any) (n int, err error) {
	if a.args == nil {
		return 0, nil
	}
	return a.form.envelope.ParseArgs(a.args, dst, a.form.types)
}

// list implements source.
func (a *Arguments) list(n int) (codec.Raw, error) { return a.form.after(n, a.args) }

// hasKeywords implements source.
func (a *Arguments) hasKeywords() bool { return len(a.kwargs) > 0 }

// keywords implements source.
func (a *Arguments) keywords() (map[string]codec.Raw, error) {
	kwargs := make(map[string]codec.Raw, len(a.kwargs))
	for name, raw := range a.kwargs {
		kwargs[name] = raw
	}
	return kwargs, nil
}

// format implements source.
func (a *Arguments) format() *format { return a.form }
