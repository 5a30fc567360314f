package local

import (
	"reflect"
	"sync"

	"github.com/gomas/gomas/codec"
)

// knownIDs is how many custom types can be shown: far more than programs have.
const knownIDs = 64

// anyTypes are custom types for all that travels, whatever that is to the peers.
// Each needs a Go type of its own: arrays that are longer than the number of the
// type by one, with the data in front.
var anyTypes = sync.OnceValue(func() *codec.Types {
	types := new(codec.Types)
	for id := range knownIDs {
		array := reflect.ArrayOf(id+1, reflect.TypeFor[any]())
		err := types.Add(codec.Type{
			Go:     array,
			Encode: func(v any) (any, error) { return reflect.ValueOf(v).Index(0).Interface(), nil },
			Decode: func(parse func(any) error) (any, error) {
				v := reflect.New(array).Elem()
				err := parse(v.Index(0).Addr().Interface())
				return v.Interface(), err
			},
		})
		if err != nil {
			panic(err) // two arrays of the same length
		}
	}
	return types
})

// withPairs returns a value that was parsed with anyTypes as package json wants
// it, with custom types as they travel.
func withPairs(v any) any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		for i := range v {
			v[i] = withPairs(v[i])
		}
		return v
	case map[string]any:
		for key := range v {
			v[key] = withPairs(v[key])
		}
		return v
	}
	if array := reflect.ValueOf(v); array.Kind() == reflect.Array {
		return map[string]any{codec.TypeKey: [2]any{array.Len() - 1, withPairs(array.Index(0).Interface())}}
	}
	return v
}
