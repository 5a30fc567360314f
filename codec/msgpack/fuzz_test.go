package msgpack_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/msgpack"
	"github.com/gomas/gomas/internal/pyrepr"
)

func addFrames(f *testing.F) {
	for _, frame := range pyrepr.Frames(f, "testdata/frames.jsonl") {
		if len(frame.Payload) < 200 {
			f.Add(frame.Payload)
		}
	}
}

// longestCut limits the time that a fuzz target spends on truncated input.
const longestCut = 300

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"\xc0", "\x93\x01\xa1a\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00", "\x82\xa1a\x01\xc3\xc4\x01\xff", "\x81\xa8__type__\x92\x00\x05", "\xdd\xff\xff\xff\xff", "\xdb\x00\x00\x00\x01x", "\xd6\xff\x00\x00\x00\x00", "\x81\x91\x01\x02",
	} {
		f.Add([]byte(seed))
	}
	addFrames(f)
	types := pyrepr.Types(f)
	c := msgpack.Codec{}
	f.Fuzz(func(t *testing.T, src []byte) {
		var v, back any
		err := c.Parse(src, &v, types)
		var raw codec.Raw
		if rawErr := c.Parse(src, &raw, types); rawErr != nil && err == nil {
			t.Fatalf("%x parses, but as a raw value not: %v", src, rawErr)
		}
		var ordered codec.Map
		_ = c.Parse(src, &ordered, types)
		if err != nil {
			var syntax *codec.SyntaxError
			var mismatch *codec.MismatchError // a key that Go cannot have
			if !errors.As(err, &syntax) && !errors.As(err, &mismatch) {
				t.Fatalf("%x: error is %v (%T)", src, err, err)
			}
			return
		}
		again, err := c.Append(nil, v, types)
		if err != nil {
			var unsupported *codec.UnsupportedError
			if errors.As(err, &unsupported) {
				return // a map with the reserved key behind another
			}
			t.Fatalf("%x parses, but does not encode: %v", src, err)
		}
		if err := c.Parse(again, &back, types); err != nil {
			t.Fatalf("%x became %x, which does not parse: %v", src, again, err)
		}
		if !reflect.DeepEqual(v, back) && !pyrepr.Equal(v, back) {
			// NaN within custom types is left to compare by the bytes.
			if third, err := c.Append(nil, back, types); err != nil || string(third) != string(again) {
				t.Fatalf("%x became %x: %#v is not %#v", src, again, back, v)
			}
		}
		for cut := range min(len(again), longestCut) {
			if c.Parse(again[:cut], &back, types) == nil {
				t.Fatalf("%x parses, cut from %x", again[:cut], again)
			}
		}
	})
}

func FuzzMessage(f *testing.F) {
	for _, seed := range []string{
		"\x93\x00\x01\x93\xa3a/b\x92\x01\xa1x\x81\xa1k\x01", "\xdc\x00\x03\xcc\x02\xd1\x00\x07\xc0", "\x94\x00\x00\x00\x00", "\x92\x00\x00",
		"\x94\x00\x01\x93\xa1f\x90\x80\x05", "\x94\x00\x00\x00\xcf\xff\xff\xff\xff\xff\xff\xff\xff", "\x94\x00\x00\x00\xca\x3f\x80\x00\x00", "\x94\x01\x00\x00\x05", "\x95\x00\x00\x00\x05\x05", "\x93\x03\x07\xc0", "\xdc\x00\x03\xcc\x04\x00\x80", "\xdc\x00\x04\xcc\x00\x00\x80\x05",
	} {
		f.Add([]byte(seed))
	}
	addFrames(f)
	c := msgpack.Codec{}
	slow := codec.Envelope(struct{ codec.Codec }{c})
	f.Fuzz(func(t *testing.T, src []byte) {
		h, content, err := c.ScanMessage(src)
		if err != nil {
			return
		}
		h2, content2, err := slow.ScanMessage(src)
		if err != nil {
			// Texts are looked into when they are parsed, and are all that may be wrong.
			var all codec.Raw
			if c.Parse(content, &all, nil) == nil || !strings.Contains(err.Error(), "UTF-8") {
				t.Fatalf("%x is %+v %x, and a slow scan fails: %v", src, h, content, err)
			}
			return
		}
		if h != h2 || string(content) != string(content2) {
			t.Fatalf("%x is %+v %x, and not %+v %x", src, h, content, h2, content2)
		}
		for cut := range min(len(src), longestCut) {
			if _, _, err := c.ScanMessage(src[:cut]); err == nil {
				t.Fatalf("%x is a message, cut from %x", src[:cut], src)
			}
		}
		path, args, kwargs, err := c.ScanCall(content)
		path2, args2, kwargs2, err2 := slow.ScanCall(content)
		if err2 == nil && (string(args2) == "\xc0" || kwargs2 == nil) && err != nil {
			return // through Parse, nil is a list and a map, too
		}
		var names map[string]codec.Raw
		if err == nil && kwargs != nil && c.Parse(kwargs, &names, nil) != nil {
			return // keys that are no text, or names no custom type
		}
		if (err == nil) != (err2 == nil) || err == nil && (string(path) != string(path2) || string(args) != string(args2) || string(kwargs) != string(kwargs2)) {
			t.Fatalf("%x is %q %x %x, %v, and not %q %x %x", content, path, args, kwargs, err, path2, args2, kwargs2)
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
		if n != n2 || (err == nil) != (err2 == nil) {
			t.Fatalf("%x are %d, %v, and not %d, %v", args, n, err, n2, err2)
		}
	})
}

// drawValue draws a value as an any gets it.
func drawValue(depth int) *rapid.Generator[any] {
	scalar := rapid.OneOf(
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.Int64().AsAny(), rapid.Uint64Min(1<<63).AsAny(), rapid.Float64().AsAny(),
		rapid.String().AsAny(), rapid.SliceOf(rapid.Byte()).AsAny(),
	)
	if depth == 0 {
		return scalar
	}
	keys := rapid.OneOf(rapid.String().AsAny(), rapid.Int64().AsAny(), rapid.Bool().AsAny(), rapid.Float64().AsAny(), rapid.Just[any](nil))
	return rapid.OneOf(
		scalar,
		rapid.SliceOf(drawValue(depth-1)).AsAny(),
		rapid.MapOf(rapid.String(), drawValue(depth-1)).AsAny(),
		rapid.Map(rapid.MapOf(keys, drawValue(depth-1)), func(m map[any]any) any {
			m[int64(1)] = nil // or it might have text for keys only
			return m
		}),
	)
}

func TestEveryValueComesBack(t *testing.T) {
	c := msgpack.Codec{}
	rapid.Check(t, func(t *rapid.T) {
		v := drawValue(3).Draw(t, "value")
		b, err := c.Append(nil, v, nil)
		if err != nil {
			t.Fatal(err)
		}
		var back any
		if err := c.Parse(b, &back, nil); err != nil || !pyrepr.Equal(back, v) {
			t.Fatalf("%x is %#v, %v, want %#v", b, back, err, v)
		}
		var raw codec.Raw
		if err := c.Parse(b, &raw, nil); err != nil || string(raw) != string(b) {
			t.Fatalf("%x is the raw value %x, %v", b, raw, err)
		}
		for cut := range min(len(b), longestCut) {
			if c.Parse(b[:cut], &back, nil) == nil {
				t.Fatalf("%x parses, cut from %x", b[:cut], b)
			}
		}
	})
}
