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
	// All data of custom types together, although each has a decoder.
	types := new(codec.Types)
	if err := codec.Register(types, func(r ref) (any, error) { return nil, nil }, func(any) (ref, error) { return ref{}, nil }); err != nil {
		t.Fatal(err)
	}
	part := "\x81\xa8__type__\x92\x00" + string(tiny(1<<19, "\x80"))
	for _, into := range []any{new(any), new([]ref)} {
		var mismatch *codec.MismatchError
		if err := (msgpack.Codec{}).Parse(tiny(3, part), into, types); !errors.As(err, &mismatch) {
			t.Errorf("custom types into a %T: %v", into, err)
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
