package value

import (
	"reflect"
	"slices"
	"strconv"

	"github.com/gomas/gomas/codec"
)

// firstBytes is how much memory, in bytes, a list may take before its items
// have arrived.
const firstBytes = 1 << 10

// room is how many items of a size to make room for when n are announced, or
// -1.
func room(n int, size uintptr) int {
	if n < 0 {
		return 0
	}
	return min(n, max(4, firstBytes/int(max(size, 1))))
}

// extra is how many items to make room for when a list of n, or -1, has outgrown
// the room for have items.
func extra(n, have int) int {
	if n > have {
		return min(n-have, max(4, have))
	}
	return max(4, have)
}

// enter begins a list or map; leaving is d.depth--.
func (d *decoder) enter() error {
	if d.depth >= codec.MaxDepth {
		return tooDeep()
	}
	d.depth++
	return nil
}

func (d *decoder) beginList() (n int, err error) {
	if err := d.enter(); err != nil {
		return 0, err
	}
	return d.r.List()
}

// readList reads a list of a type that direct knows.
func readList[T any](d *decoder, p *[]T) error {
	if kind, err := d.r.Kind(); err == nil && kind == KindNil {
		*p = nil
		return d.r.Nil()
	}
	if err := d.expect(KindList, p); err != nil {
		return err
	}
	n, err := d.beginList()
	if err != nil {
		return err
	}
	list := slices.Grow((*p)[:0], room(n, reflect.TypeFor[T]().Size()))
	for i := 0; ; i++ {
		more, err := d.r.Item(n, i)
		if err != nil {
			return err
		}
		if !more {
			break
		}
		if i == cap(list) {
			list = slices.Grow(list, extra(n, i))
		}
		list = list[:i+1]
		if _, err := d.direct(&list[i]); err != nil {
			return inItem(err, i)
		}
	}
	if list == nil {
		list = []T{}
	}
	*p = list
	d.depth--
	return nil
}

func (d *decoder) list(p *plan, v reflect.Value) error {
	n, err := d.beginList()
	if err != nil {
		return err
	}
	if p.dec == opArray {
		return d.array(p, v, n)
	}
	used := v.Cap() // memory beyond it is zero when it comes
	v.SetLen(0)
	v.Grow(room(n, p.elem.typ.Size()))
	i := 0
	for ; ; i++ {
		more, err := d.r.Item(n, i)
		if err != nil {
			return err
		}
		if !more {
			break
		}
		if i == v.Cap() {
			v.Grow(extra(n, i))
		}
		v.SetLen(i + 1)
		item := v.Index(i)
		if i < used {
			item.SetZero()
		}
		if err := d.value(p.elem, item); err != nil {
			return inItem(err, i)
		}
	}
	if v.IsNil() {
		v.Set(reflect.MakeSlice(p.typ, 0, 0))
	}
	d.depth--
	return nil
}

// array reads the items of a list of n, or -1, into the array v.
func (d *decoder) array(p *plan, v reflect.Value, n int) error {
	i := 0
	for ; ; i++ {
		more, err := d.r.Item(n, i)
		if err != nil {
			return err
		}
		if !more {
			break
		}
		if i < v.Len() {
			if err := d.value(p.elem, v.Index(i)); err != nil {
				return inItem(err, i)
			}
			continue
		}
		if _, err := d.r.Raw(d.depth); err != nil {
			return err
		}
	}
	if i != v.Len() {
		return mismatch("list of "+strconv.Itoa(i)+" items", p.typ)
	}
	d.depth--
	return nil
}

func (d *decoder) rawList(p *[]codec.Raw) error {
	if kind, err := d.r.Kind(); err == nil && kind == KindNil {
		*p = nil
		return d.r.Nil()
	}
	if err := d.expect(KindList, p); err != nil {
		return err
	}
	n, err := d.beginList()
	if err != nil {
		return err
	}
	list := slices.Grow((*p)[:0], room(n, reflect.TypeFor[codec.Raw]().Size()))
	for i := 0; ; i++ {
		more, err := d.r.Item(n, i)
		if err != nil {
			return err
		}
		if !more {
			break
		}
		raw, err := d.r.Raw(d.depth)
		if err != nil {
			return err
		}
		if i == cap(list) {
			list = slices.Grow(list, extra(n, i))
		}
		list = append(list, raw)
	}
	if list == nil {
		list = []codec.Raw{}
	}
	*p = list
	d.depth--
	return nil
}
