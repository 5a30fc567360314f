package json_test

import (
	stdjson "encoding/json"
	"errors"
	"math"
	"math/big"
	"net"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/json"
	"github.com/gomas/gomas/internal/pyrepr"
)

func bigInt(s string) *big.Int {
	b, ok := new(big.Int).SetString(s, 10)
	if !ok {
		panic(s)
	}
	return b
}

var negativeZero = math.Copysign(0, -1)

func TestValuesAreWrittenAsPythonWritesThem(t *testing.T) {
	for want, v := range map[string]any{
		"null":                             nil,
		"true":                             true,
		"false":                            false,
		"0":                                0,
		"-9223372036854775808":             int64(math.MinInt64),
		"18446744073709551615":             uint64(math.MaxUint64),
		"1267650600228229401496703205376":  bigInt("1267650600228229401496703205376"),
		"-1267650600228229401496703205376": bigInt("-1267650600228229401496703205376"),
		"0.0":                              0.0,
		"-0.0":                             negativeZero,
		"1.0":                              1.0,
		"3.5":                              float32(3.5),
		"0.1":                              0.1,
		"0.10000000149011612":              float32(0.1),
		"0.0001":                           0.0001,
		"1e-05":                            0.00001,
		"1.5e-05":                          0.000015,
		"123456789.12345679":               123456789.12345679,
		"1000000000000000.0":               1e15,
		"9999999999999998.0":               9999999999999998.0,
		"1e+16":                            1e16,
		"-1.2345e+16":                      -1.2345e16,
		"1e+21":                            1e21,
		"1e+22":                            1e22,
		"5e-324":                           math.SmallestNonzeroFloat64,
		"1.7976931348623157e+308":          math.MaxFloat64,
		"NaN":                              math.NaN(),
		"Infinity":                         math.Inf(1),
		"-Infinity":                        float32(math.Inf(-1)),
		`""`:                               "",
		`"äöü ß € 日本 😀"`:                   "äöü ß € 日本 😀",
		`"\"q\" \\ / \u0000 \u001f` + " \x7f \u2028 <&>\"": "\"q\" \\ / \x00 \x1f \x7f \u2028 <&>",
		`"\n\r\t\b\f"`:                      "\n\r\t\b\f",
		"\"a\uFFFDb\uFFFD\\n\uFFFD\"":       "a\xffb\xc3\n\xed\xa0\x80",
		`[]`:                                []any{},
		`[1, [2], {}]`:                      []any{1, []int{2}, map[string]any{}},
		`{"a": {"b": null}}`:                map[string]any{"a": map[string]any{"b": nil}},
		`[null, NaN, 1.0]`:                  []any{[]byte(nil), math.NaN(), 1.0},
		`{"null": [], "true": 0, "1": 1.5}`: map[any]any{nil: []string{}, true: 0, 1: 1.5},
		`"2010-03-27T00:00:00+00:00"`:       time.Date(2010, 3, 27, 0, 0, 0, 0, time.UTC),
		`[1, "raw"]`:                        codec.Raw(`[1, "raw"]`),
		`[null, 2]`:                         []codec.Raw{nil, codec.Raw("2")},
	} {
		got, err := json.Codec{}.Append([]byte("dst:"), v, nil)
		if err != nil || string(got) != "dst:"+want {
			t.Errorf("%v is %s, %v, want %s", v, got, err, want)
		}
	}
}

func TestValuesAreReadAsPythonReadsThem(t *testing.T) {
	for text, want := range map[string]any{
		"null":                                   nil,
		" \t\r\n true \t\r\n ":                   true,
		"false":                                  false,
		"0":                                      int64(0),
		"-0":                                     int64(0),
		"-1":                                     int64(-1),
		"9223372036854775807":                    int64(math.MaxInt64),
		"-9223372036854775808":                   int64(math.MinInt64),
		"-9223372036854775807":                   int64(-math.MaxInt64),
		"9223372036854775808":                    uint64(1 << 63),
		"-9223372036854775809":                   bigInt("-9223372036854775809"),
		"9999999999999999999":                    uint64(9999999999999999999),
		"10000000000000000000":                   uint64(10000000000000000000),
		"18446744073709551615":                   uint64(math.MaxUint64),
		"18446744073709551616":                   bigInt("18446744073709551616"),
		"999999999999999999":                     int64(999999999999999999),
		"1267650600228229401496703205376":        bigInt("1267650600228229401496703205376"),
		strings.Repeat("9", 4300):                bigInt(strings.Repeat("9", 4300)),
		"0.0":                                    0.0,
		"-0.0":                                   negativeZero,
		"1.0":                                    1.0,
		"1e5":                                    1e5,
		"1E5":                                    1e5,
		"1e+05":                                  1e5,
		"1.5E-7":                                 1.5e-7,
		"0e0":                                    0.0,
		"-0e5":                                   negativeZero,
		"1e23":                                   1e23,
		"1e22":                                   1e22,
		"123e22":                                 123e22,
		"0.1":                                    0.1,
		"0.3":                                    0.3,
		"123456789.12345679":                     123456789.12345679,
		"9007199254740993.0":                     9007199254740992.0,
		"9007199254740993e0":                     9007199254740992.0,
		"18446744073709551616.5":                 18446744073709551616.0,
		"0.000000000000000000000000000000000001": 1e-36,
		"2.2250738585072011e-308":                2.2250738585072011e-308,
		"5e-324":                                 5e-324,
		"1e-400":                                 0.0,
		"1e400":                                  math.Inf(1),
		"-1e400":                                 math.Inf(-1),
		"1e99999999999999999999":                 math.Inf(1),
		"1e-99999999999999999999":                0.0,
		"0." + strings.Repeat("3", 400):          1.0 / 3,
		"NaN":                                    math.NaN(),
		"Infinity":                               math.Inf(1),
		"-Infinity":                              math.Inf(-1),
		"[NaN, -Infinity]":                       []any{math.NaN(), math.Inf(-1)},
		`""`:                                     "",
		`"\"\\\/\b\f\n\r\t"`:                     "\"\\/\b\f\n\r\t",
		`"\u00e4\u00F6\u0000"`:                   "äö\x00",
		`"\ud83d\ude00"`:                         "😀",
		`"😀 raw"`:                                "😀 raw",
		`"\ud800"`:                               "\uFFFD",
		`"\udc00x"`:                              "\uFFFDx",
		`"\ud800\ud83d\ude00"`:                   "\uFFFD😀",
		`"\ud800\u0041"`:                         "\uFFFDA",
		`"\ud800\n"`:                             "\uFFFD\n",
		`"\ude00\ud83d"`:                         "\uFFFD\uFFFD",
		`"\ud800` + strings.Repeat("x", 20) + `"`: "\uFFFD" + strings.Repeat("x", 20),
		"\"\x7f\u2028\uFFFD\"":                    "\x7f\u2028\uFFFD",
		"[]":                                      []any{},
		"[ ]":                                     []any{},
		"{ }":                                     map[string]any{},
		"[1,2 , 3\n]":                             []any{int64(1), int64(2), int64(3)},
		`{"a":1,"a" : [2]}`:                       map[string]any{"a": []any{int64(2)}},
		`{"":{"\u0061":null}}`:                    map[string]any{"": map[string]any{"a": nil}},
	} {
		var got any
		err := json.Codec{}.Parse([]byte(text), &got, nil)
		if err != nil || !pyrepr.Equal(got, want) {
			t.Errorf("%.50s is %#v, %v, want %#v", text, got, err, want)
		}
		var raw codec.Raw
		if err := (json.Codec{}).Parse([]byte(text), &raw, nil); err != nil || string(raw) != strings.TrimSpace(text) {
			t.Errorf("%.50s is the raw value %.50s, %v", text, raw, err)
		}
	}
}

func TestBytesThatAreNoJSONAreSyntaxErrors(t *testing.T) {
	for _, text := range []string{
		"", " ", "\n", "\ufeff1", "nul", "nulll", "tru", "True", "None", "nan", "inf", "Infinit", "-NaN", "+1", "01", "-01", "00", "1.", ".5", "-.5", "-", "--1", "1e", "1e+", "1.e5", "0x10", "1_000", "1 2", "1,",
		"Infinity5", "NaNs", "- 1", strings.Repeat("1", 4301), "-" + strings.Repeat("1", 4301),
		"[", "[1", "[1,", "[1,]", "[,]", "[,1]", "[1 2]", "[1]]", "]", "[}", "[1}", "[[1]",
		"{", `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{,}`, `{"a" 1}`, `{"a",1}`, `{1:1}`, `{a:1}`, `{null:1}`, `{"a":1 "b":2}`, `{"a":1]`, `{'a':1}`, "}",
		`"`, `"a`, `"a\`, `"a\"`, `"\x41"`, `"\u12"`, `"\u12g4"`, `"\u123`, `"\ud800\u12"`, `"\U0001f600"`, "'a'", "\"\x00\"", "\"\n\"", "\"\x1f\"", "\"12345678\x1f\"",
		"\"\xff\"", "\"\xc3\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xc0\x80\"", "\"12345678ä\xff\"",
		"// 1", "1 // x", "/* */ 1", "1\x00", "\x0c1", "\u00a01", "<", "\xff",
	} {
		for _, into := range []any{new(any), new(codec.Raw), new(string), new(int), new(float64), new(bool), new([]any), new(map[string]any), new([]codec.Raw), new(map[string]codec.Raw), new(struct{ A int })} {
			err := json.Codec{}.Parse([]byte(text), into, nil)
			var syntax *codec.SyntaxError
			var mismatch *codec.MismatchError
			_, isAny := into.(*any)
			_, isRaw := into.(*codec.Raw)
			if !errors.As(err, &syntax) && (isAny || isRaw || !errors.As(err, &mismatch)) {
				t.Errorf("%.50q into a %T: error is %v (%T)", text, into, err, err)
			}
		}
	}
}

func TestJSONCarriesNoBytes(t *testing.T) {
	for _, v := range []any{[]byte("x"), []byte{}, [2]byte{}, map[string][]byte{"a": {}}, &struct{ B []byte }{[]byte{1}}} {
		_, err := json.Codec{}.Append(nil, v, nil)
		var unsupported *codec.UnsupportedError
		if !errors.As(err, &unsupported) || !strings.Contains(err.Error(), "JSON carries no bytes") {
			t.Errorf("%v: error is %v", v, err)
		}
	}
	var b []byte
	var mismatch *codec.MismatchError
	if err := (json.Codec{}).Parse([]byte(`"x"`), &b, nil); !errors.As(err, &mismatch) {
		t.Errorf("text into bytes: error is %v", err)
	}
}

func TestIntegersThatPythonWouldNotParseAreNotSent(t *testing.T) {
	for digits, ok := range map[int]bool{4300: true, 4301: false} {
		b := bigInt(strings.Repeat("9", digits))
		if _, err := (json.Codec{}).Append(nil, b, nil); (err == nil) != ok {
			t.Errorf("%d digits: error is %v", digits, err)
		}
		if _, err := (json.Codec{}).Append(nil, new(big.Int).Neg(b), nil); (err == nil) != ok {
			t.Errorf("%d digits, negative: error is %v", digits, err)
		}
	}
}

func TestDeepNestingFailsWithoutDeepRecursion(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("[", 200_000),
		strings.Repeat(`{"":`, 200_000),
		strings.Repeat("[", 200_000) + strings.Repeat("]", 200_000),
		strings.Repeat("[", codec.MaxDepth+1) + strings.Repeat("]", codec.MaxDepth+1),
		strings.Repeat(`{"__type__":[0,`, 200_000),
	} {
		types := new(codec.Types)
		if err := codec.Register(types, func(struct{}) (any, error) { return 0, nil }, func(any) (struct{}, error) { return struct{}{}, nil }); err != nil {
			t.Fatal(err)
		}
		for _, into := range []any{new(any), new(codec.Raw), new([]codec.Raw), new([][]any)} {
			var syntax *codec.SyntaxError
			var mismatch *codec.MismatchError
			if err := (json.Codec{}).Parse([]byte(text), into, types); !errors.As(err, &syntax) && !errors.As(err, &mismatch) {
				t.Errorf("%.20s… into a %T: error is %v", text, into, err)
			}
		}
		var syntax *codec.SyntaxError
		if _, _, err := (json.Codec{}).ScanMessage([]byte("[0, 0, " + text + "]")); !errors.As(err, &syntax) {
			t.Errorf("%.20s… as content: error is %v", text, err)
		}
	}
}

func TestRawSharesMemoryOnlyAtTheTop(t *testing.T) {
	src := []byte(`["a", {"b": "c"}]`)
	var raw codec.Raw
	var raws []codec.Raw
	var inside struct{ L []codec.Raw }
	holder := []byte(`{"L": ["a", "b"]}`)
	if err := errors.Join(json.Codec{}.Parse(src, &raw, nil), json.Codec{}.Parse(src, &raws, nil), json.Codec{}.Parse(holder, &inside, nil)); err != nil {
		t.Fatal(err)
	}
	var table map[string]codec.Raw
	if err := (json.Codec{}).Parse(raws[1], &table, nil); err != nil {
		t.Fatal(err)
	}
	clear(src)
	clear(holder)
	if string(raw[:4]) != "\x00\x00\x00\x00" || string(raws[0]) != "\x00\x00\x00" || string(table["b"]) != "\x00\x00\x00" {
		t.Errorf("%q, %q, %q were copied", raw, raws, table)
	}
	if string(inside.L[1]) != `"b"` {
		t.Errorf("%q shares memory", inside.L)
	}
	for _, r := range raws {
		if cap(r) != len(r) {
			t.Error("an append to a raw value would overwrite what follows it")
		}
	}
}

// celsius brings its own JSON; so do bad, which returns nonsense, and deep.
type celsius float64

func (c celsius) MarshalJSON() ([]byte, error) {
	if c < -273.15 {
		return nil, errors.New("too cold")
	}
	return []byte("\n[ " + strings.TrimSpace(string(stdMarshal(float64(c)))) + ",\"C\" ] "), nil
}

func (c *celsius) UnmarshalJSON(b []byte) error {
	var parts []stdjson.RawMessage
	if err := stdjson.Unmarshal(b, &parts); err != nil {
		return err
	}
	if len(parts) != 2 {
		return errors.New("no two parts")
	}
	return stdjson.Unmarshal(parts[0], (*float64)(c))
}

func stdMarshal(v any) []byte {
	b, err := stdjson.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

type bad string

func (b bad) MarshalJSON() ([]byte, error) { return []byte(b), nil }

func TestTypesMayBringTheirOwnJSON(t *testing.T) {
	type room struct {
		T    celsius
		U    *celsius
		Host net.IP
		Raw  stdjson.RawMessage
	}
	u := celsius(5)
	want := room{20, &u, net.IPv4(10, 0, 0, 1), stdjson.RawMessage(`{"a":1}`)}
	b, err := json.Codec{}.Append(nil, want, nil)
	if err != nil || string(b) != `{"T": [ 20,"C" ], "U": [ 5,"C" ], "Host": "10.0.0.1", "Raw": {"a":1}}` {
		t.Fatalf("%s, %v", b, err)
	}
	var got room
	if err := (json.Codec{}).Parse(b, &got, nil); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
	for text, v := range map[string]any{
		"too cold":                       celsius(-300),
		"no value":                       bad("nonsense"),
		"more after":                     bad("1 2"),
		"end of data":                    bad(""),
		"nested too deep":                bad(strings.Repeat("[", 1001) + strings.Repeat("]", 1001)),
		"(at [0]): nested":               []any{bad(strings.Repeat("[", 1000) + strings.Repeat("]", 1000))},
		"no two parts":                   nil,
		"does not fit json_test.celsius": nil,
	} {
		if v == nil {
			var c celsius
			err = json.Codec{}.Parse([]byte("[1]"), &c, nil)
		} else {
			_, err = json.Codec{}.Append(nil, v, nil)
		}
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("error is %v, want …%s…", err, text)
		}
	}
}

func TestLargeIntegersFitWhereTheyCan(t *testing.T) {
	for _, test := range []struct {
		text       string
		into, want any
	}{
		{"1267650600228229401496703205376", new(float64), 0x1p100},
		{"1267650600228229401496703205376", new(float32), float32(0x1p100)},
		{"1267650600228229401496703205376", new(big.Int), *bigInt("1267650600228229401496703205376")},
		{"18446744073709551615", new(big.Int), *bigInt("18446744073709551615")},
		{"18446744073709551615", new(uint64), uint64(math.MaxUint64)},
		{"18446744073709551615", new(float64), 0x1p64},
		{"1e3", new(big.Int), *bigInt("1000")},
		{"1267650600228229401496703205376", new(uint64), "integer 1267650600228229401496703205376 does not fit uint64"},
		{"18446744073709551616", new(uint), "integer 18446744073709551616 does not fit uint"},
		{"1" + strings.Repeat("0", 400), new(float64), "integer of 1329 bits does not fit float64"},
		{"1" + strings.Repeat("0", 400), new(float32), "integer of 1329 bits does not fit float32"},
	} {
		err := json.Codec{}.Parse([]byte(test.text), test.into, nil)
		if text, ok := test.want.(string); ok {
			var mismatch *codec.MismatchError
			if !errors.As(err, &mismatch) || err.Error() != text {
				t.Errorf("%.40s: error is %v, want %s", test.text, err, text)
			}
			continue
		}
		if got := reflect.ValueOf(test.into).Elem().Interface(); err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%.40s is %v, %v, want %v", test.text, got, err, test.want)
		}
	}
}
