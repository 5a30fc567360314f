package pyrepr

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/gomas/gomas/codec"
)

// Frame is a message that Python sent.
type Frame struct {
	Label   string // what it was about
	Payload []byte
	Value   string // the repr of what Python decodes from it
}

// Frames reads recorded frames from a file of JSON lines.
func Frames(t testing.TB, file string) []Frame {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var frames []Frame
	for line := range bytes.Lines(text) {
		var recorded struct{ Label, Payload, Value string }
		if err := json.Unmarshal(line, &recorded); err != nil {
			t.Fatal(err)
		}
		payload, err := hex.DecodeString(recorded.Payload)
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, Frame{recorded.Label, payload, recorded.Value})
	}
	return frames
}

// The custom types of the recorded frames, of which only the data counts.
type (
	custom0 struct{ Data any }
	custom1 struct{ Data any }
)

// Types returns custom types with the ids 0 and 1, whose data stays as it is.
func Types(t testing.TB) *codec.Types {
	t.Helper()
	types := new(codec.Types)
	err := codec.Register(types, func(c custom0) (any, error) { return c.Data, nil }, func(data any) (custom0, error) { return custom0{data}, nil })
	if err == nil {
		err = codec.Register(types, func(c custom1) (any, error) { return c.Data, nil }, func(data any) (custom1, error) { return custom1{data}, nil })
	}
	if err != nil {
		t.Fatal(err)
	}
	return types
}

// plain turns the values of custom types back into the maps that Python's
// repr shows.
func plain(v any) any {
	switch v := v.(type) {
	case custom0:
		return map[string]any{codec.TypeKey: []any{int64(0), plain(v.Data)}}
	case custom1:
		return map[string]any{codec.TypeKey: []any{int64(1), plain(v.Data)}}
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = plain(v[i])
		}
		return list
	case map[string]any:
		table := make(map[string]any, len(v))
		for k := range v {
			table[k] = plain(v[k])
		}
		return table
	}
	return v
}

// Check checks c against a frame: that it decodes as Python does, whole and
// in parts, and that what it encodes means the same. It returns c's encoding
// of what it decoded.
func (f Frame) Check(t *testing.T, c codec.Codec) []byte {
	t.Helper()
	types := Types(t)
	want, err := Parse(f.Value)
	if err != nil {
		t.Fatal(err)
	}
	var whole any
	if err := c.Parse(f.Payload, &whole, types); err != nil {
		t.Fatalf("%q: %v", f.Payload, err)
	}
	if !Equal(plain(whole), want) {
		t.Fatalf("%q is %#v, want %s", f.Payload, whole, f.Value)
	}

	h, raw, err := codec.Envelope(c).ScanMessage(f.Payload)
	if err != nil {
		t.Fatalf("%q: %v", f.Payload, err)
	}
	var content any
	if err := c.Parse(raw, &content, types); err != nil {
		t.Fatalf("%q: %v", raw, err)
	}
	if parts := []any{int64(h.Kind), int64(h.ID), plain(content)}; !Equal(parts, want) {
		t.Errorf("%q is taken apart to %v, want %s", f.Payload, parts, f.Value)
	}
	f.checkCall(t, c, raw)

	again, err := codec.Envelope(c).AppendMessage(nil, h, content, types)
	if err != nil {
		t.Fatal(err)
	}
	var back any
	if err := c.Parse(again, &back, types); err != nil || !Equal(plain(back), want) {
		t.Errorf("%q is %#v, %v, want %s", again, back, err, f.Value)
	}
	return again
}

// checkCall compares the two ways to take a call apart, if it is one.
func (f Frame) checkCall(t *testing.T, c codec.Codec, raw codec.Raw) {
	t.Helper()
	path, args, kwargs, err := codec.Envelope(c).ScanCall(raw)
	slow, slowArgs, slowKwargs, slowErr := codec.Envelope(struct{ codec.Codec }{c}).ScanCall(raw)
	if string(path) != string(slow) || string(args) != string(slowArgs) || string(kwargs) != string(slowKwargs) || (err == nil) != (slowErr == nil) {
		t.Errorf("%q is the call %q%s%s, %v, or is it %q%s%s, %v?", raw, path, args, kwargs, err, slow, slowArgs, slowKwargs, slowErr)
	}
	if err != nil {
		return
	}
	var list []any
	if err := c.Parse(args, &list, Types(t)); err != nil {
		t.Fatal(err)
	}
	dst := make([]any, len(list))
	for i := range dst {
		dst[i] = new(any)
	}
	n, err := codec.Envelope(c).ParseArgs(args, dst, Types(t))
	if n != len(list) || err != nil {
		t.Fatalf("%q: %d arguments, %v", args, n, err)
	}
	for i := range dst {
		if got := *dst[i].(*any); !Equal(plain(got), plain(list[i])) {
			t.Errorf("%q: argument %d is %v, want %v", args, i, got, list[i])
		}
	}
}
