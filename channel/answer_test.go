package channel

import (
	"bytes"
	"slices"
	"testing"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/transport"
)

func TestTheContentOfAReplyIsFoundAgain(t *testing.T) {
	around := func(front, rear int) func(payload []byte) codec.Raw {
		return func(payload []byte) codec.Raw { return codec.Raw(payload[front : len(payload)-rear]) }
	}
	for _, test := range []struct {
		name  string
		in    func(payload []byte) codec.Raw
		moves bool
	}{
		{"all of the payload", around(0, 0), false},
		{"in the middle", around(7, 1), false},
		{"far behind", around(255, 1), false},
		{"far before the end", around(7, 255), false},
		{"too far behind to note", around(256, 1), true},
		{"too far before the end to note", around(7, 256), true},
		{"nothing", around(7, 300-7), true},
		{"with no room behind", func(payload []byte) codec.Raw { return codec.Raw(payload[100:299:299]) }, false},
		{"elsewhere", func(payload []byte) codec.Raw { return codec.Raw(slices.Clone(payload[7:])) }, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := transport.NewFrame()
			for i := range 300 {
				f.B = append(f.B, byte(i%251))
			}
			content := test.in(f.Payload())
			want := bytes.Clone(content)
			p := new(call)
			p.answer(codec.Result, content, f)
			if moved := p.frame != f; moved != test.moves {
				t.Errorf("it was moved: %v", moved)
			}
			if p.kind != codec.Result || !bytes.Equal(p.content(), want) {
				t.Errorf("got %v of %d bytes, want %d", p.kind, len(p.content()), len(want))
			}
		})
	}
}
