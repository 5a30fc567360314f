package msgpack

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestATextBecomesAStringIfItIsUTF8(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		char := rapid.SampledFrom([]string{"a", "é", "€", "😀", "\x80", "\xff"}).Draw(t, "character")
		length := rapid.SampledFrom([]int{0, pieceSize, 3 * pieceSize}).Draw(t, "about") + rapid.IntRange(0, 10).Draw(t, "more")
		b := []byte(strings.Repeat("x", rapid.IntRange(0, 4).Draw(t, "offset")) + strings.Repeat(char, length/len(char)))
		if len(b) > 0 && rapid.Bool().Draw(t, "damaged") {
			near := rapid.SampledFrom([]int{0, pieceSize, 2 * pieceSize, len(b) - 1}).Draw(t, "near")
			at := min(len(b)-1, max(0, near+rapid.IntRange(-5, 5).Draw(t, "off by")))
			b[at] = rapid.Byte().Draw(t, "damage")
		}
		s, ok := toString(b)
		if ok != utf8.Valid(b) || ok && s != string(b) {
			t.Errorf("%d bytes of %q: %t, and they are UTF-8: %t", len(b), char, ok, !ok)
		}
	})
}
