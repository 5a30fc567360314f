package json

import (
	"bytes"
	"math/bits"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Eight bytes at a time: a bit in all of them at once.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// plain returns how many bytes of s come before the first quote, backslash or
// control character. ascii is only true if all of them are ASCII.
func plain[S string | []byte](s S) (n int, ascii bool) {
	var high uint64
	for ; n+8 <= len(s); n += 8 {
		x := word(s[n : n+8])
		if found := special(x); found != 0 {
			i := bits.TrailingZeros64(found) / 8
			high |= x << (8 * (7 - i)) // what comes before it, and it
			return n + i, high&highs == 0
		}
		high |= x
		if n == 56 { // a long text, as it seems
			more, h := plainLong(s[64:])
			n += more
			high |= h
		}
	}
	for ; n < len(s); n++ {
		c := s[n]
		if c < 0x20 || c == '"' || c == '\\' {
			break
		}
		high |= uint64(c)
	}
	return n, high&highs == 0
}

// pieceSize is how much of a very long text is searched for one byte, with the
// processor's own means, before it is searched for the next, while it is still
// in the nearest cache.
const pieceSize = 4 << 10

// plainLong returns how many blocks of 32 bytes, in bytes, come before the one
// with the first quote, backslash or control character, and all bits that are
// set in them.
func plainLong[S string | []byte](s S) (n int, set uint64) {
	n, set = plainBlocks(s[:min(len(s), pieceSize)])
	if n < pieceSize {
		return n, set
	}
	for len(s)-n >= pieceSize {
		piece := s[n : n+pieceSize]
		if has(piece, '"') || has(piece, '\\') {
			break
		}
		more, h := uncontrolled(piece)
		n += more
		set |= h
		if more < pieceSize {
			return n, set
		}
	}
	more, h := plainBlocks(s[n:])
	return n + more, set | h
}

// plainBlocks does what plainLong does.
func plainBlocks[S string | []byte](s S) (n int, set uint64) {
	for ; n+32 <= len(s); n += 32 {
		b := s[n : n+32]
		x0, x1, x2, x3 := word(b[:8]), word(b[8:16]), word(b[16:24]), word(b[24:])
		if special(x0)|special(x1)|special(x2)|special(x3) != 0 {
			break
		}
		set |= x0 | x1 | x2 | x3
	}
	return n, set
}

// uncontrolled does what plainLong does in s without quotes and backslashes.
func uncontrolled[S string | []byte](s S) (n int, set uint64) {
	for ; n+32 <= len(s); n += 32 {
		b := s[n : n+32]
		x0, x1, x2, x3 := word(b[:8]), word(b[8:16]), word(b[16:24]), word(b[24:])
		bits := x0 | x1 | x2 | x3
		below := (x0 - ' '*ones) | (x1 - ' '*ones) | (x2 - ' '*ones) | (x3 - ' '*ones)
		if (below|bits)&highs == 0 {
			continue // as in almost all texts
		}
		if special(x0)|special(x1)|special(x2)|special(x3) != 0 {
			break
		}
		set |= bits
	}
	return n, set
}

// has reports whether c is in s.
func has[S string | []byte](s S, c byte) bool {
	switch s := any(s).(type) {
	case string:
		return strings.IndexByte(s, c) >= 0
	case []byte:
		return bytes.IndexByte(s, c) >= 0
	}
	return false
}

// word returns the first eight bytes of b, the first one lowest.
func word[S string | []byte](b S) uint64 {
	_ = b[7]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

// special sets the high bits of those bytes of x that are a quote, a backslash
// or a control character. Above the lowest of them, others may be set, too.
func special(x uint64) uint64 {
	// A subtraction sets the high bit of a byte that it takes below zero, and
	// lends from the next. With bit 1 turned over, a quote is 0x20, which
	// comes just after the control characters.
	return ((x ^ 0x02*ones - 0x21*ones) | (x ^ '\\'*ones - ones)) &^ x & highs
}

// scanText scans a string, whose quote is at r.pos, and goes on behind it. It
// returns what is between the quotes, and whether there are escapes in it.
func (r *reader) scanText() (inside []byte, escaped bool, err error) {
	start := r.pos + 1
	pos, ascii := start, true
	for {
		n, a := plain(r.src[pos:])
		pos += n
		ascii = ascii && a
		switch {
		case pos == len(r.src):
			return nil, false, r.fail("string without an end", r.pos)
		case r.src[pos] == '"':
			inside = r.src[start:pos:pos]
			if !ascii && !utf8.Valid(inside) {
				return nil, false, r.fail("string that is no UTF-8", r.pos)
			}
			r.pos = pos + 1
			return inside, escaped, nil
		case r.src[pos] != '\\':
			return nil, false, r.fail("control character in a string", pos)
		}
		n = escapeLen(r.src[pos:])
		if n == 0 {
			return nil, false, r.fail("invalid escape in a string", pos)
		}
		pos += n
		escaped = true
	}
}

// escapeLen returns the length of the escape that b begins with, 0 if it is
// invalid.
func escapeLen(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(b) < 6 {
			return 0
		}
		for _, c := range b[2:6] {
			if hexValue(c) < 0 {
				return 0
			}
		}
		return 6
	}
	return 0
}

func hexValue(c byte) rune {
	switch {
	case '0' <= c && c <= '9':
		return rune(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return rune(c|0x20-'a') + 10
	}
	return -1
}

// unescape appends to dst what is inside a string that scanText found right.
// Surrogates without a partner become U+FFFD.
func unescape(dst, inside []byte) []byte {
	for {
		n, _ := plain(inside)
		dst = append(dst, inside[:n]...)
		if inside = inside[n:]; len(inside) == 0 {
			return dst
		}
		c := inside[1]
		inside = inside[2:]
		switch c {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			char := hex4(inside)
			inside = inside[4:]
			if utf16.IsSurrogate(char) {
				pair := rune(utf8.RuneError)
				if len(inside) >= 6 && inside[0] == '\\' && inside[1] == 'u' {
					pair = utf16.DecodeRune(char, hex4(inside[2:]))
				}
				if pair != utf8.RuneError {
					inside = inside[6:]
				}
				char = pair
			}
			dst = utf8.AppendRune(dst, char)
		default: // quote, backslash, slash
			dst = append(dst, c)
		}
	}
}

// hex4 returns the character with the code of four hexadecimal digits.
func hex4(b []byte) rune {
	return hexValue(b[0])<<12 | hexValue(b[1])<<8 | hexValue(b[2])<<4 | hexValue(b[3])
}
