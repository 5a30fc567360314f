package blosc

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func FuzzDecode(f *testing.F) {
	for _, r := range readRecorded(f, "chunks.jsonl") {
		f.Add([]byte(r.Chunk))
	}
	for _, kind := range kinds {
		chunk, err := Append(nil, kind(700))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(chunk)
	}
	f.Fuzz(func(t *testing.T, chunk []byte) {
		const limit = 1 << 20
		got, err := Decode([]byte("before"), chunk, limit)
		if !bytes.HasPrefix(got, []byte("before")) || len(got) > len("before")+limit {
			t.Fatalf("got %d bytes", len(got))
		}
		var format *FormatError
		var above *LimitError
		if err != nil && !errors.As(err, &format) && !errors.As(err, &above) {
			t.Fatalf("error of type %T: %v", err, err)
		}
		if err == nil {
			wantRoundTrip(t, "decoded", got[len("before"):])
		}
	})
}

func FuzzRoundTrip(f *testing.F) {
	for name, kind := range kinds {
		f.Add(kind(len(name)*30), uint8(1))
		f.Add(kind(len(name)), uint8(200))
	}
	f.Fuzz(func(t *testing.T, src []byte, times uint8) {
		wantRoundTrip(t, "repeated", bytes.Repeat(src, int(times)))
	})
}

// FuzzDecodeBloscLZ holds the decoder to the definition of the format,
// without short cuts.
func FuzzDecodeBloscLZ(f *testing.F) {
	f.Add([]byte{0, 'a', 0xff, 0xff, 0x20, 0x00}, 300)
	f.Add(append(literals(strings.Repeat("0123456789abcdef", 514)), 0xe0, 100, 200, 0xff, 3, 0xff, 0, 1), 9000)
	f.Add([]byte{31, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', '0', '1', '2', '3', '4', '5', 0xe0, 20, 7, 0x40, 9, 2, 'A', 'B', 'C'}, 70)
	for _, r := range readRecorded(f, "chunks.jsonl") {
		if h, err := ParseHeader(r.Chunk); err == nil && len(r.Chunk) > headerSize+8 && h.flags.compressor() == blosclzCompressor {
			f.Add([]byte(r.Chunk[headerSize+8:]), h.Size)
		}
	}
	f.Fuzz(func(t *testing.T, in []byte, size int) {
		if size < 0 || size > 1<<16 {
			return
		}
		out := make([]byte, size, size+1)
		guard := out[: size+1 : size+1]
		guard[size] = 0x5a
		n, err := decodeBloscLZ(out, in)
		want, ok := plainBloscLZ(in, size)
		if ok != (err == nil) {
			t.Fatalf("got %v, the definition says %v", err, ok)
		}
		if ok && !bytes.Equal(out[:n], want) {
			t.Fatalf("got %x, want %x", out[:n], want)
		}
		if guard[size] != 0x5a {
			t.Fatal("wrote behind the block")
		}
	})
}

// plainBloscLZ decodes byte by byte. It reports whether in is valid and holds
// at most size bytes.
func plainBloscLZ(in []byte, size int) (out []byte, ok bool) {
	next := func() int {
		if len(in) == 0 {
			ok = false
			return 0
		}
		b := in[0]
		in = in[1:]
		return int(b)
	}
	ok = true
	for first := true; first || ok && len(in) > 0; first = false {
		op := next()
		if first {
			op &= 31
		}
		length := op + 1
		distance := 0
		if op >= 32 {
			length = op>>5 + 2
			if length == 9 {
				for more := 255; more == 255; length += more {
					more = next()
				}
			}
			distance = op&31<<8 + next() + 1
			if distance == 8192 {
				distance += next()<<8 + next()
			}
			if distance > len(out) {
				return nil, false
			}
		}
		if len(out)+length > size {
			return nil, false
		}
		for range length {
			if distance > 0 {
				out = append(out, out[len(out)-distance])
			} else {
				out = append(out, byte(next()))
			}
		}
	}
	return out, ok
}
