package json

import (
	"encoding/binary"
	"math/bits"
)

// extent goes on behind a value that is nested depth deep, like skip. It
// looks at brackets and the ends of strings only, which makes it several times
// faster: what it accepts is one value, but may have errors inside.
func (r *reader) extent(depth int) error {
	if c := r.peek(); c != '[' && c != '{' {
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

// closing returns where in b the quote is that ends a string, or -1.
func closing(b []byte) int {
	for i := 0; i < len(b); {
		if i+8 <= len(b) {
			x := binary.LittleEndian.Uint64(b[i:])
			found := (x ^ '"'*ones - ones) | (x ^ '\\'*ones - ones)
			i += bits.TrailingZeros64(found&^x&highs) / 8
			if i == len(b) {
				break
			}
		}
		switch b[i] {
		case '"':
			return i
		case '\\':
			i += 2
		default:
			i++
		}
	}
	return -1
}
