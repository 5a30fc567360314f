package gomastest

import (
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// record is a struct with a field of each sort.
type record struct {
	Bool   bool
	Int    int8
	Uint   uint32
	Float  float32
	Text   string
	When   time.Time
	List   []int64
	Array  [2]bool
	Table  map[string]float64
	Nested *record
	Loose  any
	Part
}

// Part is embedded in a record.
type Part struct{ Extra string }

func newRecord() record {
	return record{
		Bool: true, Int: -128, Uint: math.MaxUint32, Float: 0.1, Text: "größer", When: time.Date(2010, 3, 27, 12, 30, 0, 789_000, time.UTC),
		List: []int64{math.MinInt64, math.MaxInt64}, Array: [2]bool{true, false}, Table: map[string]float64{"": 1, "b": -0.5},
		Nested: &record{List: []int64{}, Table: map[string]float64{}, Loose: "x"}, Part: Part{"promoted"},
	}
}

// value is something to send.
type value struct {
	name  string
	v     any
	loose any // what it is in an any; the value itself if it is nil and v is not
}

// values returns what the codec must be able to send. All are written and read
// alike, also where they are equal.
func (s suite) values() []value {
	values := []value{
		{"nil", nil, nil},
		{"true", true, nil},
		{"false", false, nil},
		{"a duration", 1500 * time.Nanosecond, int64(1500)},
		{"a date", time.Date(2010, 3, 27, 12, 30, 0, 0, time.UTC), skipLoose},
		{"an empty list", []any{}, nil},
		{"a list of anything", []any{nil, true, int64(-1), "x", 0.5, []any{}, map[string]any{}}, nil},
		{"a list of integers", []int{1, -2, math.MaxInt32}, []any{int64(1), int64(-2), int64(math.MaxInt32)}},
		{"a list of floats", []float64{1, 0.5, -1e300}, []any{1.0, 0.5, -1e300}},
		{"a list of texts", []string{"", "a", "\x00"}, []any{"", "a", "\x00"}},
		{"a list of lists", [][]uint16{{1}, {}, {65535}}, []any{[]any{int64(1)}, []any{}, []any{int64(65535)}}},
		{"an array", [3]int16{1, 2, -3}, []any{int64(1), int64(2), int64(-3)}},
		{"an empty map", map[string]any{}, nil},
		{"a map of anything", map[string]any{"": nil, "a": int64(1), "b": map[string]any{"c": []any{"d"}}}, nil},
		{"a typed map", map[string]int{"a": 1, "b": 2}, map[string]any{"a": int64(1), "b": int64(2)}},
		{"a map with a long key", map[string]any{strings.Repeat("k", 300): true}, nil},
		{"a struct", Part{"x"}, map[string]any{"Extra": "x"}},
		{"a list of structs", []Part{{"x"}, {""}}, []any{map[string]any{"Extra": "x"}, map[string]any{"Extra": ""}}},
		{"a struct of many fields", newRecord(), skipLoose},
	}
	for _, i := range []int64{
		0, 1, -1, 23, 24, 31, 32, -32, -33, 127, 128, -128, -129, 255, 256, 32767, 32768, -32768, -32769, 65535, 65536,
		math.MaxInt32, math.MaxInt32 + 1, math.MinInt32, math.MinInt32 - 1, math.MaxUint32, 1 << 32, 1 << 53, 1<<53 + 1, math.MaxInt64, math.MinInt64,
	} {
		values = append(values, value{fmt.Sprint("the integer ", i), i, nil})
	}
	values = append(values,
		value{"the largest uint64", uint64(math.MaxUint64), nil},
		value{"the first beyond int64", uint64(1 << 63), nil},
		value{"the smallest int8", int8(math.MinInt8), int64(math.MinInt8)},
		value{"the largest uint8", uint8(math.MaxUint8), int64(math.MaxUint8)},
	)
	for _, f := range []float64{0, math.Copysign(0, -1), 1, -1, 0.1, 1e15, 1e16, 1e17, 1e-4, 1e-5, 1e22, 1 << 53, math.Pi, math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64} {
		values = append(values, value{fmt.Sprint("the float ", f), f, nil})
	}
	for _, text := range []string{
		"", "a", "größer", "\x00", "\x1f\x7f", `"`, `\`, `\u0041`, "\n\r\t\b\f", "/", "\u2028\u2029", "\uFFFD", "\uFFFF", "\U0001F600", "\U0010FFFF", "null", "1",
		strings.Repeat("x", 31), strings.Repeat("x", 32), strings.Repeat("ä", 128), strings.Repeat("x", 256), strings.Repeat("\"\\", 40_000),
	} {
		values = append(values, value{fmt.Sprintf("the text %.20q of %d bytes", text, len(text)), text, nil})
	}
	for _, n := range []int{15, 16, 255, 256, 65_535, 65_536} {
		list := make([]any, n)
		table := make(map[string]any, n)
		for i := range n {
			list[i] = i%2 == 0
			table[fmt.Sprint(i)] = true
		}
		values = append(values, value{fmt.Sprint("a list of ", n), list, nil})
		if n%2 == 0 { // enough of them, large maps take their time
			values = append(values, value{fmt.Sprint("a map of ", n), table, nil})
		}
	}
	if s.lacks.TextKeys {
		values = append(values, value{"a map of integers", map[int]string{1: "a", -2: "b"}, map[string]any{"1": "a", "-2": "b"}})
	} else {
		values = append(values, value{"a map of integers", map[int]string{1: "a", -2: "b"}, map[any]any{int64(1): "a", int64(-2): "b"}})
	}
	if !s.lacks.NoNaN {
		values = append(values, value{"NaN", math.NaN(), nil}, value{"infinity", math.Inf(1), nil}, value{"negative infinity", math.Inf(-1), nil})
	}
	if !s.lacks.NoBig {
		large := new(big.Int).Lsh(big.NewInt(-1), 100)
		values = append(values, value{"an integer of 100 bits", large, nil})
	}
	if !s.lacks.NoBytes {
		values = append(values,
			value{"no bytes", []byte{}, nil},
			value{"all bytes", allBytes(), nil},
			value{"many bytes", make([]byte, 70_000), nil},
			value{"a struct of bytes", struct{ B []byte }{[]byte("\xff\x00")}, map[string]any{"B": []byte("\xff\x00")}},
		)
	}
	return values
}

// skipLoose says that what a value is in an any is not said here: too much, or left to the format.
var skipLoose = new(int)

func allBytes() []byte {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

func (s suite) valuesComeBack(t *testing.T) {
	for _, test := range s.values() {
		b, err := s.c.Append(nil, test.v, nil)
		if err != nil {
			t.Errorf("%s is refused: %v", test.name, err)
			continue
		}
		want := test.loose
		if want == nil {
			want = test.v
		}
		var got any
		switch err := s.c.Parse(b, &got, nil); {
		case err != nil:
			t.Errorf("%s, into an any: %v", test.name, err)
		case want == any(skipLoose):
		case !same(got, s.inAny(want)):
			t.Errorf("%s is %.200v (%T) in an any, want %.200v (%T)", test.name, got, got, s.inAny(want), s.inAny(want))
		}
		if test.v == nil {
			continue
		}
		back := reflect.New(reflect.TypeOf(test.v))
		if err := s.c.Parse(b, back.Interface(), nil); err != nil || !same(back.Elem().Interface(), s.inAny(test.v)) && !same(back.Elem().Interface(), test.v) {
			t.Errorf("%s comes back as %.200v, %v, want %.200v", test.name, back.Elem(), err, test.v)
		}
	}
	var f float64
	if err := s.c.Parse(s.encode(t, 3, nil), &f, nil); err != nil || f != 3 {
		t.Errorf("the integer 3 is %v, %v in a float64", f, err)
	}
	var text string
	if b, err := s.c.Append(nil, "a\xffb", nil); err == nil {
		if err := s.c.Parse(b, &text, nil); err != nil || !utf8.ValidString(text) {
			t.Errorf("text that is no UTF-8 arrives as %q, %v", text, err)
		}
	} else if !isUnsupported(err) {
		t.Errorf("text that is no UTF-8: error is %v (%T)", err, err)
	}
}

func (s suite) unsupported(t *testing.T) {
	ring := map[string]any{}
	ring["ring"] = []any{ring}
	loop := &struct{ Next any }{}
	loop.Next = loop
	values := map[string]any{
		"a channel":                make(chan int),
		"a function":               func() {},
		"a complex number":         1i,
		"a channel in a list":      []any{1, make(chan int)},
		"a channel in a struct":    struct{ C chan int }{make(chan int)},
		"a map that holds itself":  ring,
		"a pointer that does":      loop,
		"a map with keys of lists": map[[1]int]int{{1}: 1},
	}
	if s.lacks.NoBig {
		values["an integer of 100 bits"] = new(big.Int).Lsh(big.NewInt(1), 100)
	}
	if s.lacks.NoNaN {
		values["NaN"] = math.NaN()
		values["an infinity in a list"] = []float64{math.Inf(1)}
	}
	for name, v := range values {
		if b, err := s.c.Append(nil, v, nil); !isUnsupported(err) {
			t.Errorf("%s is %.100q, error is %v (%T)", name, b, err, err)
		}
	}
	if s.lacks.NoBytes {
		var back []byte
		b, err := s.c.Append(nil, []byte{0, 255}, nil)
		if err == nil {
			err = s.c.Parse(b, &back, nil)
		}
		if !isUnsupported(err) && string(back) != "\x00\xff" {
			t.Errorf("bytes come back as %q, %v", back, err)
		}
	}
}

func (s suite) mismatches(t *testing.T) {
	for name, test := range map[string]struct{ v, into any }{
		"a text for an integer":         {"1", new(int)},
		"an integer for a text":         {1, new(string)},
		"a bool for an integer":         {true, new(int)},
		"an integer for a bool":         {1, new(bool)},
		"a text for a float":            {"x", new(float64)},
		"300 for an int8":               {300, new(int8)},
		"-1 for a uint":                 {-1, new(uint)},
		"2^63 for an int64":             {uint64(1 << 63), new(int64)},
		"a fraction for an integer":     {1.5, new(int)},
		"a list for a map":              {[]int{1}, new(map[string]int)},
		"a map for a list":              {map[string]int{"a": 1}, new([]int)},
		"a list for a struct":           {[]int{1}, new(record)},
		"a text for a struct":           {"x", new(record)},
		"a text in a list of integers":  {[]any{1, "x"}, new([]int)},
		"a text in a map of integers":   {map[string]any{"a": "x"}, new(map[string]int)},
		"a text in a field of integers": {map[string]any{"Int": "x"}, new(record)},
		"a list in a nested struct":     {map[string]any{"Nested": map[string]any{"Nested": []int{1}}}, new(record)},
	} {
		if err := s.c.Parse(s.encode(t, test.v, nil), test.into, nil); !isMismatch(err) {
			t.Errorf("%s: error is %v (%T)", name, err, err)
		}
	}
}

func (s suite) unknownFields(t *testing.T) {
	b := s.encode(t, map[string]any{"A": []any{1, map[string]any{"x": "y"}}, "Extra": "x", "Z": nil}, nil)
	var got Part
	if err := s.c.Parse(b, &got, nil); err != nil || got != (Part{"x"}) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func (s suite) pointers(t *testing.T) {
	x, none := 5, (*int)(nil)
	p := &x
	for name, test := range map[string]struct{ v, want any }{
		"a pointer":                    {p, int64(5)},
		"a pointer to a pointer":       {&p, int64(5)},
		"a nil pointer":                {none, nil},
		"pointers in a list":           {[]*int{p, none}, []any{int64(5), nil}},
		"a pointer to an any":          {new(any(p)), int64(5)},
		"a pointer to a map":           {&map[string]*int{"a": p}, map[string]any{"a": int64(5)}},
		"a pointer to a nil slice":     {new([]int), nil},
		"a pointer to a struct of one": {&struct{ P *int }{p}, map[string]any{"P": int64(5)}},
	} {
		if got := s.loose(t, s.encode(t, test.v, nil), nil); !same(got, s.inAny(test.want)) {
			t.Errorf("%s is %#v, want %#v", name, got, test.want)
		}
	}
	var back **int
	if err := s.c.Parse(s.encode(t, 5, nil), &back, nil); err != nil || back == nil || *back == nil || **back != 5 {
		t.Errorf("an integer for a pointer: %v, %v", back, err)
	}
	if err := s.c.Parse(s.encode(t, nil, nil), &back, nil); err != nil || back != nil {
		t.Errorf("nil for a pointer: %v, %v", back, err)
	}
	list, table := []int{1}, map[string]any{"a": 1}
	for _, into := range []any{&list, &table} {
		if err := s.c.Parse(s.encode(t, nil, nil), into, nil); err != nil || !reflect.ValueOf(into).Elem().IsNil() {
			t.Errorf("nil for a %T: %v, %v", into, into, err)
		}
	}
}
