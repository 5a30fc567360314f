package value

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
)

// fields are the fields of a struct that take part.
type fields struct {
	list   []field
	byName map[string]int
	// optional says that some fields may be left out.
	optional bool
}

type field struct {
	name      string
	encoded   []byte // the name as Writer.Field takes it
	index     []int  // the path through embedded structs
	plan      *plan
	omitEmpty bool
	omitZero  bool
	isZero    bool // the type has a method IsZero() bool

	tagged bool
}

// find returns the position of the field with a name, or -1. next is where it
// is expected: peers tend to send fields in the order of the struct.
func (fs *fields) find(name []byte, next int) int {
	if next < len(fs.list) && fs.list[next].name == string(name) {
		return next
	}
	if i, ok := fs.byName[string(name)]; ok {
		return i
	}
	return -1
}

// count returns how many fields of the struct v are to be sent.
func (fs *fields) count(v reflect.Value) int {
	n := len(fs.list)
	if !fs.optional {
		return n
	}
	for i := range fs.list {
		f := &fs.list[i]
		if fv, ok := f.in(v); !ok || f.omitted(fv) {
			n--
		}
	}
	return n
}

// in returns the field's value in the struct v; ok is false if it lies in an
// embedded pointer that is nil.
func (f *field) in(v reflect.Value) (fv reflect.Value, ok bool) {
	if len(f.index) == 1 {
		return v.Field(f.index[0]), true
	}
	for i, x := range f.index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return v, false
			}
			v = v.Elem()
		}
		v = v.Field(x)
	}
	return v, true
}

// make returns the field's value in the struct v, for which it fills embedded
// pointers that are nil; ok is false if one of them cannot be set.
func (f *field) make(v reflect.Value) (fv reflect.Value, ok bool) {
	for i, x := range f.index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				if !v.CanSet() {
					return v, false
				}
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(x)
	}
	return v, true
}

type zeroer interface{ IsZero() bool }

var zeroerType = reflect.TypeFor[zeroer]()

// omitted reports whether the field with value v is to be left out.
func (f *field) omitted(v reflect.Value) bool {
	if f.omitEmpty {
		switch v.Kind() {
		case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
			if v.Len() == 0 {
				return true
			}
		case reflect.Struct:
		default:
			if v.IsZero() {
				return true
			}
		}
	}
	if !f.omitZero {
		return false
	}
	if !f.isZero || (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) && v.IsNil() {
		return v.IsZero()
	}
	return v.Interface().(zeroer).IsZero()
}

// fields collects the fields of the struct type t: its own and those of
// embedded structs. Of several with one name the least nested counts, among
// those the tagged one; if that leaves more than one, none does.
func (b *builder) fields(t reflect.Type) *fields {
	type level struct {
		typ   reflect.Type
		index []int
	}
	var all []field
	seen := make(map[reflect.Type]bool)
	for level0 := []level{{typ: t}}; len(level0) > 0; {
		var deeper []level
		// A type that is embedded twice at one level has its fields twice,
		// so that they cancel out.
		here := make(map[reflect.Type]bool)
		for _, l := range level0 {
			if seen[l.typ] {
				continue
			}
			here[l.typ] = true
			for i := range l.typ.NumField() {
				sf := l.typ.Field(i)
				index := append(slices.Clip(l.index), i)
				tag := sf.Tag.Get(b.format.Tag)
				if tag == "-" {
					continue
				}
				name, options, _ := strings.Cut(tag, ",")
				embedded := sf.Type
				if embedded.Kind() == reflect.Pointer {
					embedded = embedded.Elem()
				}
				if sf.Anonymous && name == "" && embedded.Kind() == reflect.Struct {
					deeper = append(deeper, level{embedded, index})
					continue
				}
				if !sf.IsExported() {
					continue
				}
				f := field{name: name, index: index, tagged: name != "", isZero: sf.Type.Implements(zeroerType)}
				if name == "" {
					f.name = sf.Name
				}
				for option := range strings.SplitSeq(options, ",") {
					f.omitEmpty = f.omitEmpty || option == "omitempty"
					f.omitZero = f.omitZero || option == "omitzero"
				}
				f.plan = b.plan(sf.Type)
				all = append(all, f)
			}
		}
		for typ := range here {
			seen[typ] = true
		}
		level0 = deeper
	}
	return b.dominant(all)
}

// dominant keeps of each name the field that Go's rules choose, in the order
// of the source text.
func (b *builder) dominant(all []field) *fields {
	slices.SortStableFunc(all, func(x, y field) int {
		tagged := func(f field) int {
			if f.tagged {
				return 0
			}
			return 1
		}
		return cmp.Or(strings.Compare(x.name, y.name), cmp.Compare(len(x.index), len(y.index)), cmp.Compare(tagged(x), tagged(y)))
	})
	fs := &fields{byName: make(map[string]int)}
	for i := 0; i < len(all); {
		first := all[i]
		same := 1
		for i+same < len(all) && all[i+same].name == first.name {
			same++
		}
		unique := same == 1 || len(all[i+1].index) != len(first.index) || all[i+1].tagged != first.tagged
		if unique {
			fs.list = append(fs.list, first)
		}
		i += same
	}
	slices.SortFunc(fs.list, func(x, y field) int { return slices.Compare(x.index, y.index) })
	for i := range fs.list {
		f := &fs.list[i]
		f.encoded = b.format.AppendField(nil, f.name)
		fs.byName[f.name] = i
		fs.optional = fs.optional || f.omitEmpty || f.omitZero || len(f.index) > 1
	}
	return fs
}
