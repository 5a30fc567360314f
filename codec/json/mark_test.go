package json_test

import (
	"encoding/binary"
	"encoding/hex"
	stdjson "encoding/json"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/json"
	"github.com/gomas/gomas/internal/pypeer"
	"github.com/gomas/gomas/internal/pyrepr"
)

func TestTheMarkIsWhiteSpace(t *testing.T) {
	got := json.Codec{}.Mark([]byte("dst:[4, 0, null]"), 4)
	if string(got) != "dst:[4, 0, null]\t \t" {
		t.Errorf("got %q", got)
	}
	for src, want := range map[string]bool{
		"[4, 0, null]\t \t": true, "\t \t": true,
		"": false, "\t": false, " \t": false, "[4, 0, null]": false, "[4, 0, null] \t": false, "[4, 0, null]\t \t ": false, "[4, 0, null]\t\t\t": false,
		"\t \t[4, 0, null]": false, `[0, 0, "` + "\t \t" + `"]`: false,
	} {
		if got := (json.Codec{}).Marked([]byte(src)); got != want {
			t.Errorf("%q: marked is %v", src, got)
		}
	}
}

func TestAMarkChangesNothingElse(t *testing.T) {
	c := json.Codec{}
	rapid.Check(t, func(t *rapid.T) {
		h := codec.Header{Kind: codec.Kind(rapid.IntRange(0, int(codec.Hello)).Draw(t, "kind")), ID: rapid.Uint64().Draw(t, "id")}
		if h.Kind == codec.Request {
			h.Left = rapid.Uint64().Draw(t, "left")
		}
		content := drawDocument(2).Draw(t, "content")
		before := rapid.SliceOf(rapid.Byte()).Draw(t, "before")
		message, err := c.AppendMessage(before, h, content, nil)
		if err != nil {
			return // the reserved key
		}
		start := len(before)
		plain := string(message[start:])
		if c.Marked([]byte(plain)) {
			t.Fatalf("%q is marked", plain)
		}
		want, wantRaw, err := c.ScanMessage([]byte(plain))
		if err != nil || want != h {
			t.Fatalf("%q is %+v, %v", plain, want, err)
		}
		message = c.Mark(message, start)
		if string(message[:start]) != string(before) || !c.Marked(message[start:]) {
			t.Fatalf("%q becomes %q", plain, message)
		}
		got, raw, err := c.ScanMessage(message[start:])
		if err != nil || got != want || string(raw) != string(wantRaw) {
			t.Fatalf("%q is %+v %q, %v, and unmarked %+v %q", message[start:], got, raw, err, want, wantRaw)
		}
	})
}

func TestPythonMarksNothing(t *testing.T) {
	for _, frame := range pyrepr.Frames(t, "testdata/frames.jsonl") {
		if (json.Codec{}).Marked(frame.Payload) {
			t.Errorf("%s: %q", frame.Label, frame.Payload)
		}
	}
}

func TestPythonNoticesNoMark(t *testing.T) {
	server := pypeer.Start(t, "serve-channel", "tcp://127.0.0.1:0")
	script := pypeer.Start(t, "script")
	script.Do(t, map[string]any{"op": "dial", "addr": server.Addr})
	for i, content := range []any{nil, "x", []any{int64(1), 2.5}, map[string]any{"a": map[string]any{}}} {
		h := codec.Header{ID: uint64(i)}
		message, err := json.Codec{}.AppendMessage(make([]byte, 4), h, content, nil)
		if err != nil {
			t.Fatal(err)
		}
		message = json.Codec{}.Mark(message, 4)
		binary.BigEndian.PutUint32(message, uint32(len(message)-4))
		reply, err := json.Codec{}.AppendMessage(nil, codec.Header{Kind: codec.Result, ID: h.ID}, content, nil)
		if err != nil {
			t.Fatal(err)
		}
		result := script.Do(t, map[string]any{"op": "raw", "hex": hex.EncodeToString(message), "read": 20, "want": 4 + len(reply)})
		want := map[string]any{"hex": hex.EncodeToString(append(binary.BigEndian.AppendUint32(nil, uint32(len(reply))), reply...)), "closed": false}
		if !reflect.DeepEqual(result, want) {
			t.Errorf("%q is answered by %v, want %v", message, result, want)
		}
		var v any
		if err := stdjson.Unmarshal(message[4:], &v); err != nil {
			t.Errorf("%q: %v", message, err)
		}
	}
}
