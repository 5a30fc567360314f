package transport

import (
	"encoding/binary"
	"math/bits"
	"sync"
)

// HeaderSize is the number of bytes before the payload of a frame.
const HeaderSize = 4

// Frame is one frame in memory: [HeaderSize] bytes that belong to the
// transport, then the payload. Frames are reused: whoever has one last frees
// it, and keeps nothing of its bytes.
//
// One that is to be sent may have a long text in its payload that stands outside
// of its memory, see Insert.
type Frame struct {
	B    []byte
	text string // between B[:at] and B[at:]
	at   int
}

// A frame is small up to maxSmall. Large ones are kept apart, so that a small
// message does not hold their memory, and by their size: shelf i has those with
// room for 32 KiB << i, but not for twice as much, and for what stands around a
// text of such a length. Frames of which nobody has had a use for a while are
// left to the garbage collector, except for two of each size up to 1 MiB, which
// are 4 MiB in all; and those above the last size always are.
const (
	maxSmall  = 32 << 10
	minLarge  = 32 << 10
	sizes     = 8       // up to 4 MiB
	maxStay   = 1 << 20 // see shelf
	extraRoom = 8 << 10
)

var (
	small = sync.Pool{New: func() any { return &Frame{B: make([]byte, HeaderSize, 256)} }}
	large [sizes]shelf
)

// NewFrame returns a frame with an empty payload, to be appended to B.
func NewFrame() *Frame {
	f := small.Get().(*Frame)
	f.B = f.B[:HeaderSize]
	return f
}

// NewFrameFor returns a frame with an empty payload, to be appended to B, that
// is expected to take about size bytes.
func NewFrameFor(size int) *Frame {
	if size < maxSmall {
		return NewFrame()
	}
	// The first size that has the room.
	i := bits.Len(uint(max(0, size+HeaderSize-extraRoom-1)) / minLarge)
	if i >= sizes {
		return &Frame{B: make([]byte, HeaderSize, HeaderSize+size)}
	}
	f := large[i].get()
	if f == nil {
		f = &Frame{B: make([]byte, minLarge<<i+extraRoom)}
	}
	f.B = f.B[:HeaderSize]
	return f
}

// Insert puts text into the payload, before what is in B from at on. The text
// is not copied but where it is written, or into B if somebody asks for Payload.
// A frame has one such text, and nothing is appended to B afterwards.
func (f *Frame) Insert(at int, text string) {
	if cap(f.B) > maxSmall && len(f.B) <= maxSmall {
		// The room was for the text.
		rest := NewFrame()
		rest.B = append(rest.B[:0], f.B...)
		f.B, rest.B = rest.B, f.B
		rest.Free()
	}
	f.text, f.at = text, at
}

// Size returns how many bytes the frame has, with its header.
func (f *Frame) Size() int { return len(f.B) + len(f.text) }

// Payload returns the payload, valid until Free.
func (f *Frame) Payload() []byte {
	if f.text != "" {
		f.join()
	}
	return f.B[HeaderSize:]
}

// join copies the text into B.
func (f *Frame) join() {
	whole := NewFrameFor(f.Size() - HeaderSize)
	whole.B = append(append(append(whole.B[:0], f.B[:f.at]...), f.text...), f.B[f.at:]...)
	f.B, whole.B = whole.B, f.B
	f.text = ""
	whole.Free()
}

// read copies what the frame has from a place on, as much as fits into b, and
// returns how much that is.
func (f *Frame) read(b []byte, from int) int {
	n := 0
	if from < f.at {
		n = copy(b, f.B[from:f.at])
	}
	if i := from + n - f.at; n < len(b) && i < len(f.text) {
		n += copy(b[n:], f.text[i:])
	}
	if n < len(b) {
		n += copy(b[n:], f.B[from+n-len(f.text):])
	}
	return n
}

// Free gives the frame back. It must not be used afterwards.
func (f *Frame) Free() {
	f.text, f.at = "", 0
	room := cap(f.B)
	if room <= maxSmall {
		small.Put(f)
		return
	}
	// The last size that there is room for.
	if i := bits.Len(uint(max(0, room-extraRoom))/minLarge) - 1; i >= 0 && i < sizes {
		large[i].put(f, room <= min(minLarge<<i, maxStay)+extraRoom)
	}
}

// seal writes the length of the payload into the header.
func (f *Frame) seal() {
	binary.BigEndian.PutUint32(f.B, uint32(f.Size()-HeaderSize))
}
