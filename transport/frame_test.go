package transport

import (
	"testing"

	"pgregory.net/rapid"
)

func TestAFrameHasTheRoomThatWasAskedForAndNotMuchMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		near := rapid.SampledFrom([]int{0, maxSmall, 64 << 10, 1 << 20, 4 << 20, 8 << 20}).Draw(t, "near")
		size := max(0, near+rapid.IntRange(-2*extraRoom, 2*extraRoom).Draw(t, "off by"))
		f := NewFrameFor(size)
		if len(f.Payload()) != 0 {
			t.Fatalf("a payload of %d bytes", len(f.Payload()))
		}
		if size >= maxSmall && cap(f.B) < size+HeaderSize {
			t.Errorf("room for %d of %d bytes", cap(f.B), size)
		}
		if most := max(4*size, maxSmall) + extraRoom; cap(f.B) > most {
			t.Errorf("room for %d bytes, and %d were asked for", cap(f.B), size)
		}
		// What is freed is found by whom it fits, whatever it has grown to.
		f.B = append(f.B, make([]byte, rapid.IntRange(0, 2*size+1).Draw(t, "grown by"))...)
		f.Free()
	})
}
