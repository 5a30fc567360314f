package pyrepr_test

import (
	"math"
	"math/big"
	"testing"

	"github.com/gomas/gomas/internal/pyrepr"
)

func TestParse(t *testing.T) {
	huge, _ := new(big.Int).SetString("1267650600228229401496703205376", 10)
	for text, want := range map[string]any{
		"None":                            nil,
		"True":                            true,
		"False":                           false,
		"-12":                             int64(-12),
		"18446744073709551615":            uint64(math.MaxUint64),
		"1267650600228229401496703205376": huge,
		"-0.0":                            math.Copysign(0, -1),
		"1e-05":                           1e-5,
		"nan":                             math.NaN(),
		"[inf, -inf]":                     []any{math.Inf(1), math.Inf(-1)},
		`'it\'s \x00 \n \\ "q" \u20ac'`:   "it's \x00 \n \\ \"q\" €",
		`"it's"`:                          "it's",
		`'\ud800'`:                        "\uFFFD",
		`'\U0001f600 ü'`:                  "😀 ü",
		`b'\x00\xff"'`:                    []byte{0, 0xff, '"'},
		"[]":                              []any{},
		"()":                              []any{},
		"(1,)":                            []any{int64(1)},
		"[1, ['a', {}]]":                  []any{int64(1), []any{"a", map[string]any{}}},
		"{'z': 1, 'a': {'m': None}}":      map[string]any{"z": int64(1), "a": map[string]any{"m": nil}},
		"{None: 0, True: 1, 1.5: 'x'}":    map[any]any{nil: int64(0), true: int64(1), 1.5: "x"},
	} {
		got, err := pyrepr.Parse(text)
		if err != nil || !pyrepr.Equal(got, want) {
			t.Errorf("%s is %#v, %v, want %#v", text, got, err, want)
		}
	}
}

func TestTextThatIsNoReprIsAnError(t *testing.T) {
	for _, text := range []string{"", "nil", "[1", "[1 2]", "{1}", "{1: 2", "'x", `'\q'`, `'\x0'`, "1 2", "--1", "1.2.3", "{(1, 2): 3}"} {
		if got, err := pyrepr.Parse(text); err == nil {
			t.Errorf("%q parses as %#v", text, got)
		}
	}
}

func TestValuesOfDifferentTypesOrContentAreNotEqual(t *testing.T) {
	values := []any{
		nil, true, int64(1), uint64(1 << 63), big.NewInt(1), 1.0, math.NaN(), 0.0, math.Copysign(0, -1), "1", []byte("1"),
		[]any{},
		[]any{int64(1)},
		[]any{1.0},
		map[string]any{},
		map[string]any{"1": nil},
		map[string]any{"1": 1.0},
		map[any]any{int64(1): 1.0},
		map[any]any{1.0: 1.0},
	}
	for i, a := range values {
		for j, b := range values {
			if pyrepr.Equal(a, b) != (i == j) {
				t.Errorf("%#v and %#v: equal is %v", a, b, i != j)
			}
		}
	}
}
