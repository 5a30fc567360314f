package codec_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"time"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/json"
	"github.com/gomas/gomas/codec/msgpack"
)

type Bid struct {
	Plant string    `json:"plant" msgpack:"plant"`
	Power []float64 `json:"power" msgpack:"power"`
	Note  string    `json:"note,omitempty" msgpack:"note,omitempty"`
}

func ExampleCodec() {
	var c json.Codec
	b, err := c.Append(nil, Bid{Plant: "wind", Power: []float64{1, 0.5}}, nil)
	fmt.Println(string(b), err)

	var bid Bid
	err = c.Parse(b, &bid, nil)
	fmt.Println(bid.Plant, bid.Power, err)

	var anything any
	err = c.Parse(b, &anything, nil)
	fmt.Println(anything, err)
	// Output:
	// {"plant": "wind", "power": [1.0, 0.5]} <nil>
	// wind [1 0.5] <nil>
	// map[plant:wind power:[1 0.5]] <nil>
}

// A Contract is registered as a struct: both sides know it by the same id.
type Contract struct {
	Bid   Bid       `json:"bid" msgpack:"bid"`
	Until time.Time `json:"until" msgpack:"until"`
}

func ExampleRegisterStruct() {
	types := new(codec.Types)
	err := errors.Join(
		codec.RegisterTime(types),             // id 0, as in containers
		codec.RegisterStruct[Contract](types), // id 1
	)
	if err != nil {
		panic(err)
	}
	sent := Contract{Bid{Plant: "wind"}, time.Date(2010, 3, 27, 0, 0, 0, 0, time.UTC)}
	b, err := json.Codec{}.Append(nil, []any{"accepted", sent}, types)
	fmt.Println(string(b), err)

	var reply []any
	err = json.Codec{}.Parse(b, &reply, types)
	fmt.Printf("%T %v\n", reply[1], err)
	// Output:
	// ["accepted", {"__type__": [1, {"bid": {"plant": "wind", "power": null}, "until": {"__type__": [0, "2010-03-27T00:00:00+00:00"]}}]}] <nil>
	// codec_test.Contract <nil>
}

// A Turbine stays where it is: others get the name of it.
type Turbine struct {
	Name string
	stop chan struct{}
}

// A TurbineName is what arrives for a *Turbine.
type TurbineName string

func ExampleType() {
	types := new(codec.Types)
	err := types.Add(codec.Type{
		Go:   reflect.TypeFor[TurbineName](),
		Also: []reflect.Type{reflect.TypeFor[*Turbine]()},
		Bare: true,
		Encode: func(v any) (any, error) {
			if t, ok := v.(*Turbine); ok {
				return t.Name, nil
			}
			return string(v.(TurbineName)), nil
		},
		Decode: func(parse func(any) error) (any, error) {
			var name string
			err := parse(&name)
			return TurbineName(name), err
		},
	})
	if err != nil {
		panic(err)
	}
	b, err := json.Codec{}.Append(nil, []*Turbine{{Name: "north", stop: make(chan struct{})}}, types)
	fmt.Println(string(b), err)

	var got []TurbineName
	err = json.Codec{}.Parse(b, &got, types)
	fmt.Println(got, err)
	err = json.Codec{}.Parse([]byte(`["south"]`), &got, types) // from who does not know the type
	fmt.Println(got, err)
	// Output:
	// [{"__type__": [0, "north"]}] <nil>
	// [north] <nil>
	// [south] <nil>
}

// An Array is what NumPy calls an ndarray of float64, in C order.
type Array struct {
	Shape []int
	Data  []float64
}

// ndarray is what travels for an Array.
type ndarray struct {
	DType string `msgpack:"dtype"`
	Shape []int  `msgpack:"shape"`
	Data  []byte `msgpack:"data"`
}

func RegisterArray(types *codec.Types) error {
	return codec.Register(types, Array.encode, decodeArray)
}

func (a Array) encode() (ndarray, error) {
	data := make([]byte, 0, 8*len(a.Data))
	for _, x := range a.Data {
		data = binary.LittleEndian.AppendUint64(data, math.Float64bits(x))
	}
	return ndarray{"<f8", a.Shape, data}, nil
}

func decodeArray(n ndarray) (Array, error) {
	if n.DType != "<f8" {
		return Array{}, fmt.Errorf("items of type %s, not <f8", n.DType)
	}
	items := 1
	for _, size := range n.Shape {
		if size < 0 || size > 0 && items > len(n.Data)/size {
			return Array{}, fmt.Errorf("shape %v does not fit %d bytes", n.Shape, len(n.Data))
		}
		items *= size
	}
	if len(n.Data) != 8*items {
		return Array{}, fmt.Errorf("shape %v does not fit %d bytes", n.Shape, len(n.Data))
	}
	a := Array{n.Shape, make([]float64, items)}
	for i := range a.Data {
		a.Data[i] = math.Float64frombits(binary.LittleEndian.Uint64(n.Data[8*i:]))
	}
	return a, nil
}

func ExampleRegister_array() {
	types := new(codec.Types)
	if err := RegisterArray(types); err != nil {
		panic(err)
	}
	sent := Array{Shape: []int{2, 3}, Data: []float64{1, 2, 3, 4, 5, 6}}
	b, err := msgpack.Codec{}.Append(nil, map[string]any{"flows": sent}, types)
	fmt.Println(len(b), "bytes", err)

	var got map[string]Array
	err = msgpack.Codec{}.Parse(b, &got, types)
	fmt.Println(got["flows"], err)

	_, err = decodeArray(ndarray{"<f8", []int{1 << 62, 4}, nil})
	fmt.Println(err)
	// Output:
	// 94 bytes <nil>
	// {[2 3] [1 2 3 4 5 6]} <nil>
	// shape [4611686018427387904 4] does not fit 0 bytes
}

func ExampleMap() {
	var m codec.Map
	err := json.Codec{}.Parse([]byte(`{"z": 1, "a": {"y": 2, "b": 3}}`), &m, nil)
	for _, entry := range m {
		fmt.Println(entry.Key, entry.Value)
	}
	fmt.Println(err)
	// Output:
	// z 1
	// a [{y 2} {b 3}]
	// <nil>
}

func ExampleMismatchError() {
	var bids []Bid
	err := json.Codec{}.Parse([]byte(`[{"plant": "wind"}, {"power": [1, "calm"]}]`), &bids, nil)
	var mismatch *codec.MismatchError
	if errors.As(err, &mismatch) {
		fmt.Println("at", mismatch.Path)
	}
	fmt.Println(err)
	// Output:
	// at [1].power[1]
	// [1].power[1]: string does not fit float64
}

func ExampleUnsupportedError() {
	_, err := json.Codec{}.Append(nil, map[string]any{"key": []byte{1, 2}}, nil)
	fmt.Println(err)
	// Output:
	// cannot encode []uint8 as json (at key): JSON carries no bytes
}
