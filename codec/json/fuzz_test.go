package json_test

import (
	stdjson "encoding/json"
	"errors"
	"math"
	"math/big"
	"reflect"
	"regexp"
	"testing"

	"pgregory.net/rapid"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/json"
	"github.com/gomas/gomas/internal/pyrepr"
)

// longestCut limits the time that a fuzz target spends on truncated input.
const longestCut = 300

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"null", " [1, -2.5e+10, true, \"a\\u00e4\\ud83d\\ude00\\n\", {\"k\": {}}] ", "NaN", "[-Infinity, 1e400, 18446744073709551616]",
		`{"a": 1, "a": 2}`, `{"__type__": [0, "2010-03-27"]}`, `{"__type__": [1, [1, 2]], "x": 3}`, "\"\xff\"", "[[[[", `{"a":[{"b":[]}]}`, "1.7976931348623157e+308", "123456789012345678901234567890",
	} {
		f.Add([]byte(seed))
	}
	for _, frame := range pyrepr.Frames(f, "testdata/frames.jsonl") {
		if len(frame.Payload) < 200 {
			f.Add(frame.Payload)
		}
	}
	types := pyrepr.Types(f)
	c := json.Codec{}
	f.Fuzz(func(t *testing.T, src []byte) {
		var v any
		err := c.Parse(src, &v, types)
		var raw codec.Raw
		if rawErr := c.Parse(src, &raw, types); rawErr != nil && err == nil {
			t.Fatalf("%q parses, but as a raw value not: %v", src, rawErr)
		}
		if err != nil {
			var syntax *codec.SyntaxError
			if !errors.As(err, &syntax) {
				t.Fatalf("%q: error is %v (%T)", src, err, err)
			}
			return
		}
		again, err := c.Append(nil, v, types)
		if err != nil {
			var unsupported *codec.UnsupportedError
			if errors.As(err, &unsupported) {
				return // a map with the reserved key behind another
			}
			t.Fatalf("%q parses, but does not encode: %v", src, err)
		}
		var back any
		if err := c.Parse(again, &back, types); err != nil {
			t.Fatalf("%q became %q, which does not parse: %v", src, again, err)
		}
		if !sameValue(v, back) {
			t.Fatalf("%q became %q: %#v is not %#v", src, again, back, v)
		}
		var ordered codec.Map
		_ = c.Parse(src, &ordered, types)
		for cut := range min(len(again), longestCut) {
			if c.Parse(again[:cut], &back, types) == nil && !isNumber(again) {
				t.Fatalf("%q parses, cut from %q", again[:cut], again)
			}
		}
	})
}

func isNumber(text []byte) bool {
	return text[0] == '-' || '0' <= text[0] && text[0] <= '9'
}

// sameValue is reflect.DeepEqual with NaN equal to NaN, which comes inside
// custom types, too.
func sameValue(a, b any) bool {
	return reflect.DeepEqual(a, b) || pyrepr.Equal(a, b) || reflect.TypeOf(a) == reflect.TypeOf(b) && string(encode(a)) == string(encode(b))
}

func encode(v any) []byte {
	b, _ := json.Codec{}.Append(nil, v, nil)
	return b
}

var (
	header = regexp.MustCompile(`^\s*\[\s*\d\s*,\s*\d+\s*,`)
	left   = regexp.MustCompile(`,\s*\d+\s*\]\s*$`)
)

func FuzzMessage(f *testing.F) {
	for _, seed := range []string{
		`[0, 1, ["a/b", [1, "x", 2.5, true, [1], {"a": 1}], {"k": 1}]]`, `[0,1,["",[],{}]]`, " [ 2 , 18446744073709551615 , null ] ", `[0, 0, ["\u00e4", [[[]]], {}]]`, `[0, 0, {"a]": "}\"]"}]`, "[0, 1]", "[0,1,2,3]", `[0,1,[}]`,
		`[0, 1, ["f", [], {}], 250]`, " [0,1,2 , 18446744073709551615 ] ", "[0,1,2,0]", "[0,1,2,1.0]", "[1,1,2,3]", "[0,1,2,3,4]", "[3, 7, null]", "[4, 0, {}]\t \t", "[0, 1, [], 5]\t \t",
	} {
		f.Add([]byte(seed))
	}
	for _, frame := range pyrepr.Frames(f, "testdata/frames.jsonl") {
		if len(frame.Payload) < 200 {
			f.Add(frame.Payload)
		}
	}
	c := json.Codec{}
	slow := codec.Envelope(struct{ codec.Codec }{c})
	f.Fuzz(func(t *testing.T, src []byte) {
		h, content, err := c.ScanMessage(src)
		h2, content2, err2 := slow.ScanMessage(src)
		// Through Parse, 1.0 and -0 are integers, too.
		strict := header.Match(src) && (h2.Left == 0 || left.Match(src))
		if err2 == nil && strict && (err != nil || h != h2 || string(content) != string(content2)) {
			t.Fatalf("%q is %+v %q, %v, and not %+v %q", src, h, content, err, h2, content2)
		}
		var v any
		if err != nil || c.Parse(content, &v, nil) != nil {
			return
		}
		if err2 != nil {
			t.Fatalf("%q is accepted: %v", src, err2)
		}
		for cut := range min(len(src)-1, longestCut) {
			if _, _, err := c.ScanMessage(src[:cut]); err == nil {
				if _, _, err := slow.ScanMessage(src[:cut]); err != nil {
					t.Fatalf("%q is a message, cut from %q", src[:cut], src)
				}
			}
		}
		path, args, kwargs, err := c.ScanCall(content)
		path2, args2, kwargs2, err2 := slow.ScanCall(content)
		if err2 == nil && (string(args2) == "null" || kwargs2 == nil) && err != nil {
			return // through Parse, nil is a list and a map, too
		}
		if (err == nil) != (err2 == nil) || err == nil && (string(path) != string(path2) || string(args) != string(args2) || string(kwargs) != string(kwargs2)) {
			t.Fatalf("%q is %q %q %q, %v, and not %q %q %q, %v", content, path, args, kwargs, err, path2, args2, kwargs2, err2)
		}
		if err != nil {
			return
		}
		var i int
		var s string
		var x float64
		var b bool
		var list []int
		dst := []any{&i, &s, &x, &b, &list, new(any)}
		n, err := c.ParseArgs(args, dst, nil)
		n2, err2 := slow.ParseArgs(args, dst, nil)
		if (err == nil) != (err2 == nil) || err == nil && n != n2 {
			t.Fatalf("%q are %d, %v, and not %d, %v", args, n, err, n2, err2)
		}
	})
}

// document draws a value that both JSON libraries write and read the same:
// with floats for numbers.
func drawDocument(depth int) *rapid.Generator[any] {
	scalar := rapid.OneOf(
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.String().AsAny(), rapid.StringMatching(`[a-z "\\\n]*`).AsAny(),
		rapid.Map(rapid.Float64(), func(f float64) any { return f + 0 }), // no -0.0, which the standard library writes as an integer
		rapid.Map(rapid.IntRange(-100, 100000), func(i int) any { return float64(i) / 100 }),
	)
	if depth == 0 {
		return scalar
	}
	return rapid.OneOf(
		scalar,
		rapid.SliceOf(drawDocument(depth-1)).AsAny(),
		rapid.MapOf(rapid.String(), drawDocument(depth-1)).AsAny(),
	)
}

func TestOrdinaryDocumentsAreTheSameForTheStandardLibrary(t *testing.T) {
	c := json.Codec{}
	rapid.Check(t, func(t *rapid.T) {
		doc := drawDocument(3).Draw(t, "document")
		mine, err := c.Append(nil, doc, nil)
		if err != nil {
			t.Skip("the reserved key")
		}
		theirs, err := stdjson.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		var fromMine, fromTheirs, theirsFromMine any
		if err := errors.Join(c.Parse(mine, &fromMine, nil), c.Parse(theirs, &fromTheirs, nil), stdjson.Unmarshal(mine, &theirsFromMine)); err != nil {
			t.Fatalf("%s, %s: %v", mine, theirs, err)
		}
		if !pyrepr.Equal(fromMine, doc) {
			t.Errorf("%s is %#v, want %#v", mine, fromMine, doc)
		}
		if !reflect.DeepEqual(theirsFromMine, doc) {
			t.Errorf("%s is %#v to the standard library, want %#v", mine, theirsFromMine, doc)
		}
		if !pyrepr.Equal(floats(fromTheirs), doc) {
			t.Errorf("%s is %#v, want %#v", theirs, fromTheirs, doc)
		}
	})
}

// floats turns integers into floats: the standard library writes both alike.
func floats(v any) any {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case uint64:
		return float64(v)
	case *big.Int:
		f, _ := v.Float64()
		return f
	case []any:
		for i := range v {
			v[i] = floats(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = floats(v[k])
		}
	}
	return v
}

func TestFloatsComeBackBitByBit(t *testing.T) {
	c := json.Codec{}
	rapid.Check(t, func(t *rapid.T) {
		f := math.Float64frombits(rapid.Uint64().Draw(t, "bits"))
		if f != f {
			f = math.NaN()
		}
		text, err := c.Append(nil, f, nil)
		if err != nil {
			t.Fatal(err)
		}
		var back float64
		var number any
		if err := errors.Join(c.Parse(text, &back, nil), c.Parse(text, &number, nil)); err != nil || !pyrepr.Equal(back, f) || !pyrepr.Equal(number, f) {
			t.Fatalf("%v is %s, which is %v, %v, %v", f, text, back, number, err)
		}
	})
}
