package json

import (
	stdjson "encoding/json"
	"reflect"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/internal/value"
)

// format tells the engine about JSON.
var format = &value.Format{
	Name:        "json",
	Tag:         "json",
	TextKeys:    true,
	AppendField: appendField,
	Marshaler:   reflect.TypeFor[stdjson.Marshaler](),
	Unmarshaler: reflect.TypeFor[stdjson.Unmarshaler](),
	Marshal:     marshal,
	Unmarshal: func(v any, src codec.Raw) error {
		return v.(stdjson.Unmarshaler).UnmarshalJSON(src)
	},
}

// marshal calls v's MarshalJSON and checks what it returns.
func marshal(v any, depth int) (codec.Raw, error) {
	text, err := v.(stdjson.Marshaler).MarshalJSON()
	if err != nil {
		return nil, err
	}
	r := reader{src: text}
	raw, err := r.Raw(depth)
	if err != nil {
		return nil, err
	}
	return raw, r.end()
}
