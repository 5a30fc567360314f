package gomas

import (
	"bytes"
	"io"
	"slices"
	"sync"
)

const (
	maxLine  = 16 << 10 // longer ones are cut in pieces
	tailSize = 30       // lines
	tailLine = 400      // bytes of a line
)

// output is one of the outputs of a process. It takes it apart and hands it on
// line by line, and keeps the last ones. It implements [io.Writer], for one
// goroutine at a time.
type output struct {
	to   func(line []byte)
	part []byte // the line that is not complete

	mu   sync.Mutex
	tail []string
}

// Write implements [io.Writer]. It does not fail.
func (o *output) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		line, rest, complete := bytes.Cut(p, []byte("\n"))
		room := maxLine - len(o.part)
		if len(line) > room {
			line, rest, complete = p[:room], p[room:], true
		}
		o.part, p = append(o.part, line...), rest
		if complete {
			o.flush()
		}
	}
	return n, nil
}

// flush hands on the line as far as it has come.
func (o *output) flush() {
	o.to(bytes.TrimSuffix(o.part, []byte("\r")))
	o.part = o.part[:0]
}

// end hands on a last line that does not end.
func (o *output) end() {
	if len(o.part) > 0 {
		o.flush()
	}
}

// prefixed writes each line with a name in front, in one piece, under mu. A
// writer that fails gets no more.
func prefixed(name string, w io.Writer, mu *sync.Mutex) func(line []byte) {
	var broken bool
	return func(line []byte) {
		mu.Lock()
		defer mu.Unlock()
		if broken {
			return
		}
		out := make([]byte, 0, len(name)+len(line)+3)
		out = append(append(out, name...), ": "...)
		out = append(append(out, line...), '\n')
		_, err := w.Write(out)
		broken = err != nil
	}
}

// note returns print, with each line kept for errors.
func (o *output) note(print func(line []byte)) func(line []byte) {
	return func(line []byte) {
		o.mu.Lock()
		if len(o.tail) == tailSize {
			o.tail = append(o.tail[:0], o.tail[1:]...)
		}
		o.tail = append(o.tail, string(line[:min(len(line), tailLine)]))
		o.mu.Unlock()
		print(line)
	}
}

// last returns the last lines.
func (o *output) last() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.tail)
}
