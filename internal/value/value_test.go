package value_test

import (
	"encoding/hex"
	"errors"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/json"
	"github.com/gomas/gomas/codec/msgpack"
	"github.com/gomas/gomas/internal/pyrepr"
)

// The engine is tested through the formats that use it.
var codecs = []codec.Codec{json.Codec{}, msgpack.Codec{}}

// each runs test for every codec.
func each(t *testing.T, test func(*testing.T, codec.Codec)) {
	for _, c := range codecs {
		t.Run(c.Name(), func(t *testing.T) { test(t, c) })
	}
}

func encode(t *testing.T, c codec.Codec, v any, types *codec.Types) []byte {
	t.Helper()
	b, err := c.Append(nil, v, types)
	if err != nil {
		t.Fatalf("encode %#v: %v", v, err)
	}
	return b
}

// show makes b readable.
func show(c codec.Codec, b []byte) string {
	if c.Name() == "json" {
		return string(b)
	}
	return hex.EncodeToString(b)
}

type (
	list []any
	dict map[string]any
)

type level int8

func (l level) MarshalText() ([]byte, error) {
	if l < 0 {
		return nil, errors.New("below zero")
	}
	return []byte(strings.Repeat("*", int(l))), nil
}

func (l *level) UnmarshalText(text []byte) error {
	if strings.Trim(string(text), "*") != "" {
		return errors.New("not only stars")
	}
	*l = level(len(text))
	return nil
}

// ptrText has its methods on the pointer.
type ptrText struct{ s string }

func (p *ptrText) MarshalText() ([]byte, error) { return []byte("<" + p.s + ">"), nil }

func (p *ptrText) UnmarshalText(text []byte) error {
	p.s = strings.Trim(string(text), "<>")
	return nil
}

type node struct {
	Value int   `json:"value" msgpack:"value"`
	Next  *node `json:"next,omitempty" msgpack:"next,omitempty"`
}

// Embedded is exported, so that a pointer to it can be set.
type Embedded struct {
	Value int `json:"value" msgpack:"value"`
}

type color string

func pointer[T any](v T) *T { return &v }

func bigInt(s string) *big.Int {
	b, ok := new(big.Int).SetString(s, 10)
	if !ok {
		panic(s)
	}
	return b
}

// TestGoValuesTravelAsPlainValues encodes a Go value, compares what arrives
// in an any, and decodes it into a variable of its own type.
func TestGoValuesTravelAsPlainValues(t *testing.T) {
	when := time.Date(2010, 3, 27, 0, 0, 0, 789_000, time.FixedZone("", 3600))
	for name, test := range map[string]struct {
		v    any
		want any
	}{
		"nil pointer":            {(*int)(nil), nil},
		"nil slice":              {[]string(nil), nil},
		"nil map":                {map[string]bool(nil), nil},
		"bool":                   {true, true},
		"pointer to a bool":      {pointer(false), false},
		"int8":                   {int8(-128), int64(-128)},
		"int16":                  {int16(-129), int64(-129)},
		"int32":                  {int32(math.MinInt32), int64(math.MinInt32)},
		"int64":                  {int64(math.MinInt64), int64(math.MinInt64)},
		"int":                    {math.MaxInt, int64(math.MaxInt)},
		"uint8":                  {uint8(255), int64(255)},
		"uint16":                 {uint16(65535), int64(65535)},
		"uint32":                 {uint32(math.MaxUint32), int64(math.MaxUint32)},
		"uint64":                 {uint64(math.MaxUint64), uint64(math.MaxUint64)},
		"uint":                   {uint(7), int64(7)},
		"uintptr":                {uintptr(7), int64(7)},
		"float32":                {float32(0.1), float64(float32(0.1))},
		"float64":                {1.0, 1.0},
		"infinity":               {math.Inf(-1), math.Inf(-1)},
		"text":                   {"größer\x00\U0001F600", "größer\x00\U0001F600"},
		"kind of string":         {color("red"), "red"},
		"duration":               {1500 * time.Nanosecond, int64(1500)},
		"date":                   {when, "2010-03-27T00:00:00.000789+01:00"},
		"big integer that fits":  {*big.NewInt(-5), int64(-5)},
		"pointer to one":         {big.NewInt(5), int64(5)},
		"slice":                  {[]int16{1, -2}, []any{int64(1), int64(-2)}},
		"empty slice":            {[]level{}, []any{}},
		"slice of slices":        {[][]string{{"a"}, {}, nil}, []any{[]any{"a"}, []any{}, nil}},
		"array":                  {[2]bool{true, false}, []any{true, false}},
		"slice of any":           {[]any{nil, 1, "x", 2.5, []any{}}, []any{nil, int64(1), "x", 2.5, []any{}}},
		"map":                    {map[string]int{"b": 2, "a": 1}, map[string]any{"a": int64(1), "b": int64(2)}},
		"map of a named string":  {map[color]bool{"red": true}, map[string]any{"red": true}},
		"map of marshalers":      {map[level]int{2: 1}, map[string]any{"**": int64(1)}},
		"map of structs":         {map[netip.Addr]node{netip.MustParseAddr("::1"): {Value: 1}}, map[string]any{"::1": map[string]any{"value": int64(1)}}},
		"struct":                 {node{1, &node{2, nil}}, map[string]any{"value": int64(1), "next": map[string]any{"value": int64(2)}}},
		"pointer to pointers":    {pointer(pointer(pointer(3))), int64(3)},
		"text marshaler":         {level(3), "***"},
		"one of a pointer":       {ptrText{"x"}, "<x>"},
		"address":                {netip.MustParseAddr("10.0.0.1"), "10.0.0.1"},
		"slice of marshalers":    {[]ptrText{{"x"}, {"y"}}, []any{"<x>", "<y>"}},
		"struct without fields":  {struct{}{}, map[string]any{}},
		"pointers in a slice":    {[]*float64{nil, pointer(1.5)}, []any{nil, 1.5}},
		"a map of any":           {map[string]any{"x": 1, "y": map[string]any{}}, map[string]any{"x": int64(1), "y": map[string]any{}}},
		"a list of an own kind":  {list{1, dict{"a": nil}}, []any{int64(1), map[string]any{"a": nil}}},
		"floats":                 {[]float64{1, 0.5}, []any{1.0, 0.5}},
		"a deeply nested Go map": {map[string]map[string][]float32{"a": {"b": {1}}}, map[string]any{"a": map[string]any{"b": []any{1.0}}}},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, c codec.Codec) {
				b := encode(t, c, test.v, nil)
				var got any
				if err := c.Parse(b, &got, nil); err != nil {
					t.Fatal(err)
				}
				if !pyrepr.Equal(got, test.want) {
					t.Errorf("%s arrives as %#v, want %#v", show(c, b), got, test.want)
				}
				back := reflect.New(reflect.TypeOf(test.v))
				if err := c.Parse(b, back.Interface(), nil); err != nil {
					t.Fatal(err)
				}
				again := encode(t, c, back.Interface(), nil)
				if string(again) != string(b) {
					t.Errorf("%s comes back as %s", show(c, b), show(c, again))
				}
			})
		})
	}
}

// TestValuesFitGoVariables decodes a plain value into a variable.
func TestValuesFitGoVariables(t *testing.T) {
	type inner struct{ X, Y int }
	type outer struct {
		inner
		*Embedded
		Name string
		List []inner
		Skip int `json:"-" msgpack:"-"`
	}
	shared := &node{Value: 1}
	for name, test := range map[string]struct {
		v    any // sent
		into any // a pointer
		want any // what it then points to
	}{
		"an integer fits a float":                  {7, new(float64), 7.0},
		"a big integer fits a float":               {uint64(math.MaxUint64), new(float32), float32(math.MaxUint64)},
		"a float without fraction fits an integer": {3.0, new(int8), int8(3)},
		"and a large one an uint64":                {0x1p63, new(uint64), uint64(1 << 63)},
		"and a small one an int":                   {-0x1p40, new(int64), int64(-1 << 40)},
		"a float rounds to a float32":              {0.1, new(float32), float32(0.1)},
		"an infinity fits a float32":               {math.Inf(1), new(float32), float32(math.Inf(1))},
		"an integer fits a big.Int":                {-3, new(big.Int), *big.NewInt(-3)},
		"an integral float fits a big.Int":         {0x1p100, new(*big.Int), bigInt("1267650600228229401496703205376")},
		"nil empties a pointer":                    {nil, pointer(pointer(1)), (*int)(nil)},
		"nil empties a slice":                      {nil, &[]int{1}, []int(nil)},
		"nil empties a slice of pointers":          {nil, &[]*int{nil}, []*int(nil)},
		"nil empties bytes":                        {nil, &[]byte{1}, []byte(nil)},
		"nil empties a map":                        {nil, &map[int]int{1: 1}, map[int]int(nil)},
		"nil empties a map of any":                 {nil, &map[string]any{"a": 1}, map[string]any(nil)},
		"nil empties an any":                       {nil, pointer[any](1), nil},
		"nil empties an interface with methods":    {nil, pointer[error](errors.New("x")), error(nil)},
		"nil empties an ordered map":               {nil, &codec.Map{}, codec.Map(nil)},
		"a pointer that is set is used":            {map[string]any{"next": nil}, pointer(shared), &node{Value: 1}},
		"a pointer that is nil is made":            {5, new(**int), pointer(pointer(5))},
		"a map replaces a map":                     {map[string]int{"b": 2}, &map[string]int{"a": 1}, map[string]int{"b": 2}},
		"a list replaces a list":                   {[]int{1}, &[]int{7, 8, 9}, []int{1}},
		"items of a list begin empty":              {[]any{map[string]any{"Y": 1}}, &[]inner{{7, 7}}, []inner{{0, 1}}},
		"an empty list is no nil":                  {[]int{}, new([]int), []int{}},
		"an empty list of structs is no nil":       {[]int{}, new([]inner), []inner{}},
		"fields that are missing keep their value": {map[string]any{"X": 1}, &inner{7, 7}, inner{1, 7}},
		"embedded structs are flat":                {map[string]any{"X": 1, "Name": "n", "value": 3}, new(outer), outer{inner: inner{X: 1}, Embedded: &Embedded{Value: 3}, Name: "n"}},
		"unknown names are skipped":                {map[string]any{"x": []any{map[string]any{"X": 9}}, "X": 1, "Z": "x", "Skip": 5, "-": 5}, new(outer), outer{inner: inner{X: 1}}},
		"names match with their case":              {map[string]any{"NAME": "n", "name": "n"}, new(outer), outer{}},
		"a list of another kind":                   {[]any{map[string]any{"X": 1}, map[string]any{}}, new([]inner), []inner{{X: 1}, {}}},
		"text as a date":                           {"2010-03-27", new(time.Time), time.Date(2010, 3, 27, 0, 0, 0, 0, time.UTC)},
		"seconds as a date":                        {1269648000.25, new(time.Time), time.Date(2010, 3, 27, 0, 0, 0, 250e6, time.UTC)},
		"whole seconds as a date":                  {-1, new(time.Time), time.Date(1969, 12, 31, 23, 59, 59, 0, time.UTC)},
		"an ordered map holds ordered maps":        {map[string]any{"a": []any{map[string]any{"b": 1}}}, new(codec.Map), codec.Map{{Key: "a", Value: []any{codec.Map{{Key: "b", Value: int64(1)}}}}}},
		"an any in a struct is no ordered map": {map[string]any{"a": map[string]any{}}, new(struct {
			A any `json:"a" msgpack:"a"`
		}), struct {
			A any `json:"a" msgpack:"a"`
		}{map[string]any{}}},
		"a named empty interface": {1, new(interface{}), int64(1)},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, c codec.Codec) {
				// The variable is used once for each codec.
				into := reflect.New(reflect.TypeOf(test.into).Elem())
				into.Elem().Set(reflect.ValueOf(test.into).Elem())
				if err := c.Parse(encode(t, c, test.v, nil), into.Interface(), nil); err != nil {
					t.Fatal(err)
				}
				if got := into.Elem().Interface(); !reflect.DeepEqual(got, test.want) {
					t.Errorf("got %#v, want %#v", got, test.want)
				}
			})
		})
	}
}

func TestValuesThatDoNotFitNameThePlace(t *testing.T) {
	type price struct {
		Price float32 `json:"price" msgpack:"price"`
		Count uint8   `json:"count" msgpack:"count"`
	}
	type book struct {
		Orders []price                   `json:"orders" msgpack:"orders"`
		Grid   [2][]int                  `json:"grid" msgpack:"grid"`
		Table  map[string]map[string]int `json:"table" msgpack:"table"`
		Free   map[string]any            `json:"free" msgpack:"free"`
		Level  level                     `json:"level" msgpack:"level"`
	}
	ok := map[string]any{"price": 1.5}
	for name, test := range map[string]struct {
		v    any
		into any
		want string
	}{
		"text for an integer":                 {"x", new(int), "string does not fit int"},
		"nil for an integer":                  {nil, new(int), "nil does not fit int"},
		"nil for a struct":                    {nil, new(price), "nil does not fit value_test.price"},
		"nil for a date":                      {nil, new(time.Time), "nil does not fit time.Time"},
		"bool for a text":                     {true, new(string), "bool does not fit string"},
		"list for a map":                      {[]any{}, new(map[string]any), "list does not fit map[string]interface {}"},
		"list for an ordered map":             {[]any{}, new(codec.Map), "list does not fit codec.Map"},
		"map for a list":                      {dict{}, new([]string), "map does not fit []string"},
		"map for a text":                      {dict{}, new(color), "map does not fit value_test.color"},
		"list for a struct":                   {[]any{}, new(price), "list does not fit value_test.price"},
		"list for raws":                       {1, new([]codec.Raw), "integer 1 does not fit []codec.Raw"},
		"text for a map of raws":              {"", new(map[string]codec.Raw), "string does not fit map[string]codec.Raw"},
		"integer for bytes":                   {1, new([]byte), "integer 1 does not fit []uint8"},
		"text for bytes":                      {"x", new([]byte), "string does not fit []uint8"},
		"overflow":                            {300, new(int8), "integer 300 does not fit int8"},
		"negative for unsigned":               {-1, new(uint64), "integer -1 does not fit uint64"},
		"too large for int64":                 {uint64(1 << 63), new(int64), "integer 9223372036854775808 does not fit int64"},
		"too large for int32":                 {int64(1 << 31), new(int32), "integer 2147483648 does not fit int32"},
		"fraction for an integer":             {3.5, new(int), "float 3.5 does not fit int"},
		"large float for an int64":            {0x1p63, new(int64), "float 9.223372036854776e+18 does not fit int64"},
		"large float for an uint64":           {0x1p64, new(uint64), "float 1.8446744073709552e+19 does not fit uint64"},
		"NaN for an integer":                  {math.NaN(), new(int), "float NaN does not fit int"},
		"infinity for a big integer":          {math.Inf(1), new(big.Int), "float +Inf does not fit big.Int"},
		"large float for a float32":           {1e300, new(float32), "float 1e+300 does not fit float32"},
		"too few for an array":                {[]int{1}, new([2]int), "list of 1 items does not fit [2]int"},
		"too many for an array":               {[]int{1, 2, 3}, new([2]int), "list of 3 items does not fit [2]int"},
		"value for an interface":              {1, new(error), "integer 1 does not fit error"},
		"map for an interface":                {dict{}, new(error), "map does not fit error"},
		"value for a channel":                 {1, new(chan int), "integer 1 does not fit chan int"},
		"list for a function":                 {[]any{}, new(func()), "list does not fit func()"},
		"text for a complex number":           {"1i", new(complex128), "string does not fit complex128"},
		"text that is no date":                {"today", new(time.Time), "string does not fit time.Time: no date in ISO 8601"},
		"number that is no date":              {1e300, new(time.Time), "float 1e+300 does not fit time.Time"},
		"what the unmarshaler refuses":        {"+", new(level), "string does not fit value_test.level: not only stars"},
		"item":                                {[]any{1, "x"}, new([]int), "[1]: string does not fit int"},
		"item of items":                       {[]any{[]any{}, []any{1, nil}}, new([][]float64), "[1][1]: nil does not fit float64"},
		"field of an item":                    {map[string]any{"orders": []any{ok, ok, ok, map[string]any{"price": "1"}}}, new(book), "orders[3].price: string does not fit float32"},
		"overflow in a field":                 {map[string]any{"orders": []any{map[string]any{"count": 256}}}, new(*book), "orders[0].count: integer 256 does not fit uint8"},
		"array in a field":                    {map[string]any{"grid": []any{[]any{1}, []any{1, 2, 2.5}}}, new(book), "grid[1][2]: float 2.5 does not fit int"},
		"length of an array":                  {map[string]any{"grid": []any{}}, new(book), "grid: list of 0 items does not fit [2][]int"},
		"value in a map":                      {map[string]any{"table": map[string]any{"a": map[string]any{"b": false}}}, new(book), "table.a.b: bool does not fit int"},
		"map of any":                          {map[string]any{"free": 1}, new(book), "free: integer 1 does not fit map[string]interface {}"},
		"marshaler in a field":                {map[string]any{"level": "_"}, new(book), "level: string does not fit value_test.level: not only stars"},
		"long keys are cut":                   {map[string]any{strings.Repeat("k", 100): 1}, new(map[string]string), strings.Repeat("k", 64) + "…: integer 1 does not fit string"},
		"key for a number":                    {map[string]any{"x": 1}, new(map[int]int), `key "x" does not fit int`},
		"key for an unmarshaler":              {map[string]any{"x": 1}, new(map[level]int), "key does not fit value_test.level: not only stars"},
		"embedded pointer that cannot be set": {map[string]any{"value": 1}, new(struct{ *node }), "value: field of an embedded pointer that cannot be set does not fit struct { *value_test.node }"},
		"no pointer":                          {1, 1, "value does not fit a destination that is no pointer"},
		"nil pointer":                         {1, (*node)(nil), "value does not fit a destination that is no pointer"},
		"nothing":                             {1, nil, "value does not fit a destination that is no pointer"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, c codec.Codec) {
				err := c.Parse(encode(t, c, test.v, nil), test.into, nil)
				var mismatch *codec.MismatchError
				if !errors.As(err, &mismatch) || err.Error() != test.want {
					t.Errorf("error is %v (%T), want %s", err, err, test.want)
				}
			})
		})
	}
}

func TestWhatCannotBeSentNamesThePlace(t *testing.T) {
	type loop struct {
		Self *loop
		Any  any
	}
	ring := &loop{}
	ring.Self = ring
	var self any
	self = &self
	table := map[string]any{}
	table["a"] = []any{table}
	type endless *endless
	deep := any(1)
	for range codec.MaxDepth + 1 {
		deep = []any{deep}
	}
	for name, test := range map[string]struct {
		v    any
		want string // of the error: its end, after the codec's name
	}{
		"channel":                      {make(chan int), ""},
		"function":                     {func() {}, ""},
		"complex number":               {1i, ""},
		"a type that points to itself": {endless(nil), ""},
		"channel in a list":            {[]any{1, make(chan int)}, " (at [1])"},
		"function in a field":          {struct{ F func() }{}, " (at F)"},
		"channel in a map":             {map[string]any{"a": map[int]any{5: make(chan int)}}, " (at a.5)"},
		"channel in an ordered map":    {codec.Map{{Key: 1, Value: 1}, {Key: "x", Value: make(chan int)}}, " (at x)"},
		"structs for keys":             {map[[1]int]int{{1}: 1}, ": a key of type [1]int"},
		"slices for keys":              {codec.Map{{Key: []string{}, Value: 1}}, ": a key of type []string"},
		"reserved key":                 {map[string]any{"a": 1, "__type__": 1}, ": the key __type__ is reserved for custom types"},
		"reserved key, typed":          {[]map[color]int{{"__type__": 1}}, " (at [0]): the key __type__ is reserved for custom types"},
		"reserved key, ordered":        {codec.Map{{Key: "__type__", Value: 1}}, ": the key __type__ is reserved for custom types"},
		"reserved field": {struct {
			T int `json:"__type__" msgpack:"__type__"`
		}{}, ": the key __type__ is reserved for custom types"},
		"what a marshaler refuses": {map[string]level{"x": -1}, " (at x): below zero"},
		"a key that one refuses":   {map[level]int{-1: 1}, ": below zero"},
		"year before Christ":       {time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC), ": year -1 is outside 1 to 9999"},
		"cycle of pointers":        {ring, "nested more than 1000 deep, or within itself"},
		"cycle of interfaces":      {self, "an interface that holds itself"},
		"cycle of maps":            {table, "nested more than 1000 deep, or within itself"},
		"depth":                    {deep, "nested more than 1000 deep, or within itself"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, c codec.Codec) {
				_, err := c.Append(nil, test.v, nil)
				var unsupported *codec.UnsupportedError
				if !errors.As(err, &unsupported) || unsupported.Codec != c.Name() || !strings.HasSuffix(err.Error(), test.want) ||
					test.want != "" && test.want[0] != 'n' && test.want[0] != 'a' && !strings.HasSuffix(err.Error(), " as "+c.Name()+test.want) {
					t.Errorf("error is %.300v (%T), want …%s", err, err, test.want)
				}
			})
		})
	}
}

func TestNestingUpToTheLimitTravels(t *testing.T) {
	each(t, func(t *testing.T, c codec.Codec) {
		deep := any(int64(1))
		for i := range codec.MaxDepth {
			if i%2 == 0 {
				deep = []any{deep}
			} else {
				deep = map[string]any{"": deep}
			}
		}
		b := encode(t, c, deep, nil)
		var got any
		if err := c.Parse(b, &got, nil); err != nil || !pyrepr.Equal(got, deep) {
			t.Error("not the same:", err)
		}
		var raw codec.Raw
		if err := c.Parse(b, &raw, nil); err != nil || string(raw) != string(b) {
			t.Error("raw is not the same:", err)
		}
		var chain *node
		for range codec.MaxDepth {
			chain = &node{Next: chain}
		}
		var back *node
		if err := c.Parse(encode(t, c, chain, nil), &back, nil); err != nil || !reflect.DeepEqual(back, chain) {
			t.Error("chain is not the same:", err)
		}
	})
}
