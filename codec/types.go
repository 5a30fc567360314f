package codec

import (
	"fmt"
	"reflect"
	"slices"
)

// TypeKey is the only key of the map {TypeKey: [id, data]} as which a value
// of a custom type travels.
const TypeKey = "__type__"

// Types lists the custom types of a connection: Go types that travel as
// {"__type__": [id, data]}, where data is an ordinary value and may hold
// further custom types. The id is the order of registration, from 0, and both
// peers must register the same types in the same order.
//
// The zero value is an empty list, and so is a nil *Types. Types must not be
// changed while a connection uses it; [Types.Clone] makes one to add to.
type Types struct {
	byID []*Type
	byGo map[reflect.Type]*Type
}

// Type is one custom type.
type Type struct {
	ID int
	Go reflect.Type

	// Encode returns the data for v, a value of type Go.
	Encode func(v any) (data any, err error)
	// Decode returns a value of type Go. It calls parse with a pointer to
	// where it wants the data.
	Decode func(parse func(into any) error) (v any, err error)
}

// Register adds the Go type T to types. encode returns the data to send for a
// value, decode makes a value of the data received; D may be any type that
// the codecs know, any included. Types are matched exactly: T, not what T
// embeds or implements. Pointers to T are encoded as T.
//
// A type that is registered already is an error.
func Register[T, D any](types *Types, encode func(T) (D, error), decode func(D) (T, error)) error {
	return types.Add(Type{
		Go: reflect.TypeFor[T](),
		Encode: func(v any) (any, error) {
			return encode(v.(T))
		},
		Decode: func(parse func(any) error) (any, error) {
			var d D
			if err := parse(&d); err != nil {
				return nil, err
			}
			return decode(d)
		},
	})
}

// plain are the types beside the predeclared ones that always travel in
// their own way.
var plain = []reflect.Type{
	reflect.TypeFor[[]byte](),
	reflect.TypeFor[[]any](),
	reflect.TypeFor[[]int](),
	reflect.TypeFor[[]float64](),
	reflect.TypeFor[[]string](),
	reflect.TypeFor[map[string]any](),
	reflect.TypeFor[Raw](),
	reflect.TypeFor[Map](),
}

// Add adds t, whose ID it sets. A type that is there already is an error, and
// so is one that always travels in its own way: an interface, what Go
// predeclares except complex numbers, []byte, []any, []int, []float64,
// []string, map[string]any, [Raw] and [Map].
func (ts *Types) Add(t Type) error {
	if t.Go == nil || t.Encode == nil || t.Decode == nil {
		return fmt.Errorf("codec: custom type %v is incomplete", t.Go)
	}
	kind := t.Go.Kind()
	predeclared := t.Go.PkgPath() == "" && t.Go.Name() != "" && kind != reflect.Complex64 && kind != reflect.Complex128
	if predeclared || kind == reflect.Interface || slices.Contains(plain, t.Go) {
		return fmt.Errorf("codec: %v cannot be a custom type; define a type of your own for it", t.Go)
	}
	if _, ok := ts.byGo[t.Go]; ok {
		return fmt.Errorf("codec: custom type %v is registered already", t.Go)
	}
	if ts.byGo == nil {
		ts.byGo = make(map[reflect.Type]*Type)
	}
	t.ID = len(ts.byID)
	ts.byID = append(ts.byID, &t)
	ts.byGo[t.Go] = &t
	return nil
}

// Clone returns an independent copy, of an empty list if ts is nil.
func (ts *Types) Clone() *Types {
	c := new(Types)
	if ts.Len() > 0 {
		c.byID = slices.Clone(ts.byID)
		c.byGo = make(map[reflect.Type]*Type, len(ts.byGo)+1)
		for _, t := range c.byID {
			c.byGo[t.Go] = t
		}
	}
	return c
}

// Len returns how many types there are.
func (ts *Types) Len() int {
	if ts == nil {
		return 0
	}
	return len(ts.byID)
}

// All returns the types in order of their ids.
func (ts *Types) All() []*Type {
	if ts == nil {
		return nil
	}
	return slices.Clone(ts.byID)
}

// Of returns the custom type for a Go type, nil if there is none.
func (ts *Types) Of(t reflect.Type) *Type {
	if ts == nil {
		return nil
	}
	return ts.byGo[t]
}

// ByID returns the custom type with an id, nil if there is none.
func (ts *Types) ByID(id uint64) *Type {
	if ts == nil || id >= uint64(len(ts.byID)) {
		return nil
	}
	return ts.byID[id]
}
