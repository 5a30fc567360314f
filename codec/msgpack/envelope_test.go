package msgpack_test

import (
	"encoding/hex"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/msgpack"
)

func TestMessagesAreWrittenAsPythonWritesThem(t *testing.T) {
	x, s := 3, "b"
	for want, test := range map[string]struct {
		header  codec.Header
		content any
	}{
		"930000a46f686169":         {codec.Header{}, "ohai"},
		"9301cfffffffffffffffffc0": {codec.Header{Kind: codec.Result, ID: math.MaxUint64}, nil},
		"930207a178":               {codec.Header{Kind: codec.Failure, ID: 7}, "x"},
		"93000181a16102":           {codec.Header{ID: 1}, codec.Raw("\x81\xa1a\x02")},
		"93000393a36164649080":     {codec.Header{ID: 3}, &codec.Call{Name: "add"}},
		"93000493a9" + hex.EncodeToString([]byte("sub/inner")) + "9203a16280": {codec.Header{ID: 4}, &codec.Call{Service: "sub", Name: "inner", Args: []any{&x, &s}}},
		"93000593a3616464910182a162cb4000000000000000a16190":                  {codec.Header{ID: 5}, &codec.Call{Name: "add", Args: []any{1}, Kwargs: []codec.Keyword{{Name: "b", Value: 2.0}, {Name: "a", Value: []int{}}}}},
		"93000693a5efbfbd2f789080":                                            {codec.Header{ID: 6}, &codec.Call{Service: "\xff", Name: "x"}},
		"940007c001":                                                          {codec.Header{ID: 7, Left: 1}, nil},
		"940007c0cfffffffffffffffff":                                          {codec.Header{ID: 7, Left: math.MaxUint64}, nil},
		"930107c0":                                                            {codec.Header{Kind: codec.Result, ID: 7, Left: 1}, nil}, // only of requests
		"930307c0":                                                            {codec.Header{Kind: codec.Cancel, ID: 7}, nil},
		"930400c0":                                                            {codec.Header{Kind: codec.Hello}, nil},
	} {
		got, err := msgpack.Codec{}.AppendMessage([]byte("dst:"), test.header, test.content, nil)
		if err != nil || string(got[:4]) != "dst:" || hex.EncodeToString(got[4:]) != want {
			t.Errorf("got %x, %v, want %s", got, err, want)
		}
	}
	_, err := msgpack.Codec{}.AppendMessage(nil, codec.Header{}, &codec.Call{Args: []any{1, []any{func() {}}}}, nil)
	var unsupported *codec.UnsupportedError
	if !errors.As(err, &unsupported) || unsupported.Path != "args[1][0]" {
		t.Errorf("error is %v", err)
	}
}

func TestMessagesAreTakenApart(t *testing.T) {
	deep := strings.Repeat("\x91", 999) + "\x90"
	for _, test := range []struct {
		src     string
		header  codec.Header
		content string
	}{
		{"\x93\x00\x00\xa4ohai", codec.Header{}, "\xa4ohai"},
		{"\x93\x01\xcf\xff\xff\xff\xff\xff\xff\xff\xff\xc0", codec.Header{Kind: codec.Result, ID: math.MaxUint64}, "\xc0"},
		{"\xdc\x00\x03\xcc\x02\xd1\x00\x07\x82\x01\x91\x02\xa1a\x90", codec.Header{Kind: codec.Failure, ID: 7}, "\x82\x01\x91\x02\xa1a\x90"},
		{"\x93\x00\x05" + deep[1:], codec.Header{ID: 5}, deep[1:]},
		{"\x93\x03\x01\xc0", codec.Header{Kind: codec.Cancel, ID: 1}, "\xc0"},
		{"\x93\x04\x00\x80", codec.Header{Kind: codec.Hello}, "\x80"},
		{"\x94\x00\x01\x91\xc0\x01", codec.Header{ID: 1, Left: 1}, "\x91\xc0"},
		{"\xdd\x00\x00\x00\x04\xcd\x00\x00\x01\xc0\xcf\xff\xff\xff\xff\xff\xff\xff\xff", codec.Header{ID: 1, Left: math.MaxUint64}, "\xc0"},
	} {
		header, content, err := msgpack.Codec{}.ScanMessage([]byte(test.src))
		if err != nil || header != test.header || string(content) != test.content {
			t.Errorf("%.20x is %+v, %.20x, %v", test.src, header, content, err)
		}
		if cap(content) != len(content) {
			t.Errorf("%.20x: an append to the content would overwrite what follows it", test.src)
		}
	}
	for _, src := range []string{
		"", "\xc0", "\x00", "\xa1x", "\x80", "\x90", "\x91\x00", "\x92\x00\x01", "\x93\x00\x01", "\x93\x00", "\x93", "\x93\x00\x01\x02\x03", "\xdc\x00", "\xdd\xff\xff\xff\xff",
		"\x94\x00\x01\x02\x00", "\x94\x00\x01\x02\xff", "\x94\x00\x01\x02\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00", "\x94\x00\x01\x02\xa13", "\x94\x00\x01\x02\xc0", "\x94\x00\x01\x02", "\x94\x00\x01\x02\xcc", "\x94\x00\x01\x02\x03\x04", "\x95\x00\x01\x02\x03\x04",
		"\x94\x01\x01\x02\x03", "\x94\x02\x01\x02\x03", "\x94\x03\x01\x02\x03", "\x94\x04\x01\x02\x03",
		"\x93\x05\x01\x02", "\x93\xff\x01\x02", "\x93\xcb\x00\x00\x00\x00\x00\x00\x00\x00\x01\x02", "\x93\xc3\x01\x02", "\x93\xa10\x01\x02", "\x93\xc0\x01\x02", "\x93\x90\x01\x02", "\x93\xcc",
		"\x93\x00\xff\x02", "\x93\x00\xca\x00\x00\x00\x00\x02", "\x93\x00\xa11\x02", "\x93\x00\xc0\x02", "\x93\x00\xd3\x80\x00\x00\x00\x00\x00\x00\x00\x02", "\x93\x00\xcf\xff",
		"\x93\x00\x01\xc1", "\x93\x00\x01\xd4\x01\x00", "\x93\x00\x01\x91", "\x93\x00\x01\xa2a", "\x93\x00\x01\x81\x01", "\x93\x00\x01" + deep,
	} {
		_, _, err := msgpack.Codec{}.ScanMessage([]byte(src))
		var syntax *codec.SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%.20x: error is %v (%T)", src, err, err)
		}
	}
}

func TestCallsAreTakenApart(t *testing.T) {
	for src, want := range map[string][3]string{
		"\x93\xa3add\x92\x01\x02\x80":                   {"add", "\x92\x01\x02", ""},
		"\xdc\x00\x03\xd9\x01x\xdc\x00\x00\xde\x00\x00": {"x", "\xdc\x00\x00", ""},
		"\x93\xa0\x90\x81\xa1k\x91\x01":                 {"", "\x90", "\x81\xa1k\x91\x01"},
	} {
		path, args, kwargs, err := msgpack.Codec{}.ScanCall(codec.Raw(src))
		if got := [3]string{string(path), string(args), string(kwargs)}; err != nil || got != want || kwargs != nil && want[2] == "" {
			t.Errorf("%x is %q, %v", src, got, err)
		}
	}
	for _, src := range []string{
		"", "\xc0", "\xa3add", "\x80", "\x90", "\x91\xa3add", "\x92\xa3add\x90", "\x94\xa3add\x90\x80\x01", "\x93\xa3add\x90\x80\x01", "\x93\xa3add\x90", "\x93\xa3ad", "\x93\xa1\xff\x90\x80",
		"\x93\x01\x90\x80", "\x93\xc0\x90\x80", "\x93\xc4\x01a\x90\x80", "\x93\xa3add\x80\x80", "\x93\xa3add\x90\x90", "\x93\xa3add\xc0\x80", "\x93\xa3add\x90\xc0", "\x93\xa3add\x91\x80", "\x93\xa3add\x90\x81\x01", "\xdd\xff\xff\xff\xff",
	} {
		if path, args, kwargs, err := (msgpack.Codec{}).ScanCall(codec.Raw(src)); err == nil {
			t.Errorf("%x is %s, %x, %x", src, path, args, kwargs)
		}
	}
}

func TestArgumentsAreParsedIntoVariables(t *testing.T) {
	c := msgpack.Codec{}
	args, err := c.Append(nil, []any{3, "x", 2, false, []float64{1.5}, []byte{1}, nil, 8}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var x int64
	var s string
	var f float64
	ok := true
	var list []float64
	var b []byte
	p := &x
	n, err := c.ParseArgs(args, []any{&x, &s, &f, &ok, &list, &b, &p}, nil)
	if n != 8 || err != nil || x != 3 || s != "x" || f != 2 || ok || len(list) != 1 || len(b) != 1 || p != nil {
		t.Errorf("%d, %v: %v %v %v %v %v %v %v", n, err, x, s, f, ok, list, b, p)
	}
	for _, test := range []struct{ args, want string }{
		{"\x92\x01\xa1x", "argument 1: string does not fit int"},
		{"\x92\x01\xcb\x40\x04\x00\x00\x00\x00\x00\x00", "argument 1: float 2.5 does not fit int"},
		{"\x92\x01\xc0", "argument 1: nil does not fit int"},
		{"\x93\x01\x02\x81\xa1a\x91\xc3", "argument 2: a[0]: bool does not fit int"},
		{"\x94\x01\x02\x80\xc1", "argument 3: unknown or extension type 0xc1 at byte 4"},
		{"\x92\x01", "end of data inside a value at byte 1"},
		{"\x91\x01\x02", "more after the value at byte 2"},
		{"\x80", "content without a list of arguments does not fit call [path, args, kwargs]"},
		{"", "end of data instead of a value"},
	} {
		var x, y int
		var table map[string][]int
		if _, err := c.ParseArgs(codec.Raw(test.args), []any{&x, &y, &table}, nil); err == nil || err.Error() != test.want {
			t.Errorf("%x: error is %v, want %s", test.args, err, test.want)
		}
	}
	var unused int
	if n, err := c.ParseArgs(codec.Raw("\x90"), []any{&unused}, nil); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

func TestATextThatIsNoUTF8ShowsWhenItIsParsed(t *testing.T) {
	c := msgpack.Codec{}
	_, content, err := c.ScanMessage([]byte("\x93\x00\x01\x93\xa1f\x91\xa1\xff\x80"))
	if err != nil {
		t.Fatal(err)
	}
	_, args, _, err := c.ScanCall(content)
	if err != nil {
		t.Fatal(err)
	}
	var s string
	var raw codec.Raw
	for what, err := range map[string]error{
		"a value":              c.Parse(content, new(any), nil),
		"a raw value":          c.Parse(content, &raw, nil),
		"an argument":          last(c.ParseArgs(args, []any{&s}, nil)),
		"a raw argument":       last(c.ParseArgs(args, []any{&raw}, nil)),
		"a surplus argument":   last(c.ParseArgs(args, nil, nil)),
		"a check of the depth": c.CheckDepth(content, 10),
	} {
		var syntax *codec.SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%s: error is %v (%T)", what, err, err)
		}
	}
}

func last(_ int, err error) error { return err }
