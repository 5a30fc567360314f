// Package blosc reads and writes c-blosc 1 chunks: one message compressed as
// a whole, the form in which MsgPack travels under Python's msgpackblosc
// codec.
//
// A chunk is a header of 16 bytes and then either the bytes themselves
// (stored) or, for each block of the message, one or several compressed
// streams, with a table of where each block starts. Before compression the
// bytes of a block may have been shuffled: seen as a table with a row of
// typesize bytes for each element, it is compressed column by column, because
// bytes of equal weight resemble each other. The format is that of the
// documents README_CHUNK_FORMAT and README_HEADER of c-blosc 1, except that
// the library counts block starts from the start of the chunk.
//
// [Decode] reads every chunk that the C library makes. [Append] makes chunks
// that the C library reads. Both may be called by any number of goroutines.
package blosc

import (
	"encoding/binary"
	"fmt"
	"math"
)

const (
	headerSize    = 16
	formatVersion = 2
	streamVersion = 1 // the same for each inner compressor
)

// MaxSize is how many bytes a chunk can hold; the C library has the same
// limit.
const MaxSize = math.MaxInt32 - headerSize

// flags is the third byte of a chunk. Its upper three bits name the
// compressor.
type flags uint8

const (
	shuffled    flags = 1 << 0
	stored      flags = 1 << 1
	bitShuffled flags = 1 << 2
	reserved    flags = 1 << 3
	unsplit     flags = 1 << 4 // one stream a block

	compressorShift = 5
)

func (f flags) compressor() compressor { return compressor(f >> compressorShift) }

// Header is the validated header of a chunk. All sizes are in bytes.
type Header struct {
	Size      int // of the message
	BlockSize int // of each block before compression, the last one may be shorter
	TypeSize  int // of the elements that were shuffled, 1 to 255

	flags flags
}

// ParseHeader reads the header of chunk, which must be complete: a chunk does
// not agree with a header that gives it another length. It returns a
// [*FormatError] for everything that the C library refuses as well.
//
// The size in a header is no more than a claim; see [Decode].
func ParseHeader(chunk []byte) (Header, error) {
	if len(chunk) < headerSize {
		return Header{}, malformed("%d bytes are too few for a header", len(chunk))
	}
	if v := chunk[0]; v != formatVersion {
		return Header{}, malformed("version %d, not %d", v, formatVersion)
	}
	size := binary.LittleEndian.Uint32(chunk[4:])
	blockSize := binary.LittleEndian.Uint32(chunk[8:])
	chunkSize := binary.LittleEndian.Uint32(chunk[12:])
	f, typeSize := flags(chunk[2]), chunk[3]
	switch {
	case uint64(chunkSize) != uint64(len(chunk)):
		return Header{}, malformed("header gives a length of %d bytes, there are %d", chunkSize, len(chunk))
	case size > MaxSize:
		return Header{}, malformed("size %d is above the format's limit", size)
	case typeSize == 0:
		return Header{}, malformed("type size is zero")
	case blockSize == 0:
		return Header{}, malformed("block size is zero")
	case size > 0 && blockSize > size:
		return Header{}, malformed("block size %d is above the size %d", blockSize, size)
	case f&reserved != 0:
		return Header{}, malformed("reserved flag is set")
	}
	h := Header{
		Size:      int(size),
		BlockSize: int(min(blockSize, MaxSize)),
		TypeSize:  int(typeSize),
		flags:     f,
	}
	return h, h.checkBody(chunk)
}

// checkBody checks what follows the header against it.
func (h Header) checkBody(chunk []byte) error {
	body := len(chunk) - headerSize
	if h.flags&stored != 0 {
		if body != h.Size {
			return malformed("size %d, but %d bytes are stored", h.Size, body)
		}
		return nil
	}
	c := h.flags.compressor()
	if c >= compressorCount {
		return malformed("unknown %v", c)
	}
	if v := chunk[1]; v != streamVersion {
		return malformed("version %d of %v, not %d", v, c, streamVersion)
	}
	table := 4 * int64(h.blocks())
	if table > int64(body) {
		return malformed("table of %d blocks does not fit in %d bytes", h.blocks(), body)
	}
	// Nothing is allocated for a size that no compressor could have reached.
	if streams := int64(body) - table; int64(h.Size) > streams*c.expansion() {
		return malformed("%d bytes of %v cannot hold %d bytes", streams, c, h.Size)
	}
	return nil
}

// blocks is the number of blocks of a chunk that is not stored.
func (h Header) blocks() int {
	n := h.Size / h.BlockSize
	if h.Size%h.BlockSize > 0 {
		n++
	}
	return n
}

const (
	maxSplit        = 16  // larger types are never split
	minSplitColumns = 128 // blocks of fewer elements neither
)

// streams is the number of streams of a block of the given size.
func (h Header) streams(size int) int {
	if h.flags&unsplit != 0 || size < h.BlockSize ||
		h.TypeSize > maxSplit || size/h.TypeSize < minSplitColumns {
		return 1
	}
	return h.TypeSize
}

// FormatError reports a chunk that breaks the format or that its inner
// compressor cannot read.
type FormatError struct {
	Problem string
	Err     error // what the inner compressor said, if it is to blame
}

func malformed(format string, args ...any) *FormatError {
	return &FormatError{Problem: fmt.Sprintf(format, args...)}
}

func (e *FormatError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("blosc: malformed chunk: %s: %v", e.Problem, e.Err)
	}
	return "blosc: malformed chunk: " + e.Problem
}

func (e *FormatError) Unwrap() error { return e.Err }

// LimitError reports a message that is larger than allowed. Both are in
// bytes.
type LimitError struct {
	Size, Limit int
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("blosc: a message of %d bytes is above the limit of %d", e.Size, e.Limit)
}
