package gomastest

import (
	"errors"
	"math"
	"math/big"
	"reflect"
	"testing"

	"github.com/gomas/gomas/codec"
)

// CodecOptions says what a codec cannot do. The zero value is for one that can
// do everything that package codec describes. Whatever a codec lacks is not
// tested, except that nothing may arrive as something else in silence: where
// an option begins with No, the codec must refuse with a
// *codec.UnsupportedError what it cannot send.
type CodecOptions struct {
	NoBig   bool // integers beyond 64 bits
	NoNaN   bool // NaN and the infinities
	NoBytes bool // []byte; not even refused, if it comes back as it was
	NoTypes bool // custom types; neither refused nor tested

	// TextKeys says that keys of maps are always text. Those of a
	// map[int]string must then come back as integers in such a map, and are
	// strings in an any.
	TextKeys bool

	// FloatsOnly says that all numbers are float64 in an any.
	FloatsOnly bool

	// NoOrder says that codec.Map is not known. It is neither refused nor
	// tested.
	NoOrder bool

	// ShallowRaw says that a codec.Raw only works as the whole value and as an
	// item of []any and map[string]any, which is all that codec.Envelope
	// needs.
	ShallowRaw bool
}

// Codec tests whether c keeps the promises of [codec.Codec], and of
// [codec.Enveloper], [codec.Splitter], [codec.Marker] and [codec.Packer] if it
// implements them.
// An envelope is tested in any case, as [codec.Envelope] makes it.
func Codec(t *testing.T, c codec.Codec, lacks CodecOptions) {
	s := suite{c, lacks}
	for _, test := range []struct {
		sentence string
		run      func(suite, *testing.T)
	}{
		{"it has a name", suite.name},
		{"values come back as they were", suite.valuesComeBack},
		{"what the format cannot express is refused", suite.unsupported},
		{"what does not fit is a mismatch", suite.mismatches},
		{"unknown fields are skipped", suite.unknownFields},
		{"pointers are what they point to", suite.pointers},
		{"what was appended to stays as it was", suite.appends},
		{"raw values go in and out as they are", suite.raws},
		{"only raw values share memory with what was parsed", suite.sharing},
		{"custom types travel at any depth", suite.types},
		{"custom types that fail say why", suite.failingTypes},
		{"structs and dates may be custom types", suite.registered},
		{"several Go types may be one custom type", suite.further},
		{"bare data is taken where its type allows it", suite.bare},
		{"the key of custom types is reserved", suite.reservedKey},
		{"ordered maps keep their order", suite.orderedMaps},
		{"cut data is a syntax error", suite.cut},
		{"damaged data is an error or another value", suite.damaged},
		{"deep nesting is an error and no crash", suite.deep},
		{"it works in many goroutines at once", suite.concurrent},
		{"messages come back as they were", suite.messages},
		{"messages are whole with the text that was left out", suite.split},
		{"what is no message is a syntax error", suite.noMessages},
		{"marked messages mean the same", suite.marks},
		{"calls come back as they were", suite.calls},
		{"what is no call is an error", suite.noCalls},
		{"arguments are parsed one by one", suite.args},
		{"packed messages come back as they were", suite.packs},
		{"what was not packed is an error", suite.notPacked},
	} {
		t.Run(test.sentence, func(t *testing.T) { test.run(s, t) })
	}
}

// suite is one run of the tests.
type suite struct {
	c     codec.Codec
	lacks CodecOptions
}

func (s suite) name(t *testing.T) {
	if s.c.Name() == "" {
		t.Error("Name returns an empty text")
	}
}

// encode returns the encoding of v, which must work.
func (s suite) encode(t *testing.T, v any, types *codec.Types) []byte {
	t.Helper()
	b, err := s.c.Append(nil, v, types)
	if err != nil {
		t.Fatalf("Append(%#v): %v", v, err)
	}
	return b
}

// loose returns what b is in an any.
func (s suite) loose(t *testing.T, b []byte, types *codec.Types) any {
	t.Helper()
	var x any
	if err := s.c.Parse(b, &x, types); err != nil {
		t.Fatalf("Parse(%q, *any): %v", b, err)
	}
	return x
}

// inAny returns what x, as codecs decode it into an any, is with the numbers
// that this one has there.
func (s suite) inAny(x any) any {
	if !s.lacks.FloatsOnly {
		return x
	}
	switch x := x.(type) {
	case int64:
		return float64(x)
	case uint64:
		return float64(x)
	case *big.Int:
		f, _ := new(big.Float).SetInt(x).Float64()
		return f
	case []any:
		list := make([]any, len(x))
		for i := range x {
			list[i] = s.inAny(x[i])
		}
		return list
	case map[string]any:
		table := make(map[string]any, len(x))
		for k := range x {
			table[k] = s.inAny(x[k])
		}
		return table
	}
	return x
}

// same reports whether two values are equal, with NaN equal to itself, and -0
// not equal to 0.
func same(a, b any) bool {
	x, xOK := a.(float64)
	y, yOK := b.(float64)
	if xOK && yOK {
		return math.Float64bits(x) == math.Float64bits(y) || x != x && y != y
	}
	return reflect.DeepEqual(a, b)
}

func isSyntax(err error) bool {
	var e *codec.SyntaxError
	return errors.As(err, &e)
}

func isMismatch(err error) bool {
	var e *codec.MismatchError
	return errors.As(err, &e)
}

func isUnsupported(err error) bool {
	var e *codec.UnsupportedError
	return errors.As(err, &e)
}
