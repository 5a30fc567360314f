package value

import (
	"bytes"
	"encoding"
	"math/big"
	"reflect"
	"slices"
	"strconv"

	"github.com/gomas/gomas/codec"
)

// Decode reads the next value of r, which is nested depth deep in its
// message, into what the pointer v points to. A value that does not fit is a
// *codec.MismatchError. Only a *Raw, *[]Raw or *map[string]Raw shares the
// memory of what is read.
func Decode(r Reader, v any, types *codec.Types, depth int) error {
	d := decoder{r: r, types: types, depth: depth}
	switch p := v.(type) {
	case *codec.Raw:
		raw, err := r.Raw(depth)
		if err != nil {
			return err
		}
		*p = raw
		return nil
	case *[]codec.Raw:
		return d.rawList(p)
	case *map[string]codec.Raw:
		return d.rawMap(p)
	}
	return d.into(v)
}

// decoder is one call of Decode.
type decoder struct {
	r     Reader
	types *codec.Types
	depth int // of lists and maps
	spent int // see spend
	bare  int // data without a pair that is being decoded, see decoder.custom
	// ordered says that maps become Maps where nothing else is wanted.
	ordered bool
}

// into reads into what the pointer v points to.
func (d *decoder) into(v any) error {
	if done, err := d.direct(v); done {
		return err
	}
	rv := reflect.ValueOf(v)
	if rv.Kind() != reflect.Pointer || rv.IsNil() {
		return &codec.MismatchError{Value: "value", Want: "a destination that is no pointer"}
	}
	return d.value(d.r.Format().plan(rv.Type().Elem()), rv.Elem())
}

// direct reads into pointers to the common types without reflection.
func (d *decoder) direct(v any) (done bool, err error) {
	switch p := v.(type) {
	case *bool:
		err = d.bool(p)
	case *int:
		err = readInt(d, p)
	case *int64:
		err = readInt(d, p)
	case *int32:
		err = readInt(d, p)
	case *uint64:
		err = readUint(d, p)
	case *float64:
		err = d.float(p)
	case *string:
		err = d.text(p)
	case *[]byte:
		err = d.bytes(p)
	case *any:
		var x any
		if x, err = d.any(); err == nil {
			*p = x
		}
	case *[]any:
		err = readList(d, p)
	case *[]int:
		err = readList(d, p)
	case *[]float64:
		err = readList(d, p)
	case *[]string:
		err = readList(d, p)
	case *map[string]any:
		err = d.stringMap(p)
	case *codec.Map:
		err = d.orderedMap(p)
	default:
		return false, nil
	}
	return true, err
}

// value reads into v, which can be set, by its plan.
func (d *decoder) value(p *plan, v reflect.Value) error {
	if p.mayBeCustom && d.types.Len() > 0 {
		if t := d.types.Encoder(p.typ); t != nil {
			return d.custom(t, p, v)
		}
	}
	switch p.dec {
	case opDirect:
		_, err := d.direct(v.Addr().Interface())
		return err
	case opPointer:
		return d.pointer(p, v)
	case opInterface:
		return d.iface(v)
	case opRaw:
		raw, err := d.r.Raw(d.depth)
		v.SetBytes(slices.Clone(raw))
		return err
	case opOwnMarshaler:
		raw, err := d.r.Raw(d.depth)
		if err != nil {
			return err
		}
		if err := d.r.Format().Unmarshal(v.Addr().Interface(), slices.Clone(raw)); err != nil {
			return refused("value", p.typ, err)
		}
		return nil
	}
	kind, err := d.r.Kind()
	if err != nil {
		return err
	}
	switch {
	case kind == KindNil && nilable(p.typ):
		v.SetZero()
		return d.r.Nil()
	case kind == KindBool && p.dec == opBool:
		b, err := d.r.Bool()
		v.SetBool(b)
		return err
	case kind == KindNumber:
		return d.numberInto(p, v)
	case kind == KindText:
		return d.textInto(p, v)
	case kind == KindBytes && p.dec == opBytes:
		return d.byteList(p, v)
	case kind == KindList && (p.dec == opSlice || p.dec == opArray):
		return d.list(p, v)
	case kind == KindMap && p.dec == opStruct:
		return d.structure(p, v)
	case kind == KindMap && p.dec == opMap:
		return d.mapping(p, v)
	}
	return d.misfit(kind, p.typ)
}

// expect makes sure that a value of a kind is next, for a Go type.
func (d *decoder) expect(want Kind, v any) error {
	kind, err := d.r.Kind()
	switch {
	case err != nil:
		return err
	case kind == want:
		return nil
	}
	return d.misfit(kind, reflect.TypeOf(v).Elem())
}

// misfit is the error for the next value, of a kind that does not fit a type.
func (d *decoder) misfit(kind Kind, want reflect.Type) error {
	found := kind.String()
	switch kind {
	case KindNumber:
		n, err := d.r.Number()
		if err != nil {
			return err
		}
		found = n.String()
	case KindMap:
		var m entries
		if err := d.beginMap(&m); err != nil {
			return err
		}
		if m.pair() {
			return d.foreign(&m, want)
		}
	}
	return mismatch(found, want)
}

func (d *decoder) bool(p *bool) error {
	if err := d.expect(KindBool, p); err != nil {
		return err
	}
	b, err := d.r.Bool()
	if err == nil {
		*p = b
	}
	return err
}

func readInt[T int | int64 | int32](d *decoder, p *T) error {
	if err := d.expect(KindNumber, p); err != nil {
		return err
	}
	n, err := d.r.Number()
	if err != nil {
		return err
	}
	i, ok := n.Int64()
	if !ok || int64(T(i)) != i {
		return mismatch(n.String(), reflect.TypeFor[T]())
	}
	*p = T(i)
	return nil
}

func readUint(d *decoder, p *uint64) error {
	if err := d.expect(KindNumber, p); err != nil {
		return err
	}
	n, err := d.r.Number()
	if err != nil {
		return err
	}
	u, ok := n.Uint64()
	if !ok {
		return mismatch(n.String(), reflect.TypeFor[uint64]())
	}
	*p = u
	return nil
}

func (d *decoder) float(p *float64) error {
	if err := d.expect(KindNumber, p); err != nil {
		return err
	}
	n, err := d.r.Number()
	if err != nil {
		return err
	}
	f, ok := n.Float64()
	if !ok {
		return mismatch(n.String(), reflect.TypeFor[float64]())
	}
	*p = f
	return nil
}

func (d *decoder) text(p *string) error {
	if err := d.expect(KindText, p); err != nil {
		return err
	}
	b, err := d.r.Text()
	if err == nil {
		*p = string(b)
	}
	return err
}

func (d *decoder) bytes(p *[]byte) error {
	if kind, err := d.r.Kind(); err == nil && kind == KindNil {
		*p = nil
		return d.r.Nil()
	}
	if err := d.expect(KindBytes, p); err != nil {
		return err
	}
	b, err := d.r.Bytes()
	if err == nil {
		*p = append((*p)[:0], b...)
		if *p == nil {
			*p = []byte{}
		}
	}
	return err
}

func (d *decoder) numberInto(p *plan, v reflect.Value) error {
	n, err := d.r.Number()
	if err != nil {
		return err
	}
	switch p.dec {
	case opInt:
		if i, ok := n.Int64(); ok && !v.OverflowInt(i) {
			v.SetInt(i)
			return nil
		}
	case opUint:
		if u, ok := n.Uint64(); ok && !v.OverflowUint(u) {
			v.SetUint(u)
			return nil
		}
	case opFloat:
		if f, ok := n.Float64(); ok && !v.OverflowFloat(f) {
			v.SetFloat(f)
			return nil
		}
	case opBig:
		if b, ok := n.BigInt(); ok {
			v.Addr().Interface().(*big.Int).Set(b)
			return nil
		}
	case opTime:
		if t, ok := n.time(); ok {
			v.Set(reflect.ValueOf(t))
			return nil
		}
	}
	return mismatch(n.String(), p.typ)
}

func (d *decoder) textInto(p *plan, v reflect.Value) error {
	text, err := d.r.Text()
	if err != nil {
		return err
	}
	switch p.dec {
	case opText:
		v.SetString(string(text))
		return nil
	case opTime:
		t, err := codec.ParseTime(string(text))
		if err != nil {
			return refused(KindText.String(), p.typ, err)
		}
		v.Set(reflect.ValueOf(t))
		return nil
	case opTextMarshaler:
		if err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText(bytes.Clone(text)); err != nil {
			return refused(KindText.String(), p.typ, err)
		}
		return nil
	}
	return mismatch(KindText.String(), p.typ)
}

func (d *decoder) byteList(p *plan, v reflect.Value) error {
	b, err := d.r.Bytes()
	if err != nil {
		return err
	}
	if v.Kind() == reflect.Slice {
		v.SetBytes(append(make([]byte, 0, len(b)), b...))
		return nil
	}
	if len(b) != v.Len() {
		return mismatch(strconv.Itoa(len(b))+" bytes", p.typ)
	}
	reflect.Copy(v, reflect.ValueOf(b).Convert(reflect.SliceOf(p.typ.Elem())))
	return nil
}

func (d *decoder) pointer(p *plan, v reflect.Value) error {
	kind, err := d.r.Kind()
	if err != nil {
		return err
	}
	if kind == KindNil {
		v.SetZero()
		return d.r.Nil()
	}
	if v.IsNil() {
		v.Set(reflect.New(p.elem.typ))
	}
	return d.value(p.elem, v.Elem())
}

// iface reads into an interface that has methods, or another name than any.
func (d *decoder) iface(v reflect.Value) error {
	kind, err := d.r.Kind()
	if err != nil {
		return err
	}
	switch {
	case kind == KindNil:
		v.SetZero()
		return d.r.Nil()
	case v.NumMethod() == 0:
		x, err := d.any()
		if err != nil {
			return err
		}
		store(v, x)
		return nil
	case kind == KindMap:
		var m entries
		if err := d.beginMap(&m); err != nil {
			return err
		}
		if !m.pair() {
			return mismatch(kind.String(), v.Type())
		}
		x, err := d.pair(&m, v.Type())
		if err != nil {
			return err
		}
		store(v, x)
		return nil
	}
	return d.misfit(kind, v.Type())
}

// store sets v to x, which fits it.
func store(v reflect.Value, x any) {
	if x == nil {
		v.SetZero()
		return
	}
	v.Set(reflect.ValueOf(x))
}

// What lists and maps cost that become Go values of any type, in units of about
// 40 bytes, and what they may cost in one message: some hundred megabytes. A
// map takes a hundred times the bytes that announce it, so without a budget a
// message of 64 MiB could take 7 GB.
const (
	listCost = 1
	mapCost  = 8
	budget   = 8 << 20
)

// spend counts a list or map that becomes a Go value of any type.
func (d *decoder) spend(cost int) error {
	if d.spent += cost; d.spent > budget {
		return &codec.MismatchError{
			Value: "message with millions of lists and maps",
			Want:  "any; a destination of a type of its own takes it",
		}
	}
	return nil
}
