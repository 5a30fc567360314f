package codec

import (
	"fmt"
	"reflect"
)

// RegisterStruct adds the struct type T to types, as aiomas's serializable
// does for a Python class: the data of a value is the map of its exported
// fields, under the names in the format's own field tags. What a field holds
// may be of custom types again, T included. Fields that are not exported do
// not travel and are zero in what is received; so are fields that the peer
// leaves out. Methods of T such as MarshalJSON are not used.
//
// T must have a name and, unless it is empty, an exported field. It may embed
// structs, but only exported ones that have no methods; use [Register] for
// others.
func RegisterStruct[T any](types *Types) error {
	t := reflect.TypeFor[T]()
	fields, err := unnamed(t)
	if err != nil {
		return err
	}
	// A value is sent and received through a pointer to the same fields in a
	// type without a name, which is not registered and so only a map.
	pointer := reflect.PointerTo(fields)
	return types.Add(Type{
		Go: t,
		Encode: func(v any) (any, error) {
			x := v.(T)
			return reflect.ValueOf(&x).Convert(pointer).Interface(), nil
		},
		Decode: func(parse func(any) error) (any, error) {
			var x T
			err := parse(reflect.ValueOf(&x).Convert(pointer).Interface())
			if mismatch, ok := err.(*MismatchError); ok && mismatch.Want == fields.String() {
				mismatch.Want = "a map of its fields"
			}
			return x, err
		},
	})
}

// unnamed returns the type without a name that has the fields of the struct
// type t.
func unnamed(t reflect.Type) (fields reflect.Type, err error) {
	switch {
	case t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct:
		return nil, fmt.Errorf("codec: %v is a pointer; register %v, and pointers to it travel too", t, t.Elem())
	case t.Kind() != reflect.Struct:
		return nil, fmt.Errorf("codec: %v is no struct", t)
	case t.Name() == "":
		return nil, fmt.Errorf("codec: %v has no name; define a type for it", t)
	}
	list := make([]reflect.StructField, t.NumField())
	exported := false
	for i := range list {
		list[i] = t.Field(i)
		exported = exported || list[i].IsExported()
	}
	if !exported && len(list) > 0 {
		return nil, fmt.Errorf("codec: %v has no exported fields to send; use Register", t)
	}
	defer func() {
		// The one thing that StructOf cannot do for the fields of a struct
		// that exists, and reflection does not show all methods beforehand.
		if reason := recover(); reason != nil {
			err = fmt.Errorf("codec: %v embeds a type that has methods or is not exported; use Register (%v)", t, reason)
		}
	}()
	return reflect.StructOf(list), nil
}
