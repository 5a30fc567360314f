package local

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gomas/gomas/transport"
)

func TestHeldPacketsComeOutAsTheyWentIn(t *testing.T) {
	type sent struct {
		at      time.Duration
		payload []byte // nil: the end
	}
	rapid.Check(t, func(t *rapid.T) {
		var h held
		var model []sent
		for range rapid.IntRange(0, 200).Draw(t, "steps") {
			if rapid.IntRange(0, 2).Draw(t, "what") > 0 || len(model) == 0 {
				s := sent{at: time.Duration(rapid.Int64Range(0, 1<<62).Draw(t, "at"))}
				p := packet{sent: s.at}
				if size := rapid.SampledFrom([]int{-1, 0, 1, 30, 300, mostShort, mostShort + 1}).Draw(t, "size"); size >= 0 {
					s.payload = bytes.Repeat([]byte{byte(len(model) + 1)}, size)
					p.frame = transport.NewFrame()
					p.frame.B = append(p.frame.B, s.payload...)
				}
				h.add(p)
				model = append(model, s)
				continue
			}
			p, want := h.take(), model[0]
			model = slices.Delete(model, 0, 1)
			if p.sent != want.at || (p.frame == nil) != (want.payload == nil) {
				t.Fatalf("got %v, %v, want %v, %d bytes", p.sent, p.frame != nil, want.at, len(want.payload))
			}
			if p.frame != nil {
				if !bytes.Equal(p.frame.Payload(), want.payload) {
					t.Fatalf("got %d bytes, want %d", len(p.frame.Payload()), len(want.payload))
				}
				p.frame.Free()
			}
		}
		if h.n != len(model) {
			t.Fatalf("%d are held, want %d", h.n, len(model))
		}
		if h.n == 0 && (len(h.pieces) > 1 || len(h.long) > 0) {
			t.Fatalf("%d pieces, %d long frames of nothing", len(h.pieces), len(h.long))
		}
	})
}
