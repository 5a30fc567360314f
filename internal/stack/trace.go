package stack

import (
	"fmt"
	"runtime"
	"strings"
)

// mostFrames is how many calls a trace shows.
const mostFrames = 100

// Trace returns the calls that the calling goroutine is in, the innermost first,
// each with its file and line. While it panics, these are the calls that led to
// the panic. Unlike what the runtime prints, the text has no addresses and no
// number of the goroutine, so it is the same whenever the same thing happens.
func Trace() string {
	var calls [mostFrames]uintptr
	frames := runtime.CallersFrames(calls[:runtime.Callers(2, calls[:])])
	var b strings.Builder
	for more := true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		switch {
		case f.Function == "runtime.gopanic":
			b.Reset() // so far: who looks at the panic
		case strings.HasPrefix(f.Function, "runtime."):
		case f.Function != "":
			fmt.Fprintf(&b, "%s\n\t%s:%d\n", f.Function, f.File, f.Line)
		}
	}
	return b.String()
}
