package blosc

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// compressor is the number of an inner compressor.
type compressor uint8

const (
	blosclzCompressor compressor = iota
	lz4Compressor                // LZ4 and LZ4HC write the same format
	snappyCompressor
	zlibCompressor
	zstdCompressor

	compressorCount
)

func (c compressor) String() string {
	if c >= compressorCount {
		return fmt.Sprintf("compressor %d", uint8(c))
	}
	return [...]string{"blosclz", "lz4", "snappy", "zlib", "zstd"}[c]
}

// expansion is an upper bound of the bytes that one compressed byte can turn
// into.
func (c compressor) expansion() int64 {
	return [...]int64{
		blosclzCompressor: 255,     // a byte of a match's length
		lz4Compressor:     255,     // the same
		snappyCompressor:  32,      // a match of 64 in 3 bytes
		zlibCompressor:    1032,    // a match of 258 in 2 bits
		zstdCompressor:    1 << 15, // a block of 128 KiB in 4 bytes
	}[c]
}

var (
	errLength    = errors.New("stream and block differ in length")
	errTruncated = errors.New("stream is truncated")
	errOverflow  = errors.New("stream is longer than its block")
	errDistance  = errors.New("match before the start of the block")
)

// decompress fills out with what the stream in holds, which must be exactly
// as much. It allocates nothing that depends on the stream, and leaves the
// memory behind out alone.
func (d *decoder) decompress(c compressor, out, in []byte) error {
	var n int
	var err error
	switch c {
	case blosclzCompressor:
		n, err = decodeBloscLZ(out, in)
	case lz4Compressor:
		n, err = lz4.UncompressBlock(in, out)
	case snappyCompressor:
		n, err = decodeSnappy(out, in)
	case zlibCompressor:
		n, err = d.inflate(out, in)
	case zstdCompressor:
		n, err = decodeZstd(out, in)
	}
	if err != nil {
		return &FormatError{Problem: fmt.Sprintf("%v stream", c), Err: err}
	}
	if n != len(out) {
		return &FormatError{Problem: fmt.Sprintf("%v stream", c), Err: errLength}
	}
	return nil
}

func decodeSnappy(out, in []byte) (int, error) {
	n, err := s2.DecodedLen(in)
	if err != nil {
		return 0, err
	}
	if n > len(out) {
		return 0, errOverflow
	}
	_, err = s2.Decode(out, in)
	return n, err
}

// zstdDecoder is shared: it keeps one state for each processor and hands them
// out itself. It starts no goroutine.
var zstdDecoder = sync.OnceValues(func() (*zstd.Decoder, error) {
	return zstd.NewReader(nil,
		zstd.WithDecoderConcurrency(0),
		zstd.WithDecoderLowmem(true),
		zstd.WithDecodeAllCapLimit(true))
})

func decodeZstd(out, in []byte) (int, error) {
	dec, err := zstdDecoder()
	if err != nil {
		return 0, err
	}
	b, err := dec.DecodeAll(in, out[:0:len(out)])
	return len(b), err
}

// inflater is a reusable zlib reader. The zero value is ready to use.
type inflater struct {
	source bytes.Reader
	zlib   io.ReadCloser // nil before its first use; also a zlib.Resetter
	past   [1]byte
}

func (f *inflater) inflate(out, in []byte) (int, error) {
	f.source.Reset(in)
	defer f.source.Reset(nil)
	if f.zlib == nil {
		r, err := zlib.NewReader(&f.source)
		if err != nil {
			return 0, err
		}
		f.zlib = r
	} else if err := f.zlib.(zlib.Resetter).Reset(&f.source, nil); err != nil {
		return 0, err
	}
	n, err := io.ReadFull(f.zlib, out)
	if err != nil {
		return n, err
	}
	// The checksum is only compared at the end.
	switch past, err := f.zlib.Read(f.past[:]); {
	case past > 0:
		return n, errOverflow
	case err != io.EOF:
		return n, err
	}
	return n, nil
}
