package blosc

import "encoding/binary"

// shuffle writes src, a table with rows of width bytes, to dst column by
// column. What is left of an incomplete last row stays where it is. The
// slices have equal lengths.
func shuffle(dst, src []byte, width int) {
	rows := len(src) / width
	col := 0
	for ; col+8 <= width; col += 8 {
		row := 0
		for ; row+8 <= rows; row += 8 {
			s, d := src[row*width+col:], dst[col*rows+row:]
			a, b, c, e, f, g, h, i := transpose(
				load(s, 0), load(s, width), load(s, 2*width), load(s, 3*width),
				load(s, 4*width), load(s, 5*width), load(s, 6*width), load(s, 7*width))
			store(d, 0, a)
			store(d, rows, b)
			store(d, 2*rows, c)
			store(d, 3*rows, e)
			store(d, 4*rows, f)
			store(d, 5*rows, g)
			store(d, 6*rows, h)
			store(d, 7*rows, i)
		}
		for ; row < rows; row++ {
			for c := col; c < col+8; c++ {
				dst[c*rows+row] = src[row*width+c]
			}
		}
	}
	for ; col < width; col++ {
		column := dst[col*rows : (col+1)*rows]
		for row := range column {
			column[row] = src[row*width+col]
		}
	}
	copy(dst[rows*width:], src[rows*width:])
}

// unshuffle is the inverse of shuffle.
func unshuffle(dst, src []byte, width int) {
	rows := len(src) / width
	col := 0
	for ; col+8 <= width; col += 8 {
		row := 0
		for ; row+8 <= rows; row += 8 {
			s, d := src[col*rows+row:], dst[row*width+col:]
			a, b, c, e, f, g, h, i := transpose(
				load(s, 0), load(s, rows), load(s, 2*rows), load(s, 3*rows),
				load(s, 4*rows), load(s, 5*rows), load(s, 6*rows), load(s, 7*rows))
			store(d, 0, a)
			store(d, width, b)
			store(d, 2*width, c)
			store(d, 3*width, e)
			store(d, 4*width, f)
			store(d, 5*width, g)
			store(d, 6*width, h)
			store(d, 7*width, i)
		}
		for ; row < rows; row++ {
			for c := col; c < col+8; c++ {
				dst[row*width+c] = src[c*rows+row]
			}
		}
	}
	for ; col < width; col++ {
		for row, b := range src[col*rows : (col+1)*rows] {
			dst[row*width+col] = b
		}
	}
	copy(dst[rows*width:], src[rows*width:])
}

func load(b []byte, at int) uint64     { return binary.LittleEndian.Uint64(b[at:]) }
func store(b []byte, at int, v uint64) { binary.LittleEndian.PutUint64(b[at:], v) }

// transpose mirrors a square of 8×8 bytes, one row in each word: byte i of
// word j goes to byte j of word i.
func transpose(a, b, c, d, e, f, g, h uint64) (_, _, _, _, _, _, _, _ uint64) {
	a, e = exchange(a, e, 32, 0x00000000ffffffff)
	b, f = exchange(b, f, 32, 0x00000000ffffffff)
	c, g = exchange(c, g, 32, 0x00000000ffffffff)
	d, h = exchange(d, h, 32, 0x00000000ffffffff)

	a, c = exchange(a, c, 16, 0x0000ffff0000ffff)
	b, d = exchange(b, d, 16, 0x0000ffff0000ffff)
	e, g = exchange(e, g, 16, 0x0000ffff0000ffff)
	f, h = exchange(f, h, 16, 0x0000ffff0000ffff)

	a, b = exchange(a, b, 8, 0x00ff00ff00ff00ff)
	c, d = exchange(c, d, 8, 0x00ff00ff00ff00ff)
	e, f = exchange(e, f, 8, 0x00ff00ff00ff00ff)
	g, h = exchange(g, h, 8, 0x00ff00ff00ff00ff)
	return a, b, c, d, e, f, g, h
}

// exchange swaps the bits of x above mask with the bits of y in mask.
func exchange(x, y uint64, shift uint, mask uint64) (uint64, uint64) {
	t := (x>>shift ^ y) & mask
	return x ^ t<<shift, y ^ t
}

// bitUnshuffle puts back what was shuffled bit by bit: a table with eight
// times as many columns, of one bit, the lowest of each byte first. Eight
// rows of a column are a byte. The C library leaves blocks alone whose number
// of rows is no multiple of eight.
func bitUnshuffle(dst, src []byte, width int) {
	rows := len(src) / width
	if rows%8 != 0 {
		copy(dst, src)
		return
	}
	stride := rows / 8
	for col := range width {
		for i := range stride {
			s := src[col*rows+i:]
			x := uint64(s[0]) | uint64(s[stride])<<8 | uint64(s[2*stride])<<16 | uint64(s[3*stride])<<24 |
				uint64(s[4*stride])<<32 | uint64(s[5*stride])<<40 | uint64(s[6*stride])<<48 | uint64(s[7*stride])<<56
			x = transposeBits(x)
			d := dst[8*i*width+col:]
			for row := range 8 {
				d[row*width] = byte(x >> (8 * row))
			}
		}
	}
	copy(dst[rows*width:], src[rows*width:])
}

// transposeBits mirrors a square of 8×8 bits, one row in each byte.
func transposeBits(x uint64) uint64 {
	t := (x>>7 ^ x) & 0x00aa00aa00aa00aa
	x ^= t ^ t<<7
	t = (x>>14 ^ x) & 0x0000cccc0000cccc
	x ^= t ^ t<<14
	t = (x>>28 ^ x) & 0x00000000f0f0f0f0
	return x ^ t ^ t<<28
}
