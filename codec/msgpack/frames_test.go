package msgpack_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/msgpack"
	"github.com/gomas/gomas/internal/pyrepr"
)

func TestRecordedFramesMeanWhatPythonMeant(t *testing.T) {
	same, reordered := 0, 0
	for _, frame := range pyrepr.Frames(t, "testdata/frames.jsonl") {
		t.Run(frame.Label, func(t *testing.T) {
			if strings.Contains(frame.Label, "tuple key") {
				// Go has no lists for keys, and the values that were recorded are none.
				var v any
				var mismatch *codec.MismatchError
				if err := (msgpack.Codec{}).Parse(frame.Payload, &v, nil); !errors.As(err, &mismatch) {
					t.Errorf("error is %v", err)
				}
				return
			}
			again := frame.Check(t, msgpack.Codec{})
			switch {
			case string(again) == string(frame.Payload):
				same++
			case strings.Contains(frame.Value, "{") && len(again) == len(frame.Payload):
				reordered++ // a Go map has lost the order
			default:
				t.Errorf("encoded %x, Python %x", again, frame.Payload)
			}
		})
	}
	if same < 190 || reordered > 10 {
		t.Errorf("%d frames are the same as Python's byte by byte, %d only in another order", same, reordered)
	}
}
