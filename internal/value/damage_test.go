package value_test

import (
	"errors"
	"math/big"
	"net/netip"
	"testing"
	"time"

	"github.com/gomas/gomas/codec"
)

// everything has a field of each kind that the engine treats in its own way.
type everything struct {
	Bool   bool
	Int    int8
	Uint   uint16
	Float  float32
	Text   color
	Big    big.Int
	BigPtr *big.Int
	When   time.Time
	Level  level
	Addr   netip.Addr
	Any    any
	Error  error
	Shape  shape
	Raw    codec.Raw
	List   []int
	Floats []float64
	Texts  []string
	Anys   []any
	Nodes  []node
	Array  [2]*point
	Map    map[string]any
	ByInt  map[int32]point
	ByText map[color][]bool
	ByAny  map[any]string
	ByKey  map[level]level
	Order  codec.Map
	Ref    *ref
	Line   line
	*node
	Embedded
}

func full(c codec.Codec, t *testing.T) everything {
	return everything{
		true, -5, 700, 1.5, "red", *big.NewInt(7), big.NewInt(8), time.Date(2010, 3, 27, 0, 0, 0, 0, time.UTC), 2, netip.MustParseAddr("::1"),
		[]any{1, "x", map[string]any{"a": nil}},
		nil,
		point{1, 2},
		encode(t, c, []any{1, []any{}}, nil),
		[]int{1, 2},
		[]float64{1, 2},
		[]string{"a", ""},
		[]any{nil, true},
		[]node{{1, &node{}}},
		[2]*point{{1, 2}, nil},
		map[string]any{"k": point{3, 4}},
		map[int32]point{-1: {5, 6}},
		map[color][]bool{"blue": {true}},
		map[any]string{"x": "y"},
		map[level]level{1: 2},
		codec.Map{{Key: "b", Value: codec.Map{}}, {Key: "a", Value: []any{1.5}}},
		&ref{"r"},
		line{point{1, 1}, point{2, 2}},
		nil,
		Embedded{9},
	}
}

// TestDamagedDataIsAnErrorOrAnotherValue replaces and cuts off each byte: that
// must never panic, and what is cut must never parse.
func TestDamagedDataIsAnErrorOrAnotherValue(t *testing.T) {
	types := customTypes(t)
	each(t, func(t *testing.T, c codec.Codec) {
		v := full(c, t)
		whole := encode(t, c, v, types)
		var back everything
		if err := c.Parse(whole, &back, types); err != nil {
			t.Fatal(err)
		}
		if again := encode(t, c, back, types); string(again) != string(whole) {
			t.Errorf("%s\ncomes back as %s", show(c, whole), show(c, again))
		}
		for cut := range whole {
			for _, into := range []any{new(everything), new(any), new(codec.Raw), new(codec.Map), new(map[string]codec.Raw)} {
				err := c.Parse(whole[:cut], into, types)
				var syntax *codec.SyntaxError
				if !errors.As(err, &syntax) {
					t.Fatalf("%s into a %T: error is %v (%T)", show(c, whole[:cut]), into, err, err)
				}
			}
		}
		damaged := make([]byte, len(whole))
		for at := range whole {
			for _, to := range []byte("\x00\x81\x92\xa1\xc0\xc4\xcb\xd1\xd6\xdb\xdc\xff[]{}\",\\n0-") {
				copy(damaged, whole)
				damaged[at] = to
				for _, into := range []any{new(everything), new(any)} {
					err := c.Parse(damaged, into, types)
					var syntax *codec.SyntaxError
					var mismatch *codec.MismatchError
					if err != nil && !errors.As(err, &syntax) && !errors.As(err, &mismatch) {
						t.Fatalf("%s into a %T: error is %v (%T)", show(c, damaged), into, err, err)
					}
				}
			}
		}
	})
}
