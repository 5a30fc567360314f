package blosc

import "math/bits"

// widths are the distances at which MsgPack tends to repeat itself: lists of
// floats or of 64-bit integers have a type byte and eight more for each, and
// so do three 16-bit integers; numbers in a bin have eight bytes, 32-bit
// integers five.
var widths = [...]int{9, 8, 5}

const samples = 64 // words of eight bytes

// columns tells how many columns src should be given when it is shuffled, 1
// if it should not be. Shuffling helps LZ4, which cannot see the likeness of
// neighbouring numbers, only where there are columns to speak of, and harms
// it elsewhere. A width is chosen if the bytes that equal the one a row above
// make up a column or more, and if they are more than the bytes that equal
// their neighbour, which LZ4 finds by itself.
func columns(src []byte) int {
	best, most := 1, repeats(src, 1)
	for _, width := range widths {
		if n := repeats(src, width); n > most && n*width >= 8*samples {
			best, most = width, n
		}
	}
	return best
}

// repeats counts, in samples from all over src, the bytes that equal the one
// distance bytes before. src is longer than a few distances.
func repeats(src []byte, distance int) int {
	room := uint64(len(src) - distance - 8)
	n := 0
	for i := range uint64(samples) {
		at := int(room * i / samples)
		n += zeroBytes(load(src, at) ^ load(src, at+distance))
	}
	return n
}

// zeroBytes counts the bytes of x that are zero.
func zeroBytes(x uint64) int {
	const low = 0x7f7f7f7f7f7f7f7f
	return bits.OnesCount64(^((x&low + low) | x | low))
}
