package blosc

import (
	"encoding/binary"
	"slices"
	"sync"

	"github.com/pierrec/lz4/v4"
)

const (
	// minCompressed is the shortest message worth the trouble; the C library
	// draws the line at the same length.
	minCompressed = 128

	// maxBlock is the largest block that Append makes. A block and its
	// shuffled copy fit into the cache of a processor, while the window of
	// LZ4, 64 KiB, is much smaller.
	maxBlock = 256 << 10

	// plainTypeSize stands in chunks that are not shuffled.
	plainTypeSize = 8
)

// Append appends src as one chunk to dst. It keeps neither, and they must not
// overlap. The same bytes always make the same chunk. A chunk is at most 16
// bytes longer than src: what does not get shorter is stored.
//
// The inner compressor is LZ4. A message above [MaxSize] is a [*LimitError].
func Append(dst, src []byte) ([]byte, error) {
	if len(src) > MaxSize {
		return dst, &LimitError{Size: len(src), Limit: MaxSize}
	}
	if len(src) >= minCompressed {
		e := encoders.Get().(*encoder)
		defer encoders.Put(e)
		if out, ok := e.append(dst, src); ok {
			return out, nil
		}
	}
	return appendStored(dst, src), nil
}

func appendStored(dst, src []byte) []byte {
	// A block size that no one uses, but that the C library would write.
	blockSize := max(len(src)-len(src)%plainTypeSize, 1)
	dst = slices.Grow(dst, headerSize+len(src))
	dst = appendHeader(dst, shuffled|stored|unsplit, plainTypeSize, len(src), blockSize, headerSize+len(src))
	return append(dst, src...)
}

func appendHeader(dst []byte, f flags, typeSize, size, blockSize, chunkSize int) []byte {
	dst = append(dst, formatVersion, streamVersion, byte(f), byte(typeSize))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(size))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(blockSize))
	return binary.LittleEndian.AppendUint32(dst, uint32(chunkSize))
}

// encoder is the memory that encoding needs beside the output.
type encoder struct {
	lz4     lz4.CompressorCCompat // as fast as lz4.Compressor with a third of its memory
	scratch []byte                // a shuffled block
}

var encoders = sync.Pool{New: func() any { return new(encoder) }}

// append is Append for a message that may or may not be worth compressing: it
// reports whether it was.
func (e *encoder) append(dst, src []byte) ([]byte, bool) {
	f := unsplit | flags(lz4Compressor)<<compressorShift
	typeSize := plainTypeSize
	width := columns(src)
	if width > 1 {
		f |= shuffled
		typeSize = width
	}
	h := Header{Size: len(src), BlockSize: min(len(src), maxBlock-maxBlock%typeSize)}

	// chunk is as long as a stored one would be, so that whatever does not
	// fit has not become shorter.
	start := len(dst)
	dst = slices.Grow(dst, headerSize+len(src))
	chunk := dst[start : start+headerSize+len(src)]
	pos := headerSize + 4*h.blocks()
	for i := range h.blocks() {
		block := src[i*h.BlockSize : min((i+1)*h.BlockSize, len(src))]
		if width > 1 {
			e.scratch = slices.Grow(e.scratch[:0], len(block))[:len(block)]
			shuffle(e.scratch, block, width)
			block = e.scratch
		}
		if len(chunk)-pos < 4 {
			return dst, false
		}
		n := e.compress(chunk[pos+4:], block)
		if n == 0 {
			return dst, false
		}
		binary.LittleEndian.PutUint32(chunk[headerSize+4*i:], uint32(pos))
		binary.LittleEndian.PutUint32(chunk[pos:], uint32(n))
		pos += 4 + n
	}
	appendHeader(chunk[:0], f, typeSize, len(src), h.BlockSize, pos)
	return dst[:start+pos], true
}

// compress writes block as one stream to the start of dst and returns its
// length, 0 if it does not fit. A stream as long as its block is the block
// itself.
func (e *encoder) compress(dst, block []byte) int {
	shorter := dst[:min(len(dst), len(block)-1)]
	if n, err := e.lz4.CompressBlock(block, shorter); n > 0 && err == nil {
		return n
	}
	if len(block) > len(dst) {
		return 0
	}
	return copy(dst, block)
}
