package json

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// extent goes on behind a value that is nested depth deep, like skip. It
// looks at brackets and the ends of strings only, which makes it several times
// faster: what it accepts is one value, but may have errors inside.
func (r *reader) extent(depth int) error {
	switch r.peek() {
	case '[', '{':
	case '"':
		n := closing(r.src[r.pos+1:])
		if n < 0 {
			return r.fail("string without an end", r.pos)
		}
		r.pos += n + 2
		return nil
	default:
		return r.skip(depth)
	}
	src, pos := r.src, r.pos
	// The brackets that are open, the innermost in the lowest bit, 1 for a
	// map, under a 1 that marks the end.
	open := uint64(1)
	for pos < len(src) {
		switch c := src[pos]; c {
		case '"':
			n := closing(src[pos+1:])
			if n < 0 {
				return r.fail("string without an end", pos)
			}
			pos += n + 2
		case '{', '[':
			if open>>63 != 0 {
				return r.skip(depth) // from the start, which is as far as r has gone
			}
			open <<= 1
			if c == '{' {
				open |= 1
			}
			pos++
		case '}', ']':
			if open&1 != 0 != (c == '}') {
				return r.fail("brackets that do not match", pos)
			}
			open >>= 1
			pos++
			if open == 1 {
				r.pos = pos
				return nil
			}
		default:
			pos++
			if pos+8 > len(src) {
				continue
			}
			// Setting the bits of 0x26 turns all four brackets into 0x7F, and
			// besides them only Y, y, _ and DEL. See plain about the rest.
			x := binary.LittleEndian.Uint64(src[pos:])
			found := ((x | 0x26*ones) ^ 0x7F*ones - ones) | (x ^ '"'*ones - ones)
			pos += bits.TrailingZeros64(found&^x&highs) / 8 // 8 if there is none
		}
	}
	r.pos = pos
	return r.unexpected("the end of a list or map")
}

// closing returns where in b, which begins inside a string, the quote is that
// ends it, or -1.
func closing(b []byte) int {
	from := 0
	for {
		n := bytes.IndexByte(b[from:], '"')
		if n < 0 {
			return -1
		}
		// Behind an odd number of backslashes, a quote is inside the string.
		quote := from + n
		start := quote
		for start > from && b[start-1] == '\\' {
			start--
		}
		if (quote-start)%2 == 0 {
			return quote
		}
		from = quote + 1
	}
}
