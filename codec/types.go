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
	byGo map[reflect.Type]*Type // under Go and each of Also
}

// Type is one custom type.
type Type struct {
	ID int
	Go reflect.Type

	// Also are further Go types whose values are sent as this type. What
	// arrives is always of type Go: a variable of one of these takes nothing
	// but nil, and that only if it can be nil.
	Also []reflect.Type

	// Bare says that where a value of type Go is wanted, data without the
	// pair will do, as from a peer that does not know the type; Decode gets
	// it like other data. nil stays nil where that fits. In an any, such
	// data is what it is.
	Bare bool

	// Encode returns the data for v, a value of type Go or of one of Also.
	// If that is a pointer type, v is the pointer and never nil: a nil
	// pointer is sent as nil. Data of type [Bare] travels without the pair.
	Encode func(v any) (data any, err error)
	// Decode returns a value of type Go. It calls parse with a pointer to
	// where it wants the data.
	Decode func(parse func(into any) error) (v any, err error)
}

// Bare is what [Type.Encode] returns to have Value written without the id of
// the type, for a peer that would not understand it.
type Bare struct{ Value any }

// Register adds the Go type T to types. encode returns the data to send for a
// value, decode makes a value of the data received; D may be any type that
// the codecs know, any included. Types are matched exactly: T, not what T
// embeds or implements. Pointers to T are encoded as T.
//
// A type that is registered already is an error.
func Register[T, D any](types *Types, encode func(T) (D, error), decode func(D) (T, error)) error {
	return types.Add(typeOf(encode, decode))
}

// typeOf makes a Type of functions that know the Go types.
func typeOf[T, D any](encode func(T) (D, error), decode func(D) (T, error)) Type {
	return Type{
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
	}
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

// Add adds t, whose ID it sets. If t.Go or one of t.Also is there already that
// is an error, and so it is if one of them always travels in its own way: an
// interface, what Go predeclares except complex numbers, []byte, []any, []int,
// []float64, []string, map[string]any, [Raw], [Map], and pointers to these.
func (ts *Types) Add(t Type) error {
	if t.Go == nil || t.Encode == nil || t.Decode == nil || slices.Contains(t.Also, nil) {
		return fmt.Errorf("codec: custom type %v is incomplete", t.Go)
	}
	t.Also = slices.Clone(t.Also)
	all := append([]reflect.Type{t.Go}, t.Also...)
	for i, g := range all {
		if isPlain(g) {
			return fmt.Errorf("codec: %v cannot be a custom type; define a type of your own for it", g)
		}
		if _, ok := ts.byGo[g]; ok || slices.Contains(all[:i], g) {
			return fmt.Errorf("codec: custom type %v is registered already", g)
		}
	}
	t.ID = len(ts.byID)
	ts.byID = append(ts.byID, &t)
	ts.index(&t)
	return nil
}

// isPlain reports whether values of type t travel in their own way.
func isPlain(t reflect.Type) bool {
	for t.Name() == "" && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Complex64, reflect.Complex128:
		return false
	case reflect.Interface:
		return true
	}
	return t.PkgPath() == "" && t.Name() != "" || slices.Contains(plain, t)
}

// index makes t known by its Go types.
func (ts *Types) index(t *Type) {
	if ts.byGo == nil {
		ts.byGo = make(map[reflect.Type]*Type)
	}
	ts.byGo[t.Go] = t
	for _, g := range t.Also {
		ts.byGo[g] = t
	}
}

// Clone returns an independent copy, of an empty list if ts is nil.
func (ts *Types) Clone() *Types {
	c := new(Types)
	if ts.Len() > 0 {
		c.byID = slices.Clone(ts.byID)
		for _, t := range c.byID {
			c.index(t)
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

// Of returns the custom type whose values arrive as a Go type, nil if there
// is none.
func (ts *Types) Of(t reflect.Type) *Type {
	if c := ts.Encoder(t); c != nil && c.Go == t {
		return c
	}
	return nil
}

// Encoder returns the custom type as which values of a Go type are sent, be
// it Go or one of Also there; nil if there is none.
func (ts *Types) Encoder(t reflect.Type) *Type {
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
