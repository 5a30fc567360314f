//go:build !race

package json_test

import (
	"testing"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/json"
)

// The race detector makes sync.Pool forget at random, so this test needs it off.
func TestPlainValuesTakeNoMemory(t *testing.T) {
	c := json.Codec{}
	x, y, f, s, ok := 3, int64(-4), 1.5, "text", true
	numbers, table := []float64{1, 2.5}, map[string]any{}
	call := &codec.Call{Service: "math", Name: "add", Args: []any{&x, &y, &f, &s, &ok, &numbers, &table}}
	buf := make([]byte, 0, 1024)
	message, err := c.AppendMessage(nil, codec.Header{ID: 5}, call, nil)
	if err != nil {
		t.Fatal(err)
	}
	dst := []any{&x, &y, &f, new(codec.Raw), &ok, &numbers}
	for name, run := range map[string]func(){
		"append": func() { buf, _ = c.AppendMessage(buf[:0], codec.Header{ID: 5}, call, nil) },
		"scan and parse": func() {
			_, content, _ := c.ScanMessage(message)
			_, args, _, _ := c.ScanCall(content)
			if n, err := c.ParseArgs(args, dst, nil); n != 7 || err != nil {
				t.Fatal(n, err)
			}
		},
	} {
		if n := testing.AllocsPerRun(100, run); n >= 1 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
