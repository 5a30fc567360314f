package json_test

import (
	"strings"
	"testing"

	"github.com/gomas/gomas/codec/json"
	"github.com/gomas/gomas/internal/pyrepr"
)

func TestRecordedFramesMeanWhatPythonMeant(t *testing.T) {
	same, reordered := 0, 0
	for _, frame := range pyrepr.Frames(t, "testdata/frames.jsonl") {
		t.Run(frame.Label, func(t *testing.T) {
			again := frame.Check(t, json.Codec{})
			switch {
			case string(again) == string(frame.Payload):
				same++
			case strings.Contains(string(frame.Payload), `\u`):
				// Python escapes what is not ASCII.
			case strings.Contains(frame.Value, "{") && len(again) == len(frame.Payload):
				reordered++ // a Go map has lost the order
			default:
				t.Errorf("encoded %s, Python %s", again, frame.Payload)
			}
		})
	}
	if same < 150 || reordered > 10 {
		t.Errorf("%d frames are the same as Python's byte by byte, %d only in another order", same, reordered)
	}
}
