package blosc

import "encoding/binary"

// The blosclz format descends from level 2 of FastLZ. A stream is a list of
// instructions. The first byte of one below 32 is one less than the number of
// literals that follow. Any other holds, in three bits, a match's length less
// two and, in five, the upper part of its distance less one; the largest
// length goes on in bytes to add, up to the first that is not 255. Then comes
// the lower byte of the distance. If all 13 bits of the distance are set, two
// bytes follow that give it less 8192. The first byte of a stream is always
// one for literals; its upper bits are a version.
const (
	literalBits  = 5
	shortMatch   = 8 // matches of this length and above have length bytes
	nearDistance = 1 << 13
)

// decodeBloscLZ decodes the stream in to the start of out and returns how
// many bytes it held.
func decodeBloscLZ(out, in []byte) (int, error) {
	if len(in) == 0 {
		return 0, errTruncated
	}
	op := int(in[0] & (1<<literalBits - 1))
	o, i := 0, 1
	for {
		if op < 1<<literalBits {
			n := op + 1
			switch {
			case n > len(in)-i:
				return o, errTruncated
			case n > len(out)-o:
				return o, errOverflow
			}
			if len(in)-i >= 32 && len(out)-o >= 32 {
				// Copying a fixed size needs no call; what is too much is
				// written over later.
				*(*[32]byte)(out[o:]) = [32]byte(in[i:])
			} else {
				copy(out[o:o+n], in[i:])
			}
			o, i = o+n, i+n
		} else {
			n := op>>literalBits + 2
			distance := op&(1<<literalBits-1)<<8 + 1
			if n == shortMatch+1 {
				for more := byte(255); more == 255; i++ {
					if i == len(in) {
						return o, errTruncated
					}
					if n > len(out) {
						return o, errOverflow
					}
					more = in[i]
					n += int(more)
				}
			}
			if i == len(in) {
				return o, errTruncated
			}
			distance += int(in[i])
			i++
			if distance == nearDistance {
				if len(in)-i < 2 {
					return o, errTruncated
				}
				distance += int(binary.BigEndian.Uint16(in[i:]))
				i += 2
			}
			switch {
			case distance > o:
				return o, errDistance
			case n > len(out)-o:
				return o, errOverflow
			}
			copyMatch(out, o, distance, n)
			o += n
		}
		if i == len(in) {
			return o, nil
		}
		op = int(in[i])
		i++
	}
}

// copyMatch repeats at out[o:o+n] what stands distance bytes before; the two
// may overlap. Bytes of out behind that may change.
func copyMatch(out []byte, o, distance, n int) {
	from, end := o-distance, o+n
	switch {
	case n <= 32 && distance >= 8 && len(out)-o >= 32:
		s, d := out[from:], out[o:o+32]
		for i := 0; i < 32; i += 8 {
			store(d, i, load(s, i))
		}
	case distance == 1:
		b := out[from]
		run := out[o:end]
		for i := range run {
			run[i] = b
		}
	default:
		// Each round makes what can be repeated longer.
		for o < end {
			o += copy(out[o:end], out[from:o])
		}
	}
}
