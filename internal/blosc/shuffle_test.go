package blosc

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

func TestShuffleWritesColumns(t *testing.T) {
	src := []byte("a1-b2-c3-d")
	dst := make([]byte, len(src))
	shuffle(dst, src, 3)
	if want := "abc123---d"; string(dst) != want {
		t.Errorf("got %q, want %q", dst, want)
	}
}

func TestShuffleAgreesWithItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, 255).Draw(t, "width")
		src := rapid.SliceOfN(rapid.Byte(), 0, 40*width+7).Draw(t, "src")
		rows := len(src) / width
		want := bytes.Clone(src)
		for row := range rows {
			for col := range width {
				want[col*rows+row] = src[row*width+col]
			}
		}
		got := make([]byte, len(src))
		shuffle(got, src, width)
		if !bytes.Equal(got, want) {
			t.Fatalf("shuffled: got %x, want %x", got, want)
		}
		unshuffle(got, want, width)
		if !bytes.Equal(got, src) {
			t.Fatalf("unshuffled: got %x, want %x", got, src)
		}
	})
}

func TestBitUnshuffleAgreesWithItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, 40).Draw(t, "width")
		rows := 8 * rapid.IntRange(0, 5).Draw(t, "groups")
		left := rapid.IntRange(0, width-1).Draw(t, "left over")
		src := rapid.SliceOfN(rapid.Byte(), rows*width+left, rows*width+left).Draw(t, "src")
		want := make([]byte, len(src))
		copy(want[rows*width:], src[rows*width:])
		for bit := range 8 * rows * width {
			column, row := bit/max(rows, 1), bit%max(rows, 1)
			if src[bit/8]>>(bit%8)&1 != 0 {
				want[row*width+column/8] |= 1 << (column % 8)
			}
		}
		got := make([]byte, len(src))
		bitUnshuffle(got, src, width)
		if !bytes.Equal(got, want) {
			t.Fatalf("got %x, want %x", got, want)
		}
	})
}
