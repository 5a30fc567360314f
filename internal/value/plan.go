package value

import (
	"encoding"
	"math/big"
	"reflect"
	"time"

	"github.com/gomas/gomas/codec"
)

// plan is what the engine knows about a Go type in a format. It is made once,
// and refers to the plans of what the type is made of.
type plan struct {
	typ      reflect.Type
	enc, dec op
	// mayBeCustom says that it is not one of the plain types.
	mayBeCustom bool
	// marshalsText and unmarshalsText say that the type has the methods of
	// package encoding, which come first for the keys of maps.
	marshalsText, unmarshalsText bool

	elem   *plan // of pointers, slices, arrays and maps
	key    *plan // of maps
	fields *fields
}

// op is what to do with a value.
type op uint8

const (
	opUnsupported op = iota
	opDirect         // a type that has its own case in direct
	opBool
	opInt
	opUint
	opFloat
	opText
	opBytes // slices and arrays of bytes
	opSlice
	opArray
	opMap
	opStruct
	opPointer
	opInterface
	opRaw
	opBig
	opTime
	opTextMarshaler // or -Unmarshaler
	opOwnMarshaler  // the format's own interface
)

var (
	rawType         = reflect.TypeFor[codec.Raw]()
	bytesType       = reflect.TypeFor[[]byte]()
	bigType         = reflect.TypeFor[big.Int]()
	timeType        = reflect.TypeFor[time.Time]()
	anyType         = reflect.TypeFor[any]()
	textMarshaler   = reflect.TypeFor[encoding.TextMarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// direct are the composite types that direct has cases for.
var direct = map[reflect.Type]bool{
	anyType:                           true,
	reflect.TypeFor[codec.Map]():      true,
	reflect.TypeFor[[]any]():          true,
	reflect.TypeFor[[]int]():          true,
	reflect.TypeFor[[]float64]():      true,
	reflect.TypeFor[[]string]():       true,
	reflect.TypeFor[map[string]any](): true,
}

// plan returns the plan for a type.
func (f *Format) plan(t reflect.Type) *plan {
	if p, ok := f.plans.Load(t); ok {
		return p.(*plan)
	}
	b := builder{format: f, done: make(map[reflect.Type]*plan)}
	p := b.plan(t)
	// Two that build the same plan at once both have a right one.
	for t, p := range b.done {
		f.plans.LoadOrStore(t, p)
	}
	return p
}

// builder makes plans. It holds those that are not complete yet, to which
// recursive types refer.
type builder struct {
	format *Format
	done   map[reflect.Type]*plan
}

func (b *builder) plan(t reflect.Type) *plan {
	if p, ok := b.format.plans.Load(t); ok {
		return p.(*plan)
	}
	if p := b.done[t]; p != nil {
		return p
	}
	p := &plan{typ: t}
	b.done[t] = p
	p.mayBeCustom = !plain(t)
	pt := reflect.PointerTo(t)
	p.marshalsText = pt.Implements(textMarshaler)
	p.unmarshalsText = pt.Implements(textUnmarshaler)
	p.enc = b.byKind(p)
	p.dec = p.enc
	switch {
	case direct[t]:
		p.enc, p.dec = opDirect, opDirect
		return p
	case t == rawType:
		p.enc, p.dec = opRaw, opRaw
		return p
	case t == bigType:
		p.enc, p.dec = opBig, opBig
		return p
	case t == timeType:
		p.enc, p.dec = opTime, opTime
		return p
	case t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface:
		return p
	}
	switch {
	case b.format.Marshaler != nil && pt.Implements(b.format.Marshaler):
		p.enc = opOwnMarshaler
	case p.marshalsText:
		p.enc = opTextMarshaler
	}
	switch {
	case b.format.Unmarshaler != nil && pt.Implements(b.format.Unmarshaler):
		p.dec = opOwnMarshaler
	case p.unmarshalsText:
		p.dec = opTextMarshaler
	}
	return p
}

// byKind completes p and returns what to do for types without a special case.
func (b *builder) byKind(p *plan) op {
	t := p.typ
	switch t.Kind() {
	case reflect.Bool:
		return opBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return opInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return opUint
	case reflect.Float32, reflect.Float64:
		return opFloat
	case reflect.String:
		return opText
	case reflect.Interface:
		return opInterface
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return opBytes
		}
		p.elem = b.plan(t.Elem())
		if t.Kind() == reflect.Array {
			return opArray
		}
		return opSlice
	case reflect.Map:
		p.key, p.elem = b.plan(t.Key()), b.plan(t.Elem())
		return opMap
	case reflect.Struct:
		p.fields = b.fields(t)
		return opStruct
	case reflect.Pointer:
		if endless(t) {
			return opUnsupported
		}
		p.elem = b.plan(t.Elem())
		return opPointer
	}
	return opUnsupported
}

// plain reports whether t, or what it points to, is one of the types that are
// too common to be looked up among the custom types.
func plain(t reflect.Type) bool {
	for t.Name() == "" && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Complex64, reflect.Complex128:
		return false
	}
	return direct[t] || t == rawType || t == bytesType || t.PkgPath() == "" && t.Name() != ""
}

// endless reports whether t points to itself, as in type T *T.
func endless(t reflect.Type) bool {
	seen := make(map[reflect.Type]bool)
	for ; t.Kind() == reflect.Pointer; t = t.Elem() {
		if seen[t] {
			return true
		}
		seen[t] = true
	}
	return false
}
