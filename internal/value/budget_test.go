package value_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/msgpack"
)

// tiny returns a MsgPack list of n values.
func tiny(n int, value string) []byte {
	b := []byte{0xdd, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
	return append(b, bytes.Repeat([]byte(value), n)...)
}

func TestMillionsOfTinyMapsDoNotTakeGigabytes(t *testing.T) {
	for name, src := range map[string][]byte{
		"empty maps":       tiny(2<<20, "\x80"),
		"maps of an entry": tiny(2<<20, "\x81\xa0\x00"),
		"empty lists":      tiny(9<<20, "\x90"),
	} {
		var v any
		err := msgpack.Codec{}.Parse(src, &v, nil)
		var mismatch *codec.MismatchError
		if !errors.As(err, &mismatch) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var v any
	if err := (msgpack.Codec{}).Parse(tiny(100_000, "\x81\xa0\x00"), &v, nil); err != nil {
		t.Errorf("a hundred thousand maps: %v", err)
	}
	var typed []struct{}
	if err := (msgpack.Codec{}).Parse(tiny(2<<20, "\x80"), &typed, nil); err != nil {
		t.Errorf("into a type of its own: %v", err)
	}
}
