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
	next    *output
}

var outputPool = sync.Pool{New: func() any { return new(output) }}

// Outputs that have grown above this size are left to the garbage collector.
const maxOutput = 64 << 10

// size returns how many bytes are written in all.
func (o *output) size() int {
	n := len(o.small)
	if o.large != nil {
		n += len(o.large.B)
	}
	return n
}

// rest returns what is to be written next, empty if all has been.
func (o *output) rest() []byte {
	if o.written < len(o.small) {
		return o.small[o.written:]
	}
	if o.large == nil {
		return nil
	}
	return o.large.B[o.written-len(o.small):]
}

// free gives o and its frame back.
func (o *output) free() {
	if o.large != nil {
		o.large.Free()
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
	if len(f.B) > maxSmall {
		q.last.large = f
		return true
	}
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
