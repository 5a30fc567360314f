package blosc

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestBloscLZInstructions(t *testing.T) {
	far := literals(strings.Repeat("0123456789abcdef", 514)) // 8224 bytes
	for name, c := range map[string]struct {
		in   []byte
		want string
	}{
		"a byte below 32 is one less than its literals":   {[]byte{2, 'a', 'b', 'c'}, "abc"},
		"the version in the first byte is no instruction": {[]byte{0x22, 'a', 'b', 'c'}, "abc"},
		"a match is at least 3 long":                      {[]byte{2, 'a', 'b', 'c', 0x20, 2}, "abcabc"},
		"a match may repeat what it writes":               {[]byte{1, 'a', 'b', 0xc0, 1}, "abababababa"[:2+8]},
		"a distance of zero is one byte back":             {[]byte{0, 'a', 0x60, 0}, "aaaaaa"},
		"length 9 and above takes a byte to add":          {[]byte{0, 'a', 0xe0, 0, 0}, "a" + strings.Repeat("a", 9)},
		"255 says that another length byte follows":       {[]byte{0, 'a', 0xe0, 255, 1, 0}, "a" + strings.Repeat("a", 9+256)},
		"a distance has five more bits in the first byte": {append(far, 0x3f, 0xfe), text(far) + text(far)[8224-8191:][:3]},
		"all bits set: the distance less 8192 follows":    {append(far, 0x3f, 0xff, 0, 0), text(far) + text(far)[8224-8192:][:3]},
		"a far distance is big endian":                    {append(append(far, far...), 0x3f, 0xff, 0x01, 0x02), text(far) + text(far) + (text(far) + text(far))[2*8224-8192-0x102:][:3]},
		"nothing has to follow a match":                   {[]byte{0, 'a', 0x20, 0}, "aaaa"},
	} {
		// The exact size takes the careful paths, a larger one the short cuts.
		for _, room := range []int{0, 100} {
			out := make([]byte, len(c.want)+room)
			n, err := decodeBloscLZ(out, c.in)
			if err != nil || string(out[:n]) != c.want {
				t.Errorf("%s: got %q, %v, want %q", name, out[:n], err, c.want)
			}
		}
	}
}

func TestBloscLZRefusesBrokenStreams(t *testing.T) {
	for name, c := range map[string]struct {
		in   []byte
		want error
	}{
		"an empty stream":                      {nil, errTruncated},
		"missing literals":                     {[]byte{2, 'a', 'b'}, errTruncated},
		"a missing distance":                   {[]byte{0, 'a', 0x20}, errTruncated},
		"a missing length":                     {[]byte{0, 'a', 0xe0}, errTruncated},
		"a length that goes on behind the end": {[]byte{0, 'a', 0xe0, 20}, errTruncated},
		"half a far distance":                  {[]byte{0, 'a', 0x3f, 0xff, 0}, errTruncated},
		"a match before the start":             {[]byte{0, 'a', 0x20, 1}, errDistance},
		"literals above the block's size":      {bytes.Repeat([]byte{0, 'a'}, 101), errOverflow},
		"a match above the block's size":       {[]byte{0, 'a', 0xe0, 255, 0, 0}, errOverflow},
		"a length without an end":              {append([]byte{0, 'a', 0xe0}, bytes.Repeat([]byte{255}, 1000)...), errOverflow},
	} {
		if n, err := decodeBloscLZ(make([]byte, 100), c.in); !errors.Is(err, c.want) {
			t.Errorf("%s: got %d bytes and %v, want %v", name, n, err, c.want)
		}
	}
}

// literals is a stream without a match. The length of s is a multiple of 32.
func literals(s string) (stream []byte) {
	for ; s != ""; s = s[32:] {
		stream = append(append(stream, 31), s[:32]...)
	}
	return stream[:len(stream):len(stream)]
}

// text is the inverse of literals.
func text(stream []byte) (s string) {
	for ; len(stream) > 0; stream = stream[33:] {
		s += string(stream[1:33])
	}
	return s
}
