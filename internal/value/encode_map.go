package value

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/gomas/gomas/codec"
)

const reservedKey = "the key " + codec.TypeKey + " is reserved for custom types"

// key writes a key that is text.
func (e *encoder) key(i int, text string, in reflect.Type) error {
	if text == codec.TypeKey {
		return e.refuse(in, reservedKey, nil)
	}
	e.w.Key(i, text)
	return nil
}

// keyLists holds room for the sorted keys of maps.
var keyLists = sync.Pool{New: func() any { return new([]string) }}

// textMap writes a map whose keys are text and whose values direct knows.
func textMap[T any](e *encoder, m map[string]T) error {
	if m == nil {
		e.w.Nil()
		return nil
	}
	t := reflect.TypeFor[map[string]T]()
	if err := e.enter(t); err != nil {
		return err
	}
	room := keyLists.Get().(*[]string)
	keys := (*room)[:0]
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	e.w.BeginMap(len(keys))
	var elem T // on the heap, once
	for i, k := range keys {
		if err := e.key(i, k, t); err != nil {
			return err
		}
		elem = m[k]
		if _, err := e.direct(&elem); err != nil {
			return inKey(err, k)
		}
	}
	clear(keys)
	*room = keys
	keyLists.Put(room)
	e.w.EndMap()
	e.depth--
	return nil
}

func (e *encoder) orderedMap(m codec.Map) error {
	if m == nil {
		e.w.Nil()
		return nil
	}
	t := reflect.TypeFor[codec.Map]()
	if err := e.enter(t); err != nil {
		return err
	}
	e.w.BeginMap(len(m))
	for i := range m {
		entry, err := e.entry(reflect.ValueOf(&m[i].Key).Elem(), t)
		if err != nil {
			return err
		}
		if err := e.anyKey(i, entry, t); err != nil {
			return err
		}
		if err := e.hop(m[i].Value); err != nil {
			return inKey(err, entry.String())
		}
	}
	e.w.EndMap()
	e.depth--
	return nil
}

func (e *encoder) mapping(p *plan, v reflect.Value) error {
	switch m := v.Interface().(type) {
	case map[string]string:
		return textMap(e, m)
	case map[string]float64:
		return textMap(e, m)
	case map[string]int:
		return textMap(e, m)
	}
	if v.IsNil() {
		e.w.Nil()
		return nil
	}
	if err := e.enter(p.typ); err != nil {
		return err
	}
	entries := make([]entry, 0, v.Len())
	for it := v.MapRange(); it.Next(); {
		entry, err := e.entry(it.Key(), p.typ)
		if err != nil {
			return err
		}
		entry.elem = it.Value()
		entries = append(entries, entry)
	}
	slices.SortFunc(entries, entry.compare)
	e.w.BeginMap(len(entries))
	for i, entry := range entries {
		if err := e.anyKey(i, entry, p.typ); err != nil {
			return err
		}
		if err := e.value(p.elem, entry.elem); err != nil {
			return inKey(err, entry.String())
		}
	}
	e.w.EndMap()
	e.depth--
	return nil
}

// entry is an entry of a map whose keys may be of any type.
type entry struct {
	key    reflect.Value // not valid if it is nil
	text   string        // the key, if it is sent as text
	isText bool
	elem   reflect.Value
}

// entry returns an entry with the key k, of a map of type in.
func (e *encoder) entry(k reflect.Value, in reflect.Type) (entry, error) {
	if k.Kind() == reflect.Interface {
		k = k.Elem()
	}
	switch {
	case k.IsValid() && e.w.Format().plan(k.Type()).marshalsText:
		text, err := textOf(k)
		if err != nil {
			return entry{}, e.refuse(in, "", err)
		}
		return entry{key: k, text: text, isText: true}, nil
	case k.Kind() == reflect.String:
		return entry{key: k, text: k.String(), isText: true}, nil
	}
	return entry{key: k}, nil
}

// String shows the key in an error.
func (en entry) String() string {
	switch {
	case en.isText:
		return en.text
	case !en.key.IsValid():
		return "nil"
	}
	return fmt.Sprint(en.key)
}

// compare orders keys of any type: nil first, then by kind, then by value.
func (en entry) compare(other entry) int {
	a, b := en.key, other.key
	switch {
	case en.isText && other.isText:
		return strings.Compare(en.text, other.text)
	case a.Kind() != b.Kind():
		return cmp.Compare(a.Kind(), b.Kind())
	case a.CanInt():
		return cmp.Compare(a.Int(), b.Int())
	case a.CanUint():
		return cmp.Compare(a.Uint(), b.Uint())
	case a.CanFloat():
		return cmp.Compare(a.Float(), b.Float())
	}
	return strings.Compare(en.String(), other.String())
}

// anyKey writes a key of any scalar type.
func (e *encoder) anyKey(i int, en entry, in reflect.Type) error {
	if en.isText {
		return e.key(i, en.text, in)
	}
	e.w.BeginKey(i)
	switch k := en.key; {
	case !k.IsValid():
		e.w.Nil()
	case k.Kind() == reflect.Bool:
		e.w.Bool(k.Bool())
	case k.CanInt():
		e.w.Int(k.Int())
	case k.CanUint():
		e.w.Uint(k.Uint())
	case k.CanFloat():
		e.w.Float(k.Float())
	case k.Kind() == reflect.Slice && k.Type().Elem().Kind() == reflect.Uint8:
		if err := e.w.Bytes(k.Bytes()); err != nil {
			return e.refuse(in, "", err)
		}
	default:
		return e.refuse(in, "a key of type "+k.Type().String(), nil)
	}
	e.w.EndKey()
	return nil
}
