package stack

import (
	"bytes"
	"iter"
	"runtime"
	"strconv"
)

// Goroutine returns the number of the calling goroutine. The runtime shows it
// only in the first line of a stack trace, so this takes about a microsecond,
// and more the deeper the stack is.
func Goroutine() uint64 {
	var buf [32]byte
	n, _ := number(buf[:runtime.Stack(buf[:], false)])
	return n
}

// mostText bounds the memory that Of takes.
const mostText = 64 << 20

// Of returns the stack traces of goroutines, by their numbers. Those that have
// ended are missing, and some others may be if there are more than about
// 100,000. All goroutines stop for the time that takes, which grows with their
// number.
func Of(goroutines map[uint64]bool) map[uint64]string {
	traces := make(map[uint64]string)
	for trace := range all() {
		if g, ok := number(trace); ok && goroutines[g] {
			traces[g] = string(bytes.TrimSpace(trace))
		}
	}
	return traces
}

// Count returns how many goroutines there are, or less if there are more than
// about 100,000. Unlike [runtime.NumGoroutine], which a garbage collection has
// count some that have ended, it is exact; what it takes, see [Of].
func Count() (n int) {
	for trace := range all() {
		if _, ok := number(trace); ok {
			n++
		}
	}
	return n
}

// all returns the stack traces of all goroutines.
func all() iter.Seq[[]byte] {
	text := make([]byte, 64<<10)
	n := runtime.Stack(text, true)
	for n == len(text) && n < mostText {
		text = make([]byte, 2*n)
		n = runtime.Stack(text, true)
	}
	return bytes.SplitSeq(text[:n], []byte("\n\n"))
}

// number parses the beginning of a stack trace.
func number(trace []byte) (n uint64, ok bool) {
	rest, ok := bytes.CutPrefix(trace, []byte("goroutine "))
	digits, _, found := bytes.Cut(rest, []byte(" "))
	if !ok || !found {
		return 0, false
	}
	n, err := strconv.ParseUint(string(digits), 10, 64)
	return n, err == nil
}

// Inside reports whether the calling goroutine is in a call of a function,
// which must not be inlined. Its name is the full one, as in stack traces.
func Inside(function string) bool {
	var calls [64]uintptr
	for skip := 0; ; skip += len(calls) {
		n := runtime.Callers(skip, calls[:])
		frames := runtime.CallersFrames(calls[:n])
		for more := n > 0; more; {
			var frame runtime.Frame
			if frame, more = frames.Next(); frame.Function == function {
				return true
			}
		}
		if n < len(calls) {
			return false
		}
	}
}
