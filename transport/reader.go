package transport

import (
	"encoding/binary"
	"errors"
	"io"
	"math/bits"
	"slices"
)

const (
	minRead = 1 << 10  // the buffer of a connection on which little arrives
	maxRead = 64 << 10 // and of one on which much does
)

// reader cuts a stream into frames.
type reader struct {
	src      io.Reader
	limit    int
	before   func(begun int) // called before each read, with the bytes that there are of a frame; may be nil
	buf      []byte
	from, to int // what of buf is yet to be consumed

	// A large frame that is incomplete, because reading has failed.
	part   *Frame
	came   int   // bytes of it
	broken error // what next returns from now on
	last   error // came together with the last bytes, nil: none
}

// next returns the next frame. The error is io.EOF only between two frames. After an
// error that does not last, next goes on where it was.
func (r *reader) next() (*Frame, error) {
	if r.broken != nil {
		return nil, r.broken
	}
	if r.part != nil {
		return r.large()
	}
	if err := r.fill(HeaderSize); err != nil {
		return nil, err
	}
	size := binary.BigEndian.Uint32(r.buf[r.from:])
	if size == 0 || uint64(size) > uint64(r.limit) {
		return nil, &FrameError{Size: size, Limit: r.limit}
	}
	n := HeaderSize + int(size)
	if n > maxRead/2 {
		r.begin(n)
		return r.large()
	}
	if err := r.fill(n); err != nil {
		return nil, midFrame(err)
	}
	f := NewFrame()
	f.B = append(f.B[:0], r.buf[r.from:r.from+n]...)
	r.from += n
	return f, nil
}

// more reports whether next returns a frame without reading.
func (r *reader) more() bool {
	n := r.to - r.from
	if n < HeaderSize {
		return false
	}
	size := binary.BigEndian.Uint32(r.buf[r.from:])
	return size > 0 && uint64(size) <= uint64(r.limit) && HeaderSize+uint64(size) <= uint64(min(n, maxRead/2))
}

// pending reports whether next has something without reading, or something of the
// next frame is there.
func (r *reader) pending() bool { return r.from < r.to || r.part != nil || r.last != nil }

// fill makes sure that n bytes are there to be consumed.
func (r *reader) fill(n int) error {
	if r.to-r.from >= n {
		return nil
	}
	if r.from > 0 {
		r.to = copy(r.buf, r.buf[r.from:r.to])
		r.from = 0
	}
	if len(r.buf) < n {
		r.grow(max(minRead, 1<<bits.Len(uint(n-1))))
	}
	for r.to < n {
		k, err := r.read(r.buf[r.to:], r.to)
		r.to += k
		if r.to == len(r.buf) && len(r.buf) < maxRead {
			// There was more than there was room for.
			r.grow(2 * len(r.buf))
		}
		if r.to >= n {
			r.last = err
			return nil
		}
		if err != nil {
			if r.to > 0 {
				return midFrame(err)
			}
			return err
		}
	}
	return nil
}

func (r *reader) grow(size int) {
	buf := make([]byte, size)
	r.to = copy(buf, r.buf[r.from:r.to])
	r.buf, r.from = buf, 0
}

// begin begins a frame of n bytes with its header that is too long for the buffer.
func (r *reader) begin(n int) {
	r.part = roomFor(n, r.to-r.from)
	r.came = copy(r.part.B, r.buf[r.from:r.to])
	r.from += r.came
}

// large reads the frame that was begun, in which there is never room for much more
// than four times what has arrived.
func (r *reader) large() (*Frame, error) {
	n := HeaderSize + int(binary.BigEndian.Uint32(r.part.B))
	for {
		f := r.part
		for r.came < len(f.B) {
			more, err := r.read(f.B[r.came:], r.came)
			r.came += more
			if err != nil && r.came < len(f.B) {
				return nil, midFrame(err)
			}
		}
		if r.came == n {
			r.part, r.came = nil, 0
			return f, nil
		}
		r.part = roomFor(n, r.came)
		copy(r.part.B, f.B)
		f.Free()
	}
}

// roomFor returns a frame for n bytes with its header, of which some have come.
// What stands around a text is no reason to copy it once more.
func roomFor(n, came int) *Frame {
	n = min(n, max(maxRead, 4*came)+extraRoom)
	f := NewFrameFor(n - HeaderSize)
	f.B = slices.Grow(f.B, n-HeaderSize)[:n]
	return f
}

// read reads into b what follows the first bytes of a frame.
func (r *reader) read(b []byte, begun int) (int, error) {
	if err := r.last; err != nil {
		r.last = nil
		return 0, err
	}
	if r.before != nil {
		r.before(begun)
	}
	return r.src.Read(b)
}

func midFrame(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
