package rpc

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/codec"
)

// Bind fills a stub, which is a struct of functions, so that they call those of
// a service:
//
//	var grid struct {
//		Add      func(ctx context.Context, a, b int) (int, error)
//		SetPower func(ctx context.Context, house string, kW float64) error `rpc:"set_kw"`
//		Weather  struct {
//			Forecast func(ctx context.Context, hours int) ([]float64, error)
//		}
//		Self rpc.Remote `rpc:"."`
//	}
//	err := rpc.Bind(ctx, remote, &grid)
//
// A function has a context as its first parameter and an error as its last
// result; more than one other result is what a list has in it. It may be
// variadic. Its name at the peer is that of the field in snake case, SetPower
// and set_power, unless a tag gives another. A struct stands for a service
// under the one at hand, and so does a [Remote], or for the service itself if
// its tag is a dot. Fields that are not exported, and those with the tag "-",
// are left alone; any other is an error.
//
// If the service describes itself, Bind checks that it has all functions and
// services, and that the functions take as many arguments; see [Describe].
// Otherwise, as with a peer that is Python, only the calls will tell. ctx is
// for that question, not for later calls.
//
// Calls through a stub use reflection. A contract is faster.
func Bind(ctx context.Context, r Remote, stub any) error {
	v := reflect.ValueOf(stub)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("rpc: Bind needs a pointer to a struct, not %T", stub)
	}
	var b binding
	b.service(r, v.Elem(), "")
	if len(b.errs) == 0 {
		b.check(ctx)
	}
	if err := errors.Join(b.errs...); err != nil {
		return fmt.Errorf("rpc: bind %v: %w", r, err)
	}
	for _, set := range b.sets {
		set()
	}
	return nil
}

// binding is one call of Bind.
type binding struct {
	services []boundService
	sets     []func() // fill the fields
	errs     []error
}

// boundService is what a stub wants of one service.
type boundService struct {
	remote Remote
	path   string // in the stub, for errors
	funcs  map[string]int
	subs   []string
}

func (b *binding) fail(path, format string, args ...any) {
	b.errs = append(b.errs, fmt.Errorf("%s: %w", path, fmt.Errorf(format, args...)))
}

// service takes in a struct.
func (b *binding) service(r Remote, v reflect.Value, path string) {
	s := boundService{remote: r, path: path, funcs: make(map[string]int)}
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, tagged := field.Tag.Lookup("rpc")
		if !field.IsExported() || name == "-" {
			continue
		}
		if !tagged {
			name = snakeCase(field.Name)
		}
		at := join(path, field.Name)
		target := v.Field(i)
		if name == "." && field.Type == remoteType {
			b.sets = append(b.sets, func() { target.Set(reflect.ValueOf(r)) })
			continue
		}
		if err := checkName(name); err != nil {
			b.fail(at, "%w", err)
			continue
		}
		switch {
		case field.Type == remoteType:
			s.subs = append(s.subs, name)
			b.sets = append(b.sets, func() { target.Set(reflect.ValueOf(r.Sub(name))) })
		case field.Type.Kind() == reflect.Struct:
			s.subs = append(s.subs, name)
			b.service(r.Sub(name), target, at)
		case field.Type.Kind() == reflect.Func:
			f, err := stubOf(field.Type)
			if err != nil {
				b.fail(at, "%w", err)
				continue
			}
			s.funcs[name] = f.params()
			if f.variadic() {
				s.funcs[name] = -1
			}
			b.sets = append(b.sets, func() { target.Set(f.bound(r, name)) })
		default:
			b.fail(at, "a stub has functions, structs and Remotes, no %v; tag it with `rpc:\"-\"` to leave it alone", field.Type)
		}
	}
	b.services = append(b.services, s)
}

var remoteType = reflect.TypeFor[Remote]()

// snakeCase is the name of a field as Python programs write names.
func snakeCase(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 && (!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// check compares the stub with what the services say they offer.
func (b *binding) check(ctx context.Context) {
	for _, s := range b.services {
		d, err := Describe(ctx, s.remote)
		if errors.Is(err, ErrNoDescription) {
			continue
		}
		if err != nil {
			b.errs = append(b.errs, err)
			return
		}
		s.compare(d, b)
	}
}

func (s *boundService) compare(d Description, b *binding) {
	known := make(map[string]FunctionInfo, len(d.Functions))
	for _, f := range d.Functions {
		known[f.Name] = f
	}
	subs := make(map[string]bool, len(d.Services))
	for _, name := range d.Services {
		subs[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(s.funcs)) {
		n := s.funcs[name]
		f, ok := known[name]
		switch least, most := f.takes(); {
		case !ok:
			b.fail(join(s.path, name), "there is no such function")
		case n >= 0 && (n < least || n > most):
			b.fail(join(s.path, name), "the function is %s, the stub passes %s", f, count(n, "argument"))
		}
	}
	for _, name := range s.subs {
		if !subs[name] && d.More == 0 {
			b.fail(join(s.path, name), "there is no such service")
		}
	}
}

// takes returns how many arguments the function takes.
func (f FunctionInfo) takes() (least, most int) {
	for _, p := range f.Params {
		switch {
		case p.Variadic:
			return least, int(^uint(0) >> 1)
		case p.Default == "":
			least++
		}
		most++
	}
	return least, most
}

// String returns the function as Go programs write it: "add(a int, b int) int".
func (f FunctionInfo) String() string {
	params := make([]string, len(f.Params))
	for i, p := range f.Params {
		text := p.Type
		if p.Variadic {
			text = "..." + text
		}
		if p.Name != "" {
			text = p.Name + " " + text
		}
		if p.Default != "" {
			text += " = " + p.Default
		}
		params[i] = text
	}
	text := f.Name + "(" + strings.Join(params, ", ") + ")"
	switch len(f.Results) {
	case 0:
		return text
	case 1:
		return text + " " + f.Results[0]
	}
	return text + " (" + strings.Join(f.Results, ", ") + ")"
}

// stubFunc is a function of a stub.
type stubFunc struct{ shape }

func stubOf(t reflect.Type) (stubFunc, error) {
	f := stubFunc{shapeOf(t)}
	switch {
	case !f.context:
		return f, errors.New("the function needs a context as its first parameter")
	case !f.fails:
		return f, errors.New("the function needs an error as its last result")
	}
	return f, nil
}

// bound returns the function that makes the call.
func (f stubFunc) bound(r Remote, name string) reflect.Value {
	return reflect.MakeFunc(f.fn, func(in []reflect.Value) []reflect.Value {
		ctx, _ := in[0].Interface().(context.Context)
		args := make([]any, 0, len(in)-1)
		for i, arg := range in[1:] {
			if f.variadic() && i == f.params()-1 {
				for j := range arg.Len() {
					args = append(args, arg.Index(j).Interface())
				}
				break
			}
			args = append(args, arg.Interface())
		}
		results := make([]any, f.results())
		out := make([]reflect.Value, f.fn.NumOut())
		for i := range results {
			v := reflect.New(f.result(i))
			out[i], results[i] = v.Elem(), v.Interface()
		}
		err := r.do(ctx, &codec.Call{Service: r.path, Name: name, Args: args}, wanted(results), nil)
		out[len(results)] = reflect.Zero(errorType)
		if err != nil {
			out[len(results)] = reflect.ValueOf(&err).Elem()
		}
		return out
	})
}

// wanted returns where a call stores results: nowhere, in one place, or in as
// many as a list has items.
func wanted(results []any) any {
	switch len(results) {
	case 0:
		return nil
	case 1:
		return results[0]
	}
	return &several{results}
}

// several takes the items of a list. It implements [channel.Parser].
type several struct{ results []any }

func (s *several) Parse(raw codec.Raw, c codec.Codec, types *codec.Types) error {
	n, err := codec.Envelope(c).ParseArgs(raw, s.results, types)
	var item *codec.ItemError
	switch {
	case errors.As(err, &item):
		return fmt.Errorf("result %d: %w", item.Index+1, item.Err)
	case err != nil:
		return err
	case n != len(s.results):
		return fmt.Errorf("%s where %d are wanted", count(n, "result"), len(s.results))
	}
	codec.Own(s.results...)
	return nil
}

var _ channel.Parser = (*several)(nil)
