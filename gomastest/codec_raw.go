package gomastest

import (
	"bytes"
	"reflect"
	"sync"
	"testing"

	"github.com/gomas/gomas/codec"
)

// appends checks that Append appends, whatever room there is, and leaves what
// comes before alone when it fails.
func (s suite) appends(t *testing.T) {
	for _, v := range []any{1, "text", []any{1, "x"}, map[string]any{"a": nil}, newRecord()} {
		alone := s.encode(t, v, nil)
		for _, room := range []int{0, 1, len(alone), 10 * len(alone)} {
			dst := append(make([]byte, 0, len("before")+room), "before"...)
			b, err := s.c.Append(dst, v, nil)
			if err != nil || !bytes.HasPrefix(b, []byte("before")) || string(dst) != "before" {
				t.Fatalf("%v appended to %q is %q, %v", v, dst, b, err)
			}
			var x, y any
			if err := s.c.Parse(b[len("before"):], &x, nil); err != nil {
				t.Fatalf("%v with room for %d bytes: %v", v, room, err)
			}
			if y = s.loose(t, alone, nil); !reflect.DeepEqual(x, y) {
				t.Errorf("%v appended is %v, alone it is %v", v, x, y)
			}
		}
	}
	dst := append(make([]byte, 0, 1000), "before"...)
	if _, err := s.c.Append(dst, []any{1, "x", make(chan int)}, nil); err == nil || string(dst) != "before" {
		t.Errorf("after a failure there is %q, %v", dst, err)
	}
}

func (s suite) raws(t *testing.T) {
	for _, v := range []any{nil, true, 5, 0.5, "text", []any{int64(1), "x"}, map[string]any{"a": []any{}}} {
		b := s.encode(t, v, nil)
		var raw codec.Raw
		if err := s.c.Parse(b, &raw, nil); err != nil || !bytes.Equal(raw, b) {
			t.Errorf("%v, %q, is %q, %v in a Raw", v, b, raw, err)
		}
		want := s.loose(t, b, nil)
		holders := map[string]any{
			"alone":    raw,
			"a list":   []any{raw},
			"a map":    map[string]any{"r": raw},
			"a nested": []any{map[string]any{"r": []any{raw}}},
		}
		wants := map[string]any{
			"alone":    want,
			"a list":   []any{want},
			"a map":    map[string]any{"r": want},
			"a nested": []any{map[string]any{"r": []any{want}}},
		}
		if !s.lacks.ShallowRaw {
			holders["a pointer"], wants["a pointer"] = &raw, want
			holders["a struct"], wants["a struct"] = struct{ R codec.Raw }{raw}, map[string]any{"R": want}
			holders["a typed list"], wants["a typed list"] = []codec.Raw{raw, raw}, []any{want, want}
			holders["a typed map"], wants["a typed map"] = map[string]codec.Raw{"r": raw}, map[string]any{"r": want}
		}
		for name, holder := range holders {
			if got := s.loose(t, s.encode(t, holder, nil), nil); !same(got, wants[name]) {
				t.Errorf("%v raw in %s arrives as %v", v, name, got)
			}
		}
	}
	var list []codec.Raw
	if err := s.c.Parse(s.encode(t, []any{1, []any{"x"}, nil}, nil), &list, nil); err != nil || len(list) != 3 {
		t.Fatalf("a list of raw values is %q, %v", list, err)
	}
	if got := s.loose(t, list[1], nil); !same(got, []any{"x"}) {
		t.Errorf("the second of a list of raw values is %v", got)
	}
	var table map[string]codec.Raw
	if err := s.c.Parse(s.encode(t, map[string]any{"a": 1, "b": []any{"x"}}, nil), &table, nil); err != nil || len(table) != 2 {
		t.Fatalf("a map of raw values is %q, %v", table, err)
	}
	if got := s.loose(t, table["b"], nil); !same(got, []any{"x"}) {
		t.Errorf("b of a map of raw values is %v", got)
	}
	for _, into := range []any{&list, &table, new(codec.Raw)} {
		if err := s.c.Parse(s.encode(t, nil, nil), into, nil); err != nil {
			t.Errorf("nil into a %T: %v", into, err)
		}
	}
	if err := s.c.Parse(s.encode(t, "text", nil), &list, nil); !isMismatch(err) {
		t.Errorf("a text into a list of raw values: error is %v (%T)", err, err)
	}
	if err := s.c.Parse(s.encode(t, "text", nil), &table, nil); !isMismatch(err) {
		t.Errorf("a text into a map of raw values: error is %v (%T)", err, err)
	}
}

// sharing overwrites what was parsed and looks whether that changes the
// result.
func (s suite) sharing(t *testing.T) {
	sent := map[string]any{"Text": "some text", "List": []any{int64(1), "more text"}, "Table": map[string]any{"key": "text"}}
	if !s.lacks.NoBytes {
		sent["Bytes"] = []byte("some bytes")
	}
	type fields struct {
		Text  string
		List  []any
		Table map[string]string
		Bytes []byte
		Raw   codec.Raw
	}
	if !s.lacks.ShallowRaw {
		sent["Raw"] = []any{"raw text"}
	}
	for _, into := range []any{new(any), new(map[string]any), new(fields)} {
		b := s.encode(t, sent, nil)
		if err := s.c.Parse(b, into, nil); err != nil {
			t.Errorf("into a %T: %v", into, err)
			continue
		}
		expected := reflect.New(reflect.TypeOf(into).Elem())
		if err := s.c.Parse(bytes.Clone(b), expected.Interface(), nil); err != nil {
			t.Fatal(err)
		}
		clear(b)
		if !reflect.DeepEqual(into, expected.Interface()) {
			t.Errorf("a %T changes with the bytes that it was parsed from", into)
		}
	}
	for _, into := range []any{new(codec.Raw), new([]codec.Raw), new(map[string]codec.Raw)} {
		var v any = map[string]any{"a": "text"}
		if _, ok := into.(*[]codec.Raw); ok {
			v = []any{"text"}
		}
		b := s.encode(t, v, nil)
		if err := s.c.Parse(b, into, nil); err != nil {
			t.Errorf("into a %T: %v", into, err)
			continue
		}
		codec.Own(into)
		clear(b)
		var got any
		switch raw := into.(type) {
		case *codec.Raw:
			got = s.loose(t, *raw, nil)
		case *[]codec.Raw:
			got = []any{s.loose(t, (*raw)[0], nil)}
		case *map[string]codec.Raw:
			got = map[string]any{"a": s.loose(t, (*raw)["a"], nil)}
		}
		if !same(got, v) {
			t.Errorf("a %T of its own is %v, want %v", into, got, v)
		}
	}
}

// concurrent lets goroutines encode and decode at once: the race detector sees
// what is shared, and values show what is mixed up.
func (s suite) concurrent(t *testing.T) {
	types := new(codec.Types)
	if err := registerMeters(types); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			want := newRecord()
			want.Text, want.List = string(rune('a'+g)), []int64{int64(g)}
			for range 50 {
				b, err := s.c.Append(nil, want, types)
				if err != nil {
					t.Error(err)
					return
				}
				var got record
				if err := s.c.Parse(b, &got, types); err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("goroutine %d got %+v, %v", g, got, err)
					return
				}
				message, err := codec.Envelope(s.c).AppendMessage(nil, codec.Header{ID: uint64(g)}, g, types)
				if err != nil {
					t.Error(err)
					return
				}
				if h, _, err := codec.Envelope(s.c).ScanMessage(message); err != nil || h.ID != uint64(g) {
					t.Errorf("goroutine %d got the message %d, %v", g, h.ID, err)
					return
				}
			}
		})
	}
	wg.Wait()
}
