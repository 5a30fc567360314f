package value

import (
	"encoding"
	"reflect"
	"strconv"

	"github.com/gomas/gomas/codec"
)

// entries reads the keys of a map, one after the other.
//
//	for err := d.beginMap(&m); m.more; err = m.next() { key m.key; value }
type entries struct {
	r    Reader
	n, i int
	key  []byte // nil if it is no text
	more bool
}

// beginMap begins a map and reads its first key into m.
func (d *decoder) beginMap(m *entries) (err error) {
	m.r = d.r
	if err := d.enter(); err != nil {
		return err
	}
	if m.n, err = d.r.Map(); err != nil {
		return err
	}
	m.key, m.more, err = d.r.Key(m.n, 0)
	return err
}

// next goes on to the next key.
func (m *entries) next() (err error) {
	m.i++
	m.key, m.more, err = m.r.Key(m.n, m.i)
	return err
}

// pair reports whether this is a custom type pair, after beginMap.
func (m *entries) pair() bool { return m.more && string(m.key) == codec.TypeKey }

// skipEntry skips the entry of m whose key has come.
func (d *decoder) skipEntry(m *entries) error {
	if m.key == nil {
		if _, err := d.r.Raw(d.depth); err != nil {
			return err
		}
	}
	_, err := d.r.Raw(d.depth)
	return err
}

// any reads a value of any type.
func (d *decoder) any() (any, error) {
	kind, err := d.r.Kind()
	if err != nil {
		return nil, err
	}
	switch kind {
	case KindNil:
		return nil, d.r.Nil()
	case KindBool:
		return d.r.Bool()
	case KindNumber:
		n, err := d.r.Number()
		if err != nil {
			return nil, err
		}
		return n.Any(), nil
	case KindText:
		text, err := d.r.Text()
		return string(text), err
	case KindBytes:
		b, err := d.r.Bytes()
		return append(make([]byte, 0, len(b)), b...), err
	case KindList:
		var list []any
		if err := d.spend(listCost); err != nil {
			return nil, err
		}
		err := readList(d, &list)
		return list, err
	}
	return d.anyMap()
}

// anyMap reads a map that becomes a map[string]any, a map[any]any if it has
// other keys, a Map if those are wanted, or the value of a custom type.
func (d *decoder) anyMap() (any, error) {
	if err := d.spend(mapCost); err != nil {
		return nil, err
	}
	var m entries
	err := d.beginMap(&m)
	if err != nil {
		return nil, err
	}
	if m.pair() {
		return d.pair(&m, anyType)
	}
	if d.ordered {
		return d.orderedEntries(&m)
	}
	table := make(map[string]any, room(m.n, 32))
	for ; m.more; err = m.next() {
		if m.key == nil {
			return d.mixedEntries(&m, table)
		}
		key := string(m.key)
		x, err := d.any()
		if err != nil {
			return nil, inKey(err, key)
		}
		table[key] = x
	}
	d.depth--
	return table, err
}

// mixedEntries reads the rest of a map some of whose keys are no text.
func (d *decoder) mixedEntries(m *entries, before map[string]any) (any, error) {
	table := make(map[any]any, len(before)+1)
	for k, v := range before {
		table[k] = v
	}
	var err error
	for ; m.more; err = m.next() {
		key, err := d.anyKey(m.key)
		if err != nil {
			return nil, err
		}
		if b, ok := key.([]byte); ok {
			return nil, mismatch("key of "+strconv.Itoa(len(b))+" bytes", anyType)
		}
		x, err := d.any()
		if err != nil {
			return nil, inKey(err, entry{key: reflect.ValueOf(key)}.String())
		}
		table[key] = x
	}
	d.depth--
	return table, err
}

// anyKey reads the key of an entry.
func (d *decoder) anyKey(text []byte) (any, error) {
	if text != nil {
		return string(text), nil
	}
	kind, err := d.r.Kind()
	if err != nil {
		return nil, err
	}
	if kind == KindList || kind == KindMap {
		return nil, mismatch("key that is a "+kind.String(), anyType)
	}
	return d.any()
}

func (d *decoder) stringMap(p *map[string]any) error {
	if kind, err := d.r.Kind(); err == nil && kind == KindNil {
		*p = nil
		return d.r.Nil()
	}
	if err := d.expect(KindMap, p); err != nil {
		return err
	}
	var m entries
	err := d.beginMap(&m)
	if err != nil {
		return err
	}
	if m.pair() {
		return d.foreign(&m, reflect.TypeOf(*p))
	}
	return textMapInto(d, &m, p)
}

// textMapInto reads the entries of a map whose keys are text and whose values
// direct knows.
func textMapInto[T any](d *decoder, m *entries, p *map[string]T) error {
	table := make(map[string]T, room(m.n, 32))
	var elem T // on the heap, once
	var err error
	for ; m.more; err = m.next() {
		if m.key == nil {
			return mismatch("key that is no text", reflect.TypeOf(*p))
		}
		key := string(m.key)
		if _, err := d.direct(&elem); err != nil {
			return inKey(err, key)
		}
		table[key] = elem
	}
	if err != nil {
		return err
	}
	*p = table
	d.depth--
	return nil
}

func (d *decoder) rawMap(p *map[string]codec.Raw) error {
	if kind, err := d.r.Kind(); err == nil && kind == KindNil {
		*p = nil
		return d.r.Nil()
	}
	if err := d.expect(KindMap, p); err != nil {
		return err
	}
	var m entries
	err := d.beginMap(&m)
	if err != nil {
		return err
	}
	table := make(map[string]codec.Raw, room(m.n, 40))
	for ; m.more; err = m.next() {
		if m.key == nil {
			return mismatch("key that is no text", reflect.TypeOf(*p))
		}
		key := string(m.key)
		raw, err := d.r.Raw(d.depth)
		if err != nil {
			return err
		}
		table[key] = raw
	}
	*p = table
	d.depth--
	return err
}

func (d *decoder) orderedMap(p *codec.Map) error {
	if kind, err := d.r.Kind(); err == nil && kind == KindNil {
		*p = nil
		return d.r.Nil()
	}
	if err := d.expect(KindMap, p); err != nil {
		return err
	}
	var m entries
	err := d.beginMap(&m)
	if err != nil {
		return err
	}
	if m.pair() {
		return d.foreign(&m, reflect.TypeOf(*p))
	}
	before := d.ordered
	d.ordered = true
	*p, err = d.orderedEntries(&m)
	d.ordered = before
	return err
}

// orderedEntries reads the entries of a map. A key that is there already
// keeps its place and gets the new value.
func (d *decoder) orderedEntries(m *entries) (codec.Map, error) {
	table := make(codec.Map, 0, room(m.n, 32))
	places := make(map[any]int)
	var err error
	for ; m.more; err = m.next() {
		key, err := d.anyKey(m.key)
		if err != nil {
			return nil, err
		}
		x, err := d.any()
		if err != nil {
			return nil, inKey(err, entry{key: reflect.ValueOf(key)}.String())
		}
		id := key
		if b, ok := key.([]byte); ok {
			id = bytesKey(b)
		}
		if i, ok := places[id]; ok {
			table[i].Value = x
			continue
		}
		places[id] = len(table)
		table = append(table, codec.Entry{Key: key, Value: x})
	}
	d.depth--
	return table, err
}

// bytesKey tells keys that are bytes from keys that are text, and can be
// compared.
type bytesKey string

func (d *decoder) mapping(p *plan, v reflect.Value) error {
	var m entries
	err := d.beginMap(&m)
	if err != nil {
		return err
	}
	if m.pair() {
		return d.foreign(&m, p.typ)
	}
	switch table := v.Addr().Interface().(type) {
	case *map[string]string:
		return textMapInto(d, &m, table)
	case *map[string]float64:
		return textMapInto(d, &m, table)
	case *map[string]int:
		return textMapInto(d, &m, table)
	}
	table := reflect.MakeMapWithSize(p.typ, room(m.n, p.key.typ.Size()+p.elem.typ.Size()))
	key, elem := reflect.New(p.key.typ).Elem(), reflect.New(p.elem.typ).Elem()
	for ; m.more; err = m.next() {
		key.SetZero()
		if err := d.key(p, m.key, key); err != nil {
			return err
		}
		elem.SetZero()
		if err := d.value(p.elem, elem); err != nil {
			return inKey(err, entry{key: key}.String())
		}
		table.SetMapIndex(key, elem)
	}
	v.Set(table)
	d.depth--
	return err
}

// key reads a key of a typed map, which is text unless that is nil.
func (d *decoder) key(p *plan, text []byte, key reflect.Value) error {
	switch {
	case p.key.typ.Kind() == reflect.Interface && p.key.typ.NumMethod() == 0:
		x, err := d.anyKey(text)
		if err != nil {
			return err
		}
		if b, ok := x.([]byte); ok {
			return mismatch("key of "+strconv.Itoa(len(b))+" bytes", p.typ)
		}
		if x != nil {
			key.Set(reflect.ValueOf(x))
		}
		return nil
	case text == nil:
		kind, err := d.r.Kind()
		if err != nil {
			return err
		}
		if kind == KindList || kind == KindMap {
			return mismatch("key that is a "+kind.String(), p.typ)
		}
		return d.value(p.key, key)
	case p.key.unmarshalsText:
		if err := key.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(string(text))); err != nil {
			return refused("key", p.key.typ, err)
		}
		return nil
	case p.key.typ.Kind() == reflect.String:
		key.SetString(string(text))
		return nil
	case d.r.Format().TextKeys && parseKey(string(text), key):
		return nil
	}
	return mismatch("key "+strconv.Quote(shorten(string(text))), p.key.typ)
}

// parseKey parses the text of a scalar into key.
func parseKey(text string, key reflect.Value) bool {
	switch {
	case key.Kind() == reflect.Bool && (text == "true" || text == "false"):
		key.SetBool(text == "true")
		return true
	case key.CanInt():
		i, err := strconv.ParseInt(text, 10, key.Type().Bits())
		key.SetInt(i)
		return err == nil
	case key.CanUint():
		u, err := strconv.ParseUint(text, 10, key.Type().Bits())
		key.SetUint(u)
		return err == nil
	case key.CanFloat():
		f, err := strconv.ParseFloat(text, key.Type().Bits())
		key.SetFloat(f)
		return err == nil
	}
	return false
}

func (d *decoder) structure(p *plan, v reflect.Value) error {
	var m entries
	err := d.beginMap(&m)
	if err != nil {
		return err
	}
	if m.pair() {
		return d.foreign(&m, p.typ)
	}
	fs := p.fields
	// A name that is repeated must find its field as it was, or the values
	// would mix; the others keep what they had.
	var few [4]uint64
	seen := few[:]
	if len(fs.list) > 64*len(few) {
		seen = make([]uint64, (len(fs.list)+63)/64)
	}
	next := 0
	for ; m.more; err = m.next() {
		i := -1
		if m.key != nil {
			i = fs.find(m.key, next)
		}
		if i < 0 {
			if err := d.skipEntry(&m); err != nil {
				return err
			}
			continue
		}
		f := &fs.list[i]
		next = i + 1
		fv, ok := v.Field(f.index[0]), true
		if len(f.index) > 1 {
			fv, ok = f.make(v)
		}
		if !ok {
			return inKey(mismatch("field of an embedded pointer that cannot be set", p.typ), f.name)
		}
		if bit := uint64(1) << (i % 64); seen[i/64]&bit == 0 {
			seen[i/64] |= bit
		} else {
			fv.SetZero()
		}
		if err := d.value(f.plan, fv); err != nil {
			return inKey(err, f.name)
		}
	}
	d.depth--
	return err
}
