package json_test

import (
	"errors"
	"fmt"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/json"
)

type reading struct {
	Sensor string    `json:"sensor"`
	Values []float64 `json:"values"`
	Note   string    `json:"note,omitempty"`
}

func ExampleCodec_Append() {
	text, err := json.Codec{}.Append(nil, reading{Sensor: "wind", Values: []float64{1, 0.5}}, nil)
	fmt.Println(string(text), err)
	// Output: {"sensor": "wind", "values": [1.0, 0.5]} <nil>
}

func ExampleCodec_Parse() {
	var r reading
	err := json.Codec{}.Parse([]byte(`{"sensor": "wind", "values": [1, NaN]}`), &r, nil)
	fmt.Println(r.Sensor, r.Values, err)

	err = json.Codec{}.Parse([]byte(`{"values": [1, "calm"]}`), &r, nil)
	var mismatch *codec.MismatchError
	fmt.Println(errors.As(err, &mismatch), err)
	// Output:
	// wind [1 NaN] <nil>
	// true values[1]: string does not fit float64
}

// A custom type travels as a pair of its id and simpler data, wherever it
// occurs, and arrives as the Go type again.
func ExampleCodec_Append_customType() {
	types := new(codec.Types)
	err := codec.Register(types, func(c complex128) ([2]float64, error) {
		return [2]float64{real(c), imag(c)}, nil
	}, func(parts [2]float64) (complex128, error) {
		return complex(parts[0], parts[1]), nil
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := json.Codec{}.Append(nil, []any{"impedance", 3 + 4i}, types)
	fmt.Println(string(text), err)
	var list []any
	err = json.Codec{}.Parse(text, &list, types)
	fmt.Println(list, err)
	// Output:
	// ["impedance", {"__type__": [0, [3.0, 4.0]]}] <nil>
	// [impedance (3+4i)] <nil>
}
