package blosc

import (
	"encoding/binary"
	"slices"
	"sync"
)

// Decode appends the message in chunk to dst. It does not keep chunk, which
// must not overlap dst's spare capacity.
//
// A message of more than limit bytes is a [*LimitError], which costs no
// memory. A chunk that breaks the format is a [*FormatError]. With either,
// dst comes back as it was.
//
// The size that a chunk claims for itself is not believed: memory is taken
// for one block after the other, and for none at all if the chunk is too
// short to hold so much.
func Decode(dst, chunk []byte, limit int) ([]byte, error) {
	h, err := ParseHeader(chunk)
	if err != nil {
		return dst, err
	}
	if h.Size > limit {
		return dst, &LimitError{Size: h.Size, Limit: limit}
	}
	if h.flags&stored != 0 {
		return append(dst, chunk[headerSize:]...), nil
	}
	d := decoders.Get().(*decoder)
	defer d.release()
	out, err := d.blocks(dst, chunk, h)
	if err != nil {
		return dst, err
	}
	return out, nil
}

// decoder is the memory that decoding needs beside the output.
type decoder struct {
	scratch []byte // a block before its bytes are put back in order
	inflater
}

var decoders = sync.Pool{New: func() any { return new(decoder) }}

// maxKept is how large a scratch buffer is kept for the next chunk. Python's
// blocks have up to that size.
const maxKept = 1 << 20

func (d *decoder) release() {
	if cap(d.scratch) > maxKept {
		d.scratch = nil
	}
	decoders.Put(d)
}

func (d *decoder) blocks(dst, chunk []byte, h Header) ([]byte, error) {
	b := blockReader{decoder: d, Header: h, chunk: chunk}
	b.unread = len(chunk) - headerSize - 4*h.blocks()

	// Usual messages need no second allocation; what compresses better than
	// most has to prove it first.
	dst = slices.Grow(dst, min(h.Size, max(h.BlockSize, 16*len(chunk))))
	for i := range h.blocks() {
		size := min(h.BlockSize, h.Size-i*h.BlockSize)
		dst = slices.Grow(dst, size)
		end := len(dst) + size
		if err := b.block(dst[len(dst):end], i); err != nil {
			return nil, err
		}
		dst = dst[:end]
	}
	return dst, nil
}

// blockReader decodes the blocks of one chunk.
type blockReader struct {
	*decoder
	Header
	chunk []byte

	// unread is how many bytes of the chunk no block has claimed yet. Blocks
	// may come in any order, but not share bytes: the work would not be
	// bounded by the length of the chunk.
	unread int
}

// block decodes the block with the given number into out.
func (b *blockReader) block(out []byte, number int) error {
	filter := b.filter(len(out))
	target := out
	if filter != nil {
		b.scratch = slices.Grow(b.scratch[:0], len(out))
		target = b.scratch[:len(out)]
	}
	streams := b.streams(len(out))
	if len(out)%streams > 0 {
		return malformed("block of %d bytes cannot be split in %d streams", len(out), streams)
	}
	start := binary.LittleEndian.Uint32(b.chunk[headerSize+4*number:])
	if uint64(start) > uint64(len(b.chunk)) {
		return malformed("block %d starts behind the end", number)
	}
	in := b.chunk[start:]
	for size := len(out) / streams; len(target) > 0; target = target[size:] {
		stream, rest, err := b.stream(in, number)
		if err != nil {
			return err
		}
		if len(stream) == size {
			copy(target, stream) // what does not get shorter is stored
		} else if err := b.decompress(b.flags.compressor(), target[:size:size], stream); err != nil {
			return err
		}
		in = rest
	}
	if filter != nil {
		filter(out, b.scratch[:len(out)], b.TypeSize)
	}
	return nil
}

// stream cuts the first stream off in.
func (b *blockReader) stream(in []byte, block int) (stream, rest []byte, err error) {
	if len(in) < 4 {
		return nil, nil, malformed("block %d is truncated", block)
	}
	n := binary.LittleEndian.Uint32(in)
	if uint64(n) > uint64(len(in)-4) {
		return nil, nil, malformed("block %d: stream of %d bytes, %d are left", block, n, len(in)-4)
	}
	size := int(n)
	if b.unread -= 4 + size; b.unread < 0 {
		return nil, nil, malformed("blocks overlap")
	}
	return in[4 : 4+size], in[4+size:], nil
}

// filter returns what puts the bytes of a block of the given size back in
// order, nil if they are.
func (b *blockReader) filter(size int) func(dst, src []byte, width int) {
	switch {
	case b.flags&shuffled != 0:
		if b.TypeSize > 1 {
			return unshuffle
		}
	case b.flags&bitShuffled != 0:
		if b.TypeSize <= size {
			return bitUnshuffle
		}
	}
	return nil
}
