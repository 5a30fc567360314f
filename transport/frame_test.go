package transport

import (
	"bytes"
	"encoding/binary"
	"runtime"
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

func TestAFrameReadsTheSameWithATextInsideOrOutside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		payload := rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "payload")
		from := rapid.IntRange(0, len(payload)).Draw(t, "begin of the text")
		f := frameAround(payload, from, rapid.IntRange(from, len(payload)).Draw(t, "end of the text"))
		whole := framed(payload)
		if f.seal(); f.Size() != len(whole) {
			t.Errorf("%d bytes, want %d", f.Size(), len(whole))
		}
		var got []byte
		for len(got) < len(whole) {
			b := make([]byte, rapid.IntRange(1, 2*len(whole)).Draw(t, "length of a part"))
			n := f.read(b, len(got))
			if n == 0 {
				break
			}
			got = append(got, b[:n]...)
		}
		if !bytes.Equal(got, whole) {
			t.Errorf("in parts %q, want %q", got, whole)
		}
		if !bytes.Equal(f.Payload(), payload) || f.Size() != len(whole) {
			t.Errorf("the payload is %q, want %q", f.Payload(), payload)
		}
		f.Free()
	})
}

func TestATextThatStandsOutsideTakesNoRoom(t *testing.T) {
	text := string(make([]byte, 1<<20))
	f := NewFrameFor(len(text))
	f.B = append(f.B, "before, behind"...)
	f.Insert(HeaderSize+len("before"), text)
	if f.seal(); cap(f.B) > maxSmall {
		t.Errorf("room for %d bytes", cap(f.B))
	}
	if size := binary.BigEndian.Uint32(f.B); int(size) != len(text)+len("before, behind") {
		t.Errorf("the header says %d", size)
	}
	f.Free()
}

func TestAFewFramesStayHoweverLongNobodyWantsThem(t *testing.T) {
	collect := func() {
		for range 3 { // what is in a sync.Pool is gone after two
			runtime.GC()
		}
	}
	var s shelf
	a, b, c := new(Frame), new(Frame), new(Frame)
	for _, f := range []*Frame{a, b, c} {
		s.put(f, true)
	}
	collect()
	if x, y := s.get(), s.get(); x == y || x != a && x != b || y != a && y != b {
		t.Error("not the first two")
	}
	if s.get() != nil {
		t.Error("a third one has stayed")
	}
	s.put(a, false)
	collect()
	if s.get() != nil {
		t.Error("one that may not stay has stayed")
	}
}
