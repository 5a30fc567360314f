package value

import (
	"encoding"
	"errors"
	"math/big"
	"reflect"
	"strconv"
	"time"

	"github.com/gomas/gomas/codec"
)

// Encode writes v, of which the message so far is nested depth deep. What the
// format cannot express is a *codec.UnsupportedError.
func Encode(w Writer, v any, types *codec.Types, depth int) error {
	e := encoder{w: w, types: types, depth: depth}
	return e.any(v)
}

// encoder is one call of Encode.
type encoder struct {
	w     Writer
	types *codec.Types
	depth int // of lists and maps
	hops  int // of interfaces, which can form a cycle without any of those
}

func (e *encoder) any(v any) error {
	if done, err := e.direct(v); done {
		return err
	}
	rv := reflect.ValueOf(v)
	return e.value(e.w.Format().plan(rv.Type()), rv)
}

// direct writes values of the common types without reflection. All of them are
// plain, that is, no custom types.
func (e *encoder) direct(v any) (done bool, err error) {
	switch v := v.(type) {
	case nil:
	case bool:
		e.w.Bool(v)
		return true, nil
	case int:
		e.w.Int(int64(v))
		return true, nil
	case int64:
		e.w.Int(v)
		return true, nil
	case int32:
		e.w.Int(int64(v))
		return true, nil
	case uint64:
		e.w.Uint(v)
		return true, nil
	case uint8:
		e.w.Uint(uint64(v))
		return true, nil
	case float64:
		e.w.Float(v)
		return true, nil
	case string:
		e.w.Text(v)
		return true, nil
	case []byte:
		return true, e.bytes(v)
	case codec.Raw:
		e.raw(v)
		return true, nil
	case []any:
		return true, encodeList(e, v)
	case []int:
		return true, encodeList(e, v)
	case []float64:
		return true, encodeList(e, v)
	case []string:
		return true, encodeList(e, v)
	case map[string]any:
		return true, textMap(e, v)
	case codec.Map:
		return true, e.orderedMap(v)

	// A nil pointer leaves the switch.
	case *bool:
		if v != nil {
			e.w.Bool(*v)
			return true, nil
		}
	case *int:
		if v != nil {
			e.w.Int(int64(*v))
			return true, nil
		}
	case *int64:
		if v != nil {
			e.w.Int(*v)
			return true, nil
		}
	case *int32:
		if v != nil {
			e.w.Int(int64(*v))
			return true, nil
		}
	case *uint64:
		if v != nil {
			e.w.Uint(*v)
			return true, nil
		}
	case *float64:
		if v != nil {
			e.w.Float(*v)
			return true, nil
		}
	case *string:
		if v != nil {
			e.w.Text(*v)
			return true, nil
		}
	case *[]byte:
		if v != nil {
			return true, e.bytes(*v)
		}
	case *codec.Raw:
		if v != nil {
			e.raw(*v)
			return true, nil
		}
	case *any:
		if v != nil {
			return true, e.hop(*v)
		}
	case *[]any:
		if v != nil {
			return true, encodeList(e, *v)
		}
	case *[]int:
		if v != nil {
			return true, encodeList(e, *v)
		}
	case *[]float64:
		if v != nil {
			return true, encodeList(e, *v)
		}
	case *[]string:
		if v != nil {
			return true, encodeList(e, *v)
		}
	case *map[string]any:
		if v != nil {
			return true, textMap(e, *v)
		}
	case *codec.Map:
		if v != nil {
			return true, e.orderedMap(*v)
		}
	default:
		return false, nil
	}
	e.w.Nil()
	return true, nil
}

// value writes v by its plan.
func (e *encoder) value(p *plan, v reflect.Value) error {
	if p.mayBeCustom && e.types.Len() > 0 {
		if t := e.types.Encoder(p.typ); t != nil {
			return e.custom(t, v)
		}
	}
	switch p.enc {
	case opDirect:
		if v.CanAddr() {
			// A pointer fits an interface without an allocation.
			_, err := e.direct(v.Addr().Interface())
			return err
		}
		return e.hop(v.Interface())
	case opBool:
		e.w.Bool(v.Bool())
	case opInt:
		e.w.Int(v.Int())
	case opUint:
		e.w.Uint(v.Uint())
	case opFloat:
		e.w.Float(v.Float())
	case opText:
		e.w.Text(v.String())
	case opBytes:
		return e.byteList(v)
	case opSlice, opArray:
		return e.list(p, v)
	case opMap:
		return e.mapping(p, v)
	case opStruct:
		return e.structure(p, v)
	case opPointer:
		if !v.IsNil() {
			return e.value(p.elem, v.Elem())
		}
		e.w.Nil()
	case opInterface:
		if !v.IsNil() {
			return e.hop(v.Interface())
		}
		e.w.Nil()
	case opRaw:
		e.raw(v.Bytes())
	case opBig:
		return e.big(p, v)
	case opTime:
		return e.time(v)
	case opTextMarshaler:
		text, err := textOf(v)
		if err != nil {
			return e.refuse(p.typ, "", err)
		}
		e.w.Text(text)
	case opOwnMarshaler:
		raw, err := e.w.Format().Marshal(addressable(v).Interface(), e.depth)
		if err != nil {
			return e.refuse(p.typ, "", err)
		}
		e.raw(raw)
	default:
		return e.refuse(p.typ, "", nil)
	}
	return nil
}

// refuse is the error for a value of type t.
func (e *encoder) refuse(t reflect.Type, reason string, err error) error {
	return &codec.UnsupportedError{Codec: e.w.Format().Name, Type: t, Reason: reason, Err: err}
}

// enter goes one list or map deeper; leaving is e.depth--.
func (e *encoder) enter(t reflect.Type) error {
	if e.depth >= codec.MaxDepth {
		return e.refuse(t, "nested more than "+strconv.Itoa(codec.MaxDepth)+" deep, or within itself", nil)
	}
	e.depth++
	return nil
}

// hop writes what an interface holds.
func (e *encoder) hop(v any) error {
	if e.hops > 2*codec.MaxDepth {
		return e.refuse(reflect.TypeOf(v), "an interface that holds itself", nil)
	}
	e.hops++
	err := e.any(v)
	e.hops--
	return err
}

func (e *encoder) raw(raw codec.Raw) {
	if len(raw) == 0 {
		e.w.Nil()
		return
	}
	e.w.Raw(raw)
}

func (e *encoder) bytes(b []byte) error {
	if b == nil {
		e.w.Nil()
		return nil
	}
	if err := e.w.Bytes(b); err != nil {
		return e.refuse(reflect.TypeFor[[]byte](), "", err)
	}
	return nil
}

func (e *encoder) byteList(v reflect.Value) error {
	if v.Kind() == reflect.Slice && v.IsNil() {
		e.w.Nil()
		return nil
	}
	if v.Kind() == reflect.Array {
		v = addressable(v).Elem()
	}
	if err := e.w.Bytes(v.Bytes()); err != nil {
		return e.refuse(v.Type(), "", err)
	}
	return nil
}

func (e *encoder) big(p *plan, v reflect.Value) error {
	if err := e.w.Big(addressable(v).Interface().(*big.Int)); err != nil {
		return e.refuse(p.typ, "", err)
	}
	return nil
}

func (e *encoder) time(v reflect.Value) error {
	text, err := codec.AppendTime(nil, v.Interface().(time.Time))
	if err != nil {
		return e.refuse(timeType, "", err)
	}
	e.w.Text(string(text))
	return nil
}

// encodeList writes a list of a type that direct knows.
func encodeList[T any](e *encoder, list []T) error {
	if list == nil {
		e.w.Nil()
		return nil
	}
	if err := e.enter(reflect.TypeFor[[]T]()); err != nil {
		return err
	}
	e.w.BeginList(len(list))
	for i := range list {
		e.w.Item(i)
		if _, err := e.direct(&list[i]); err != nil {
			return inItem(err, i)
		}
	}
	e.w.EndList()
	e.depth--
	return nil
}

func (e *encoder) list(p *plan, v reflect.Value) error {
	if p.enc == opSlice && v.IsNil() {
		e.w.Nil()
		return nil
	}
	if err := e.enter(p.typ); err != nil {
		return err
	}
	n := v.Len()
	e.w.BeginList(n)
	for i := range n {
		e.w.Item(i)
		if err := e.value(p.elem, v.Index(i)); err != nil {
			return inItem(err, i)
		}
	}
	e.w.EndList()
	e.depth--
	return nil
}

func (e *encoder) structure(p *plan, v reflect.Value) error {
	if err := e.enter(p.typ); err != nil {
		return err
	}
	fs := p.fields
	e.w.BeginMap(fs.count(v))
	n := 0
	for i := range fs.list {
		f := &fs.list[i]
		fv, ok := f.in(v)
		if !ok || f.omitted(fv) {
			continue
		}
		if f.name == codec.TypeKey {
			return e.refuse(p.typ, reservedKey, nil)
		}
		e.w.Field(n, f.encoded)
		if err := e.value(f.plan, fv); err != nil {
			return inKey(err, f.name)
		}
		n++
	}
	e.w.EndMap()
	e.depth--
	return nil
}

// addressable returns a pointer to v, or to a copy.
func addressable(v reflect.Value) reflect.Value {
	if v.CanAddr() {
		return v.Addr()
	}
	p := reflect.New(v.Type())
	p.Elem().Set(v)
	return p
}

// textOf calls v's MarshalText. A nil that has the method, in a map or a
// slice, gets the call too.
func textOf(v reflect.Value) (string, error) {
	m, ok := addressable(v).Interface().(encoding.TextMarshaler)
	if !ok {
		return "", errors.New("no text marshaler")
	}
	text, err := m.MarshalText()
	return string(text), err
}
