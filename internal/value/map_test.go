package value_test

import (
	"encoding/hex"
	"errors"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/json"
	"github.com/gomas/gomas/codec/msgpack"
)

func TestMapsAreSentInTheOrderOfTheirKeys(t *testing.T) {
	for _, test := range []struct {
		m             any
		json, msgpack string
	}{
		{map[string]any{"z": 1, "a": 2, "": 3}, `{"": 3, "a": 2, "z": 1}`, "83a003a16102a17a01"},
		{map[int8]bool{-1: true, 10: false, 9: true}, `{"-1": true, "9": true, "10": false}`, "83ffc309c30ac2"},
		{map[uint16]int{300: 1, 2: 2}, `{"2": 2, "300": 1}`, "8202 02cd012c01"},
		{map[bool]int{true: 1, false: 0}, `{"false": 0, "true": 1}`, "82c200c301"},
		{map[float64]int{1: 1, 1e16: 2, -0.5: 3}, `{"-0.5": 3, "1.0": 1, "1e+16": 2}`, "83cbbfe000000000000003cb3ff000000000000001cb4341c37937e0800002"},
		{map[level]int{2: 2, 1: 1}, `{"*": 1, "**": 2}`, "82a12a01a22a2a02"},
		{map[any]int{nil: 0, true: 1, 5: 2, "a": 3, 1.5: 4}, `{"null": 0, "true": 1, "5": 2, "1.5": 4, "a": 3}`, "85c000c3010502cb3ff800000000000004a16103"},
		{codec.Map{{Key: "z", Value: 1}, {Key: 2, Value: nil}, {Key: "a", Value: []int{}}, {Key: nil, Value: 0}, {Key: math.Inf(1), Value: 1}}, `{"z": 1, "2": null, "a": [], "null": 0, "Infinity": 1}`, "85a17a0102c0a16190c000cb7ff000000000000001"},
	} {
		if b := encode(t, json.Codec{}, test.m, nil); string(b) != test.json {
			t.Errorf("%v is %s, want %s", test.m, b, test.json)
		}
		want, _ := hex.DecodeString(compact(test.msgpack))
		if b := encode(t, msgpack.Codec{}, test.m, nil); string(b) != string(want) {
			t.Errorf("%v is %x, want %s", test.m, b, test.msgpack)
		}
	}
}

func compact(hex string) (s string) {
	for _, c := range hex {
		if c != ' ' {
			s += string(c)
		}
	}
	return s
}

func TestMapsComeBackWithTheirKeys(t *testing.T) {
	for _, m := range []any{
		map[string]int{"": 1, "a": 2},
		map[color]float64{"red": 1},
		map[int]string{math.MinInt: "a", 5: "b"},
		map[int8]string{-128: "a"},
		map[uint64]string{math.MaxUint64: "a"},
		map[uint8]struct{}{255: {}},
		map[bool]*int{true: nil, false: pointer(1)},
		map[float64]int{-0.5: 1, 1e300: 2, math.Inf(-1): 3},
		map[float32]int{0.1: 1},
		map[level][]int{3: {1}},
		map[time.Duration]map[string]bool{time.Second: {"x": true}},
		map[time.Time]int{time.Date(2010, 3, 27, 0, 0, 0, 0, time.UTC): 1},
	} {
		each(t, func(t *testing.T, c codec.Codec) {
			b := encode(t, c, m, nil)
			got := reflect.New(reflect.TypeOf(m))
			if err := c.Parse(b, got.Interface(), nil); err != nil || !reflect.DeepEqual(got.Elem().Interface(), m) {
				t.Errorf("%s is %v, %v, want %v", show(c, b), got.Elem(), err, m)
			}
		})
	}
}

func TestMsgPackKeepsKeysThatAreNoText(t *testing.T) {
	c := msgpack.Codec{}
	sent := codec.Map{{Key: "a", Value: 1}, {Key: int64(5), Value: codec.Map{{Key: nil, Value: "x"}}}, {Key: nil, Value: 2}, {Key: true, Value: 3}, {Key: 1.5, Value: 4}, {Key: uint64(math.MaxUint64), Value: 5}}
	want := map[any]any{"a": int64(1), int64(5): map[any]any{nil: "x"}, nil: int64(2), true: int64(3), 1.5: int64(4), uint64(math.MaxUint64): int64(5)}
	b := encode(t, c, sent, nil)
	var got any
	if err := c.Parse(b, &got, nil); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("any is %#v, %v, want %#v", got, err, want)
	}
	var typed map[any]any
	if err := c.Parse(b, &typed, nil); err != nil || !reflect.DeepEqual(typed, want) {
		t.Errorf("map[any]any is %#v, %v, want %#v", typed, err, want)
	}
	sent = append(sent, codec.Entry{Key: []byte{1}, Value: int64(6)}, codec.Entry{Key: "\x01", Value: int64(7)})
	b = encode(t, c, sent, nil)
	var ordered codec.Map
	if err := c.Parse(b, &ordered, nil); err != nil || string(encode(t, c, ordered, nil)) != string(b) {
		t.Errorf("ordered map is %#v, %v", ordered, err)
	}
	var fields struct {
		A int `msgpack:"a"`
	}
	if err := c.Parse(b, &fields, nil); err != nil || fields.A != 1 {
		t.Errorf("struct is %v, %v", fields, err)
	}
}

func TestMsgPackKeysThatDoNotFit(t *testing.T) {
	c := msgpack.Codec{}
	for name, test := range map[string]struct {
		sent any
		into any
		want string
	}{
		"integer for a text":        {map[int]int{1: 1}, new(map[string]int), "key that is no text does not fit map[string]int"},
		"integer for any text":      {map[int]int{1: 1}, new(map[string]any), "key that is no text does not fit map[string]interface {}"},
		"integer for a raw map":     {map[int]int{1: 1}, new(map[string]codec.Raw), "key that is no text does not fit map[string]codec.Raw"},
		"text for an integer":       {map[string]int{"1": 1}, new(map[int]int), `key "1" does not fit int`},
		"large integer":             {map[int]int{300: 1}, new(map[uint8]int), "integer 300 does not fit uint8"},
		"nil for a bool":            {map[any]int{nil: 1}, new(map[bool]int), "nil does not fit bool"},
		"bytes for any":             {codec.Map{{Key: []byte{1, 2}, Value: 1}}, new(any), "key of 2 bytes does not fit interface {}"},
		"bytes for any, typed":      {codec.Map{{Key: []byte{1, 2}, Value: 1}}, new(map[any]int), "key of 2 bytes does not fit map[interface {}]int"},
		"value under an integer":    {map[int]string{5: "x"}, new(map[int]bool), "5: string does not fit bool"},
		"value under mixed keys":    {map[any]any{"a": 1, 5: "x"}, new(map[any]int), "5: string does not fit int"},
		"text where a struct is":    {map[string]int{"a": 1}, new(map[struct{ X any }]int), `key "a" does not fit struct { X interface {} }`},
		"list where a struct is":    {codec.Raw("\x81\x91\x01\x01"), new(map[struct{ X any }]int), `key that is a list does not fit map[struct { X interface {} }]int`},
		"list for any":              {codec.Raw("\x81\x91\x01\x01"), new(any), `key that is a list does not fit interface {}`},
		"map for any":               {codec.Raw("\x81\x81\x01\x01\x01"), new(codec.Map), `key that is a map does not fit interface {}`},
		"map under an unmarshaler":  {codec.Raw("\x81\x81\x01\x01\x01"), new(map[level]int), `key that is a map does not fit map[value_test.level]int`},
		"number for an unmarshaler": {codec.Raw("\x81\x01\x01"), new(map[level]int), `integer 1 does not fit value_test.level`},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.Parse(encode(t, c, test.sent, nil), test.into, nil)
			var mismatch *codec.MismatchError
			if !errors.As(err, &mismatch) || err.Error() != test.want {
				t.Errorf("error is %v (%T), want %s", err, err, test.want)
			}
		})
	}
}

func TestJSONKeysAreParsedStrictly(t *testing.T) {
	for text, into := range map[string]any{
		`{"x": 1}`:    new(map[int]int),
		`{"1.0": 1}`:  new(map[int]int),
		`{"300": 1}`:  new(map[uint8]int),
		`{"-1": 1}`:   new(map[uint]int),
		`{"": 1}`:     new(map[int]int),
		`{"True": 1}`: new(map[bool]int),
		`{"x": 2}`:    new(map[float64]int),
		`{"a": 1}`:    new(map[struct{ X any }]int),
	} {
		var mismatch *codec.MismatchError
		if err := (json.Codec{}).Parse([]byte(text), into, nil); !errors.As(err, &mismatch) {
			t.Errorf("%s for a %T: error is %v", text, into, err)
		}
	}
}

func TestTheLastOfEqualKeysWins(t *testing.T) {
	type fields struct {
		A []int
		B *node
	}
	sent := codec.Map{{Key: "A", Value: []int{1, 2, 3}}, {Key: "B", Value: codec.Map{{Key: "value", Value: 1}}}, {Key: "C", Value: 0}, {Key: "A", Value: []int{4}}, {Key: "B", Value: codec.Map{{Key: "next", Value: codec.Map{}}}}}
	each(t, func(t *testing.T, c codec.Codec) {
		b := encode(t, c, sent, nil)
		for _, want := range []any{
			fields{[]int{4}, &node{0, &node{}}},
			map[string]any{"A": []any{int64(4)}, "B": map[string]any{"next": map[string]any{}}, "C": int64(0)},
			codec.Map{{Key: "A", Value: []any{int64(4)}}, {Key: "B", Value: codec.Map{{Key: "next", Value: codec.Map{}}}}, {Key: "C", Value: int64(0)}},
		} {
			got := reflect.New(reflect.TypeOf(want))
			if err := c.Parse(b, got.Interface(), nil); err != nil || !reflect.DeepEqual(got.Elem().Interface(), want) {
				t.Errorf("%s is %#v, %v, want %#v", show(c, b), got.Elem(), err, want)
			}
		}
	})
}

func TestGetFindsKeysThatAreText(t *testing.T) {
	m := codec.Map{{Key: 1, Value: "one"}, {Key: []byte("a"), Value: "bytes"}, {Key: "a", Value: "text"}}
	if v, ok := m.Get("a"); v != "text" || !ok {
		t.Errorf("a is %v, %v", v, ok)
	}
	if v, ok := m.Get("b"); v != nil || ok {
		t.Errorf("b is %v, %v", v, ok)
	}
}
