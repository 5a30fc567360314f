package value

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"

	"github.com/gomas/gomas/codec"
)

// custom writes v as a value of the custom type t: {"__type__": [id, data]}.
func (e *encoder) custom(t *codec.Type, v reflect.Value) error {
	if v.Kind() == reflect.Pointer && v.IsNil() {
		e.w.Nil()
		return nil
	}
	data, err := t.Encode(v.Interface())
	if err != nil {
		return e.refuse(v.Type(), "", err)
	}
	if bare, ok := data.(codec.Bare); ok {
		return e.hop(bare.Value)
	}
	// Two levels: the map and the list in it.
	if err := e.enter(t.Go); err != nil {
		return err
	}
	if err := e.enter(t.Go); err != nil {
		return err
	}
	e.w.BeginMap(1)
	e.w.Key(0, codec.TypeKey)
	e.w.BeginList(2)
	e.w.Item(0)
	e.w.Uint(uint64(t.ID))
	e.w.Item(1)
	if err := e.any(data); err != nil {
		return err
	}
	e.w.EndList()
	e.w.EndMap()
	e.depth -= 2
	return nil
}

// errNotCustom is why data without a pair are refused.
var errNotCustom = errors.New("it is a custom type here, and must be registered with the sender, too")

// custom reads into v, whose values are sent as the custom type t.
func (d *decoder) custom(t *codec.Type, p *plan, v reflect.Value) error {
	kind, err := d.r.Kind()
	if err != nil {
		return err
	}
	switch {
	case kind == KindNil && nilable(p.typ):
		v.SetZero()
		return d.r.Nil()
	case t.Go != p.typ, kind != KindMap && !t.Bare:
		return d.misfit(kind, p.typ)
	case kind == KindMap:
		at, depth := d.r.At(), d.depth
		var m entries
		if err := d.beginMap(&m); err != nil {
			return err
		}
		if m.pair() {
			x, err := d.pair(&m, p.typ)
			if err != nil {
				return err
			}
			store(v, x)
			return nil
		}
		if !t.Bare {
			return refused("plain map", p.typ, errNotCustom)
		}
		d.r.Back(at)
		d.depth = depth
	}
	return d.bareData(t, kind, v)
}

// bareData reads data of the custom type t that come without a pair.
func (d *decoder) bareData(t *codec.Type, kind Kind, v reflect.Value) error {
	// A Decode that wants a value of its own type would get the same data
	// again, without end.
	if d.bare > 2*codec.MaxDepth {
		return mismatch(kind.String()+" that is its own data", t.Go)
	}
	d.bare++
	x, err := d.data(t, kind.String())
	d.bare--
	if err != nil {
		return err
	}
	store(v, x)
	return nil
}

// foreign is the error for a custom type pair where a value of another type
// is wanted.
func (d *decoder) foreign(m *entries, want reflect.Type) error {
	if _, err := d.pair(m, want); err != nil {
		return err
	}
	return mismatch("custom type", want)
}

// pair reads the value of a custom type, from after the key "__type__" of the
// map m to its end. The type must be want, or fit it if that is an interface.
func (d *decoder) pair(m *entries, want reflect.Type) (any, error) {
	kind, err := d.r.Kind()
	if err != nil {
		return nil, err
	}
	if kind != KindList {
		return nil, malformedPair()
	}
	n, err := d.beginList()
	if err != nil {
		return nil, err
	}
	if err := d.pairItem(n, 0, true); err != nil {
		return nil, err
	}
	t, err := d.customType()
	if err != nil {
		return nil, err
	}
	if err := d.pairItem(n, 1, true); err != nil {
		return nil, err
	}
	if t.Go != want && (want.Kind() != reflect.Interface || !t.Go.AssignableTo(want)) {
		return nil, mismatch(t.Go.String(), want)
	}
	x, err := d.data(t, "data")
	if err != nil {
		return nil, err
	}
	if err := d.pairItem(n, 2, false); err != nil {
		return nil, err
	}
	d.depth--
	for err = m.next(); m.more; err = m.next() {
		if err := d.skipEntry(m); err != nil {
			return nil, err
		}
	}
	d.depth--
	return x, err
}

func malformedPair() error {
	return &codec.SyntaxError{Msg: codec.TypeKey + " without [id, data]"}
}

// pairItem goes on to item i of a pair, a list of n, or to its end.
func (d *decoder) pairItem(n, i int, more bool) error {
	is, err := d.r.Item(n, i)
	if err == nil && is != more {
		err = malformedPair()
	}
	return err
}

// customType reads the id of a custom type.
func (d *decoder) customType() (*codec.Type, error) {
	kind, err := d.r.Kind()
	if err != nil {
		return nil, err
	}
	if kind != KindNumber {
		return nil, malformedPair()
	}
	n, err := d.r.Number()
	if err != nil {
		return nil, err
	}
	if id, ok := n.Uint64(); ok {
		if t := d.types.ByID(id); t != nil {
			return t, nil
		}
	}
	return nil, &codec.SyntaxError{Msg: codec.TypeKey + " with an unknown id: " + n.String()}
}

// data reads the data of a value of type t and makes the value of it. Errors
// name the data as found.
func (d *decoder) data(t *codec.Type, found string) (any, error) {
	// The closure gets a copy, so that no decoder but this one escapes.
	sub := *d
	var parsed bool
	var failed error
	x, err := t.Decode(func(into any) error {
		if parsed {
			return errors.New("the data of a custom type can be parsed only once")
		}
		parsed = true
		failed = sub.into(into)
		return failed
	})
	d.spent = sub.spent
	if !parsed {
		parsed = true
		_, failed = d.r.Raw(d.depth)
	}
	if syntax, ok := failed.(*codec.SyntaxError); ok {
		return nil, syntax
	}
	// A Decode that goes on regardless leaves r in the middle of the data.
	err = cmp.Or(failed, err)
	if err == nil && !fits(x, t.Go) {
		err = fmt.Errorf("decoded as %T", x)
	}
	if err != nil {
		return nil, refused(found, t.Go, err)
	}
	return x, nil
}

// fits reports whether x can be stored in a variable of type t.
func fits(x any, t reflect.Type) bool {
	if x == nil {
		return nilable(t)
	}
	return reflect.TypeOf(x).AssignableTo(t)
}

func nilable(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface, reflect.Func, reflect.Chan:
		return true
	}
	return false
}
