package gomastest

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/gomas/gomas/codec"
)

// headers are one of each sort of message, with numbers of every size.
func headers() (all []codec.Header) {
	for _, n := range []uint64{0, 1, 127, 128, 255, 256, 65_535, 65_536, math.MaxUint32, math.MaxUint32 + 1, math.MaxInt64, math.MaxUint64} {
		for kind := codec.Request; kind <= codec.Hello; kind++ {
			all = append(all, codec.Header{Kind: kind, ID: n})
		}
		all = append(all, codec.Header{ID: 1, Left: n}, codec.Header{ID: n, Left: 1})
	}
	return all
}

func (s suite) messages(t *testing.T) {
	e := codec.Envelope(s.c)
	for _, h := range headers() {
		for _, content := range []any{nil, "text", []any{int64(1), "x"}, map[string]any{"a": []any{}}} {
			message, err := e.AppendMessage([]byte("before"), h, content, nil)
			if err != nil || !bytes.HasPrefix(message, []byte("before")) {
				t.Fatalf("%+v with %v is %q, %v", h, content, message, err)
			}
			back, raw, err := e.ScanMessage(message[len("before"):])
			if err != nil || back != h {
				t.Fatalf("%+v with %v comes back as %+v, %v", h, content, back, err)
			}
			if got := s.loose(t, raw, nil); !same(got, s.inAny(content)) {
				t.Errorf("%v comes back as %v", content, got)
			}
			again, err := e.AppendMessage(nil, h, raw, nil)
			if err != nil {
				t.Fatal(err)
			}
			_, raw, err = e.ScanMessage(again)
			if err != nil || !same(s.loose(t, raw, nil), s.inAny(content)) {
				t.Errorf("%v that stayed raw comes back as %q, %v", content, raw, err)
			}
		}
	}
	reply := codec.Header{Kind: codec.Result, ID: 1, Left: 5}
	if message, err := e.AppendMessage(nil, reply, nil, nil); err != nil {
		t.Errorf("%+v: %v", reply, err)
	} else if back, _, err := e.ScanMessage(message); err != nil || back != (codec.Header{Kind: codec.Result, ID: 1}) {
		t.Errorf("a result, which has no time left, comes back as %+v, %v", back, err)
	}
	if _, err := e.AppendMessage(nil, codec.Header{ID: 1}, []any{make(chan int)}, nil); !isUnsupported(err) {
		t.Errorf("a message with a channel: error is %v (%T)", err, err)
	}
}

// split tests a Splitter.
func (s suite) split(t *testing.T) {
	p, ok := s.c.(codec.Splitter)
	if !ok {
		return
	}
	e := codec.Envelope(s.c)
	h := codec.Header{ID: 1, Left: 2}
	for _, text := range []string{"short", "longer ", "größer ", "\"", "\xff"} {
		if text != "short" {
			text = strings.Repeat(text, codec.LongText)
		}
		for _, content := range []any{text, []any{1, text, text}, &codec.Call{Name: "f", Args: []any{&text}}} {
			whole, err := e.AppendMessage([]byte("before"), h, content, nil)
			if err != nil {
				t.Fatal(err)
			}
			b, at, out, err := p.AppendSplit([]byte("before"), h, content, nil)
			if err != nil || at > len(b) || string(b[:at])+out+string(b[at:]) != string(whole) {
				t.Errorf("%.40q is %.40q with a text of %d bytes at %d, %v", whole, b, len(out), at, err)
			}
			if len(out) > 0 && len(out) < codec.LongText {
				t.Errorf("a text of %d bytes was left out", len(out))
			}
		}
	}
	if _, _, _, err := p.AppendSplit(nil, h, []any{make(chan int)}, nil); !isUnsupported(err) {
		t.Errorf("a message with a channel: error is %v (%T)", err, err)
	}
}

// marks tests a Marker.
func (s suite) marks(t *testing.T) {
	m, ok := s.c.(codec.Marker)
	if !ok {
		return
	}
	e := codec.Envelope(s.c)
	for _, h := range headers() {
		for _, content := range []any{nil, "text \t \t", []any{int64(1), "x"}, map[string]any{"a": strings.Repeat("long", 100)}} {
			plain, err := e.AppendMessage(nil, h, content, nil)
			if err != nil {
				t.Fatal(err)
			}
			if m.Marked(plain) {
				t.Errorf("%q is marked", plain)
			}
			marked := m.Mark(append([]byte("before"), plain...), len("before"))
			message, ok := bytes.CutPrefix(marked, []byte("before"))
			if !ok || !m.Marked(message) {
				t.Fatalf("with a mark, %q is %q, and not marked", plain, marked)
			}
			back, raw, err := e.ScanMessage(message)
			if err != nil || back != h {
				t.Fatalf("%+v with %v and a mark comes back as %+v, %v", h, content, back, err)
			}
			if got := s.loose(t, raw, nil); !same(got, s.inAny(content)) {
				t.Errorf("%v in a marked message comes back as %v", content, got)
			}
			if got, want := s.loose(t, message, nil), s.loose(t, plain, nil); !same(got, want) {
				t.Errorf("a marked message is the value %v, without the mark %v", got, want)
			}
		}
	}
	for _, none := range [][]byte{nil, {}, {0}, s.encode(t, nil, nil), s.encode(t, "text", nil), s.encode(t, []any{}, nil)} {
		if m.Marked(none) {
			t.Errorf("%q is marked", none)
		}
	}
}

func (s suite) noMessages(t *testing.T) {
	e := codec.Envelope(s.c)
	for name, v := range map[string]any{
		"nil":                   nil,
		"a text":                "x",
		"a map":                 map[string]any{"0": 1},
		"an empty list":         []any{},
		"a list of two":         []any{0, 1},
		"a list of five":        []any{0, 1, "x", 2, 3},
		"a result of four":      []any{1, 1, "x", 2},
		"a failure of four":     []any{2, 1, "x", 2},
		"a cancel of four":      []any{3, 1, "x", 2},
		"a hello of four":       []any{4, 1, "x", 2},
		"no time left":          []any{0, 1, "x", 0},
		"less time left":        []any{0, 1, "x", -1},
		"part of a millisecond": []any{0, 1, "x", 1.5},
		"a time that is a text": []any{0, 1, "x", "2"},
		"a time that is nil":    []any{0, 1, "x", nil},
		"an unknown kind":       []any{5, 1, "x"},
		"a negative kind":       []any{-1, 1, "x"},
		"a kind that is a text": []any{"0", 1, "x"},
		"a kind that is large":  []any{256, 1, "x"},
		"a negative id":         []any{0, -1, "x"},
		"an id with a fraction": []any{0, 1.5, "x"},
		"an id that is a text":  []any{0, "1", "x"},
		"an id that is a list":  []any{0, []any{}, "x"},
	} {
		if h, content, err := e.ScanMessage(s.encode(t, v, nil)); !isSyntax(err) {
			t.Errorf("%s is the message %+v %q, error is %v (%T)", name, h, content, err, err)
		}
	}
	message, err := e.AppendMessage(nil, codec.Header{ID: 300, Left: 300}, []any{"x", 1, map[string]any{"a": "b"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for n := range message {
		if _, _, err := e.ScanMessage(message[:n:n]); !isSyntax(err) {
			t.Errorf("%q: error is %v (%T)", message[:n], err, err)
		}
		for _, to := range []byte{0, '"', ']', 0x7f, 0xdf, 0xff} {
			damaged := bytes.Clone(message)
			damaged[n] = to
			_, content, err := e.ScanMessage(damaged)
			if err != nil && !isSyntax(err) {
				t.Errorf("%q: error is %v (%T)", damaged, err, err)
			}
			if err != nil {
				continue
			}
			// What looks like a message may still hold what is no value.
			var x any
			if err := s.c.Parse(content, &x, nil); err != nil && !isSyntax(err) && !isMismatch(err) {
				t.Errorf("%q: content is %v (%T)", damaged, err, err)
			}
		}
	}
	if _, _, err := e.ScanMessage(append(message, message...)); !isSyntax(err) {
		t.Errorf("two messages: error is %v (%T)", err, err)
	}
}

// call returns the content of a message with c, as it comes out.
func (s suite) call(t *testing.T, c *codec.Call, types *codec.Types) codec.Raw {
	t.Helper()
	e := codec.Envelope(s.c)
	message, err := e.AppendMessage(nil, codec.Header{ID: 1}, c, types)
	if err != nil {
		t.Fatal(err)
	}
	_, content, err := e.ScanMessage(message)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func (s suite) calls(t *testing.T) {
	e := codec.Envelope(s.c)
	for _, test := range []struct {
		call   codec.Call
		path   string
		args   any
		kwargs any // nil: none
	}{
		{codec.Call{Name: "f"}, "f", []any{}, nil},
		{codec.Call{Service: "a/b", Name: "f", Args: []any{}, Kwargs: []codec.Keyword{}}, "a/b/f", []any{}, nil},
		{codec.Call{Service: "ä", Name: `"\`, Args: []any{1, "x", nil, []int{2}}}, `ä/"\`, []any{int64(1), "x", nil, []any{int64(2)}}, nil},
		{codec.Call{Name: strings.Repeat("long", 100), Kwargs: []codec.Keyword{{Name: "b", Value: 1}, {Name: "a", Value: []any{}}}}, strings.Repeat("long", 100), []any{}, map[string]any{"a": []any{}, "b": int64(1)}},
	} {
		path, args, kwargs, err := e.ScanCall(s.call(t, &test.call, nil))
		if err != nil || string(path) != test.path {
			t.Errorf("%s comes back as %q, %v", test.path, path, err)
			continue
		}
		if got := s.loose(t, args, nil); !same(got, s.inAny(test.args)) {
			t.Errorf("%s has the arguments %v, want %v", test.path, got, test.args)
		}
		if test.kwargs == nil {
			if kwargs != nil {
				t.Errorf("%s has the keyword arguments %q", test.path, kwargs)
			}
			continue
		}
		if got := s.loose(t, kwargs, nil); !same(got, s.inAny(test.kwargs)) {
			t.Errorf("%s has the keyword arguments %v, want %v", test.path, got, test.kwargs)
		}
	}
}

func (s suite) noCalls(t *testing.T) {
	for name, v := range map[string]any{
		"nil":                        nil,
		"a text":                     "f",
		"a map":                      map[string]any{"f": 1},
		"an empty list":              []any{},
		"a list of two":              []any{"f", []any{}},
		"a list of four":             []any{"f", []any{}, map[string]any{}, 1},
		"a path that is none":        []any{1, []any{}, map[string]any{}},
		"a path that is a list":      []any{[]any{}, []any{}, map[string]any{}},
		"arguments that are a text":  []any{"f", "x", map[string]any{}},
		"arguments that are nil":     []any{"f", nil, map[string]any{}},
		"keywords that are a list":   []any{"f", []any{}, []any{}},
		"keywords that are nil":      []any{"f", []any{}, nil},
		"keywords before the others": []any{"f", map[string]any{}, []any{}},
	} {
		path, args, kwargs, err := codec.Envelope(s.c).ScanCall(s.encode(t, v, nil))
		if !isSyntax(err) && !isMismatch(err) {
			t.Errorf("%s is the call %q %q %q, error is %v (%T)", name, path, args, kwargs, err, err)
		}
	}
}

func (s suite) args(t *testing.T) {
	e := codec.Envelope(s.c)
	_, args, _, err := e.ScanCall(s.call(t, &codec.Call{Name: "f", Args: []any{1, "x", []float64{0.5}}}, nil))
	if err != nil {
		t.Fatal(err)
	}
	for n := range 5 {
		var a int
		var b string
		var c []float64
		dst := []any{&a, &b, &c, new(int), new(any)}[:n]
		got, err := e.ParseArgs(args, dst, nil)
		if got != 3 || err != nil {
			t.Errorf("of three arguments, for %d pointers, there are %d, %v", n, got, err)
		}
		if n >= 1 && a != 1 || n >= 2 && b != "x" || n >= 3 && !reflect.DeepEqual(c, []float64{0.5}) {
			t.Errorf("%d of the arguments are %v, %q, %v", n, a, b, c)
		}
	}
	var item *codec.ItemError
	if _, err := e.ParseArgs(args, []any{new(int), new(int)}, nil); !errors.As(err, &item) || item.Index != 1 || !isMismatch(err) {
		t.Errorf("a text for an integer: error is %v (%T)", err, err)
	}
	for _, v := range []any{"x", map[string]any{"a": 1}, 5} {
		if _, err := e.ParseArgs(s.encode(t, v, nil), []any{new(any)}, nil); !isSyntax(err) && !isMismatch(err) {
			t.Errorf("%v for arguments: error is %v (%T)", v, err, err)
		}
	}
	if s.lacks.NoTypes {
		return
	}
	types := custom(t)
	call := &codec.Call{Name: "f", Args: []any{meters(1), []any{way{[]meters{2}}}}, Kwargs: []codec.Keyword{{Name: "w", Value: &way{[]meters{3}}}}}
	_, args, kwargs, err := e.ScanCall(s.call(t, call, types))
	if err != nil {
		t.Fatal(err)
	}
	var m meters
	var list []way
	if n, err := e.ParseArgs(args, []any{&m, &list}, types); n != 2 || err != nil || m != 1 || !reflect.DeepEqual(list, []way{{[]meters{2}}}) {
		t.Errorf("custom arguments are %v, %v, %v", m, list, err)
	}
	if got, want := s.loose(t, kwargs, types), map[string]any{"w": way{[]meters{3}}}; !same(got, want) {
		t.Errorf("custom keyword arguments are %v", got)
	}
}
