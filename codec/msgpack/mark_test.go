package msgpack_test

import (
	"encoding/hex"
	"testing"

	"pgregory.net/rapid"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/msgpack"
	"github.com/gomas/gomas/internal/pyrepr"
)

func TestTheMarkIsALongerHeader(t *testing.T) {
	for want, src := range map[string]string{
		"dc0003cc0400c0":         "930400c0",
		"dc0003cc00cd1234a178":   "9300cd1234a178",
		"dc0004cc0005a178cd01f4": "940005a178cd01f4",
	} {
		message := append([]byte("dst:"), unhex(t, src)...)
		got := msgpack.Codec{}.Mark(message, 4)
		if string(got[:4]) != "dst:" || hex.EncodeToString(got[4:]) != want {
			t.Errorf("%s becomes %x, want %s", src, got[4:], want)
		}
	}
	for src, want := range map[string]bool{
		"dc0003cc0400c0": true, "dc0004cc000000cc01": true,
		"": false, "dc": false, "dc0003cc": false, "930400c0": false, "93cc0400c0": false, "dc00030400c0": false, "dd00000003cc0400c0": false, "dc0003cd000400c0": false,
	} {
		if got := (msgpack.Codec{}).Marked(unhex(t, src)); got != want {
			t.Errorf("%s: marked is %v", src, got)
		}
	}
}

func TestAMarkChangesNothingElse(t *testing.T) {
	c := msgpack.Codec{}
	rapid.Check(t, func(t *rapid.T) {
		h := codec.Header{Kind: codec.Kind(rapid.IntRange(0, int(codec.Hello)).Draw(t, "kind")), ID: rapid.Uint64().Draw(t, "id")}
		if h.Kind == codec.Request {
			h.Left = rapid.Uint64().Draw(t, "left")
		}
		before := rapid.SliceOf(rapid.Byte()).Draw(t, "before")
		message, err := c.AppendMessage(before, h, drawValue(2).Draw(t, "content"), nil)
		if err != nil {
			t.Fatal(err)
		}
		start := len(before)
		plain := string(message[start:])
		if c.Marked([]byte(plain)) {
			t.Fatalf("%x is marked", plain)
		}
		want, wantRaw, err := c.ScanMessage([]byte(plain))
		if err != nil || want != h {
			t.Fatalf("%x is %+v, %v", plain, want, err)
		}
		message = c.Mark(message, start)
		if string(message[:start]) != string(before) || !c.Marked(message[start:]) {
			t.Fatalf("%x becomes %x", plain, message)
		}
		got, raw, err := c.ScanMessage(message[start:])
		if err != nil || got != want || string(raw) != string(wantRaw) {
			t.Fatalf("%x is %+v %x, %v, and unmarked %+v %x", message[start:], got, raw, err, want, wantRaw)
		}
		var whole, wholePlain any
		if err := c.Parse(message[start:], &whole, nil); err != nil {
			t.Fatalf("%x: %v", message[start:], err)
		}
		if err := c.Parse([]byte(plain), &wholePlain, nil); err != nil || !pyrepr.Equal(whole, wholePlain) {
			t.Fatalf("%x is %v as a value, and unmarked %v, %v", message[start:], whole, wholePlain, err)
		}
	})
}

func TestPythonMarksNothing(t *testing.T) {
	for _, frame := range pyrepr.Frames(t, "testdata/frames.jsonl") {
		if (msgpack.Codec{}).Marked(frame.Payload) {
			t.Errorf("%s: %x", frame.Label, frame.Payload)
		}
	}
}
