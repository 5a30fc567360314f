package msgpack

import (
	"strings"
	"unicode/utf8"
)

// pieceSize is how much of a long text is looked at and then copied, while it is
// still in the nearest cache.
const pieceSize = 4 << 10

// toString returns text as a string, if it is UTF-8.
func toString(text []byte) (s string, ok bool) {
	if len(text) <= pieceSize {
		if !utf8.Valid(text) {
			return "", false
		}
		return string(text), true
	}
	var b strings.Builder
	b.Grow(len(text))
	for len(text) > 0 {
		n := min(len(text), pieceSize)
		// A piece ends where a character does, if there is one at all.
		for most := n - utf8.UTFMax; n < len(text) && n > most && !utf8.RuneStart(text[n]); {
			n--
		}
		if !utf8.Valid(text[:n]) {
			return "", false
		}
		b.Write(text[:n])
		text = text[n:]
	}
	return b.String(), true
}
