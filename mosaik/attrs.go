package mosaik

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// tagged are the fields of a struct with a tag "mosaik", which are parameters
// or attributes.
type tagged struct {
	typ    reflect.Type
	fields []field
}

// field is one of them.
type field struct {
	name    string
	index   []int
	in, out bool
	sum     bool // of the values of all sources
	options []string
}

// options are what may follow the name in a tag.
var tagOptions = []string{"in", "out", "sum", "trigger", "non-trigger", "persistent", "non-persistent"}

// shapes has the *tagged of each type that was asked for.
var shapes sync.Map

// taggedOf returns the tagged fields of a type, which is a struct.
func taggedOf(t reflect.Type) (*tagged, error) {
	if known, ok := shapes.Load(t); ok {
		return known.(*tagged), nil
	}
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("mosaik: %v is no struct; its fields would be the parameters or attributes, with tags such as `mosaik:\"power,in\"`", t)
	}
	shape := &tagged{typ: t}
	for _, sf := range reflect.VisibleFields(t) {
		tag, ok := sf.Tag.Lookup("mosaik")
		if !ok {
			continue
		}
		f, err := newField(sf, tag)
		if err == nil && throughPointer(t, sf.Index) {
			err = fmt.Errorf("it is part of an embedded pointer, which may be nil; embed the struct itself")
		}
		if err == nil && shape.find(f.name) != nil {
			err = fmt.Errorf("there is another field of the name %q; rename one", f.name)
		}
		if err != nil {
			return nil, fmt.Errorf("mosaik: field %s of %v: %w", sf.Name, t, err)
		}
		shape.fields = append(shape.fields, f)
	}
	shapes.Store(t, shape)
	return shape, nil
}

// throughPointer reports whether a field is part of an embedded pointer.
func throughPointer(t reflect.Type, index []int) bool {
	for _, i := range index[:len(index)-1] {
		if t = t.Field(i).Type; t.Kind() == reflect.Pointer {
			return true
		}
	}
	return false
}

func newField(sf reflect.StructField, tag string) (field, error) {
	parts := strings.Split(tag, ",")
	f := field{name: parts[0], index: sf.Index, options: parts[1:]}
	for _, option := range f.options {
		if !slices.Contains(tagOptions, option) {
			return f, fmt.Errorf("its tag has the option %q; known are %s", option, strings.Join(tagOptions, ", "))
		}
	}
	has := func(option string) bool { return slices.Contains(f.options, option) }
	f.in, f.out, f.sum = has("in"), has("out"), has("sum")
	if !f.in && !f.out {
		f.in, f.out = true, true
	}
	switch {
	case f.name == "":
		return f, fmt.Errorf("its tag has no name; write `mosaik:\"name\"`")
	case !sf.IsExported():
		return f, fmt.Errorf("it is not exported; begin its name with a capital letter")
	case f.sum && sf.Type.Kind() != reflect.Float64:
		return f, fmt.Errorf("it is a %v, and only a float64 can be the sum of several inputs", sf.Type)
	case f.sum && !f.in, !f.in && (has("trigger") || has("non-trigger")):
		return f, fmt.Errorf("it is no input; take \"sum\", \"trigger\" and \"non-trigger\" out of its tag, or add \"in\"")
	case !f.out && (has("persistent") || has("non-persistent")):
		return f, fmt.Errorf("it is no output; take \"persistent\" and \"non-persistent\" out of its tag, or add \"out\"")
	case has("trigger") && has("non-trigger"), has("persistent") && has("non-persistent"):
		return f, fmt.Errorf("its tag contradicts itself; take one of the options out")
	}
	return f, nil
}

func (s *tagged) find(name string) *field {
	for i := range s.fields {
		if s.fields[i].name == name {
			return &s.fields[i]
		}
	}
	return nil
}

func (s *tagged) names() []string { return s.that(func(*field) bool { return true }) }

// with returns the names of the fields that have an option.
func (s *tagged) with(option string) []string {
	return s.that(func(f *field) bool { return slices.Contains(f.options, option) })
}

// that returns the names of the fields that fit.
func (s *tagged) that(fits func(*field) bool) []string {
	var names []string
	for i := range s.fields {
		if fits(&s.fields[i]) {
			names = append(names, s.fields[i].name)
		}
	}
	return names
}

// ModelOf makes a model of two structs: P has the parameters, A the attributes,
// as fields with tags:
//
//	type Battery struct {
//		Power  float64            `mosaik:"power,in,sum"`  // of all that are connected
//		Prices map[string]float64 `mosaik:"price,in"`      // by the full id of who sends
//		Charge float64            `mosaik:"charge,out"`
//	}
//
// An input that can have several sources is a map by their full ids, a slice in
// the order of these, or with "sum" a float64; any other field takes the value
// of one. Further options are "trigger" or "non-trigger", "persistent" or
// "non-persistent"; see [Model]. A field that is neither "in" nor "out" is
// both. Fields without a tag are the program's own.
//
// Tags are written in the program, so a mistake in one is reported by a panic.
func ModelOf[P, A any]() Model {
	params, err := taggedOf(reflect.TypeFor[P]())
	if err != nil {
		panic(err)
	}
	attrs, err := taggedOf(reflect.TypeFor[A]())
	if err != nil {
		panic(err)
	}
	m := Model{
		Params: params.names(), Attrs: attrs.names(),
		Trigger: attrs.with("trigger"), NonTrigger: attrs.with("non-trigger"),
		Persistent: attrs.with("persistent"), NonPersistent: attrs.with("non-persistent"),
	}
	// To mosaik, every attribute is an input and an output.
	if len(m.Trigger) > 0 && len(m.NonTrigger) > 0 {
		m.NonTrigger = append(m.NonTrigger, attrs.that(func(f *field) bool { return !f.in })...)
	}
	if len(m.Persistent) > 0 && len(m.NonPersistent) > 0 {
		m.Persistent = append(m.Persistent, attrs.that(func(f *field) bool { return !f.out })...)
	}
	return m
}

// Params are parameters by name, as mosaik gives them to Init and Create.
// Values are as in [Inputs].
type Params map[string]any

// Decode puts the parameters into a struct that dst points to, whose fields
// have tags, see [ModelOf]. Fields whose parameters are not given keep their
// values, which are thus the defaults. A parameter without a field, or whose
// value does not fit, is an error.
func (p Params) Decode(dst any) error {
	v, shape, err := structOf(dst)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(p)) {
		f := shape.find(name)
		if f == nil {
			return &Error{Type: "TypeError", Message: fmt.Sprintf("there is no parameter %.80q; there is %s", name, enumerate(shape.names()))}
		}
		if err := assign(v.FieldByIndex(f.index), p[name]); err != nil {
			return &Error{Type: "TypeError", Message: fmt.Sprintf("parameter %s: %v", name, err)}
		}
	}
	return nil
}

// structOf returns the struct that a pointer is to.
func structOf(pointer any) (reflect.Value, *tagged, error) {
	v := reflect.ValueOf(pointer)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return v, nil, fmt.Errorf("mosaik: %T is no pointer to a struct", pointer)
	}
	shape, err := taggedOf(v.Type().Elem())
	return v.Elem(), shape, err
}

// take puts inputs of an entity into the fields of a struct.
func (s *tagged) take(v reflect.Value, inputs map[string]map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(inputs)) {
		f := s.find(name)
		if f == nil || !f.in {
			return lookupError("%v has no input %.80q; add a field with the tag `mosaik:\"%.80s,in\"`", s.typ, name, name)
		}
		if err := f.take(v.FieldByIndex(f.index), inputs[name]); err != nil {
			return &Error{Type: "TypeError", Message: fmt.Sprintf("input %s: %v", name, err)}
		}
	}
	return nil
}

// take puts the values of one input, by their sources, into a field. Null is what
// mosaik has where a source has given no value, and is none, unless the field is
// for such.
func (f *field) take(v reflect.Value, values map[string]any) error {
	element := v.Type()
	if k := v.Kind(); k == reflect.Map || k == reflect.Slice {
		element = element.Elem()
	}
	values = maps.Clone(values)
	if k := element.Kind(); k != reflect.Pointer && k != reflect.Interface {
		maps.DeleteFunc(values, func(_ string, value any) bool { return value == nil })
	}
	sources := slices.Sorted(maps.Keys(values))
	switch {
	case f.sum:
		sum := 0.0
		for _, source := range sources {
			var one float64
			if err := assign(reflect.ValueOf(&one).Elem(), values[source]); err != nil {
				return fmt.Errorf("of %.80q: %w", source, err)
			}
			sum += one
		}
		v.SetFloat(sum)
		return nil
	case v.Kind() == reflect.Map && v.Type().Key().Kind() == reflect.String:
		return assign(v, values)
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8:
		all := make([]any, len(sources))
		for i, source := range sources {
			all[i] = values[source]
		}
		return assign(v, all)
	case len(sources) > 1:
		return fmt.Errorf("there are %d sources, %q, and the field takes one; make it a map[string]%v or add \"sum\" to its tag", len(sources), sources, v.Type())
	}
	for _, source := range sources {
		return assign(v, values[source])
	}
	return nil
}

// give returns the values of attributes; those that are nil pointers are no
// event.
func (s *tagged) give(v reflect.Value, attrs []string) (map[string]any, error) {
	values := make(map[string]any, len(attrs))
	for _, name := range attrs {
		f := s.find(name)
		if f == nil || !f.out {
			return nil, lookupError("%v has no output %.80q; add a field with the tag `mosaik:\"%.80s,out\"`", s.typ, name, name)
		}
		if fv := v.FieldByIndex(f.index); fv.Kind() != reflect.Pointer || !fv.IsNil() {
			values[name] = fv.Interface()
		}
	}
	return values, nil
}

// assign puts a value that was received into a variable.
func assign(dst reflect.Value, value any) error {
	if number, ok := value.(float64); ok && dst.Kind() == reflect.Float64 {
		dst.SetFloat(number)
		return nil
	}
	raw, err := format.Append(nil, value, nil)
	if err != nil {
		return err
	}
	fresh := reflect.New(dst.Type())
	if err := format.Parse(raw, fresh.Interface(), nil); err != nil {
		return err
	}
	dst.Set(fresh.Elem())
	return nil
}
