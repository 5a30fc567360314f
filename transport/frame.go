package transport

import (
	"encoding/binary"
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

// Payloads above this size are left to the garbage collector, so that one
// large message does not stay in memory for ever.
const maxReused = 64 << 10

var frames = sync.Pool{New: func() any { return &Frame{B: make([]byte, HeaderSize, 256)} }}

// NewFrame returns a frame with an empty payload, to be appended to B.
func NewFrame() *Frame {
	f := frames.Get().(*Frame)
	f.B = f.B[:HeaderSize]
	return f
}

// Payload returns the payload, valid until Free.
func (f *Frame) Payload() []byte { return f.B[HeaderSize:] }

// Free gives the frame back. It must not be used afterwards.
func (f *Frame) Free() {
	if cap(f.B) <= maxReused {
		frames.Put(f)
	}
}

// seal writes the length of the payload into the header.
func (f *Frame) seal() {
	binary.BigEndian.PutUint32(f.B, uint32(len(f.B)-HeaderSize))
}
