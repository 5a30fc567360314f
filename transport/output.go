package transport

import "sync"

// output is what is written one after the other: copies of small frames, so that
// they share a system call, and maybe a large one behind them, in its own memory.
// It is taken from a pool when there is something, so that an idle connection
// needs none.
type output struct {
	small   []byte
	large   *Frame // nil: none
	written int    // bytes, of both
	part    *Frame // of large, if a text of that stands outside; nil before it is needed
	partEnd int    // what of large ends with it
	next    *output
}

var outputPool = sync.Pool{New: func() any { return new(output) }}

// Outputs that have grown above this size are left to the garbage collector.
const maxOutput = 64 << 10

// size returns how many bytes are written.
func (o *output) size() int {
	n := len(o.small)
	if o.large != nil {
		n += o.large.Size()
	}
	return n
}

// rest returns what is to be written next, empty if all has been. Of a frame with a
// text that stands outside, it is a copy of some of it, so that the peer reads one
// part while the next is copied.
func (o *output) rest() []byte {
	if o.written < len(o.small) {
		return o.small[o.written:]
	}
	f, from := o.large, o.written-len(o.small)
	switch {
	case f == nil || from == f.Size():
		return nil
	case f.text == "":
		return f.B[from:]
	case o.part == nil:
		o.part = NewFrameFor(writeSize - HeaderSize)
		fallthrough
	case from == o.partEnd:
		n := f.read(o.part.B[:writeSize], from)
		o.part.B, o.partEnd = o.part.B[:n], from+n
	}
	return o.part.B[len(o.part.B)-(o.partEnd-from):]
}

// free gives o and its frame back.
func (o *output) free() {
	if o.large != nil {
		o.large.Free()
	}
	if o.part != nil {
		o.part.Free()
	}
	if cap(o.small) <= maxOutput {
		*o = output{small: o.small[:0]}
		outputPool.Put(o)
	}
}

// outputs are those of a stream, in the order in which they are written. The
// zero value has none.
type outputs struct{ first, last *output }

// add puts f behind all others. It reports whether it keeps f, as it does with
// a large one.
func (q *outputs) add(f *Frame) (kept bool) {
	if q.last == nil || q.last.large != nil {
		o := outputPool.Get().(*output)
		if q.last == nil {
			q.first = o
		} else {
			q.last.next = o
		}
		q.last = o
	}
	if f.Size() > maxSmall {
		q.last.large = f
		return true
	}
	f.Payload() // with a text inside
	q.last.small = append(q.last.small, f.B...)
	return false
}

// take removes the first output.
func (q *outputs) take() *output {
	o := q.first
	if q.first = o.next; q.first == nil {
		q.last = nil
	}
	return o
}
