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
type Frame struct {
	B []byte
}

// A frame is small up to maxSmall. Large ones are kept apart, so that a small
// message does not hold their memory, and by their size: pool i has those with
// room for 32 KiB << i, but not for twice as much, and for what stands around a
// text of such a length. Frames of which nobody has had a use for a while are
// left to the garbage collector, as all that is in a [sync.Pool], and so are
// those above the last size.
const (
	maxSmall  = 32 << 10
	minLarge  = 32 << 10
	sizes     = 8 // up to 4 MiB
	extraRoom = 8 << 10
)

var (
	small = sync.Pool{New: func() any { return &Frame{B: make([]byte, HeaderSize, 256)} }}
	large [sizes]sync.Pool
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
	f, ok := large[i].Get().(*Frame)
	if !ok {
		f = &Frame{B: make([]byte, minLarge<<i+extraRoom)}
	}
	f.B = f.B[:HeaderSize]
	return f
}

// Payload returns the payload, valid until Free.
func (f *Frame) Payload() []byte { return f.B[HeaderSize:] }

// Free gives the frame back. It must not be used afterwards.
func (f *Frame) Free() {
	room := cap(f.B)
	if room <= maxSmall {
		small.Put(f)
		return
	}
	// The last size that there is room for.
	if i := bits.Len(uint(max(0, room-extraRoom))/minLarge) - 1; i >= 0 && i < sizes {
		large[i].Put(f)
	}
}

// seal writes the length of the payload into the header.
func (f *Frame) seal() {
	binary.BigEndian.PutUint32(f.B, uint32(len(f.B)-HeaderSize))
}
