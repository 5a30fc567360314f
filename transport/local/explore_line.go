package local

import (
	"io"
	"io/fs"
	"strings"
	"unicode/utf8"
)

// line is a line on a terminal that is written over again and again.
type line struct {
	w     io.Writer
	width int // of what it shows now
}

// newLine returns nil if w is no terminal.
func newLine(w io.Writer) *line {
	f, ok := w.(interface{ Stat() (fs.FileInfo, error) })
	if !ok {
		return nil
	}
	info, err := f.Stat()
	if err != nil || info.Mode()&fs.ModeCharDevice == 0 {
		return nil
	}
	return &line{w: w}
}

// show replaces the line. Nobody minds if it cannot be seen.
func (l *line) show(text string) {
	width := utf8.RuneCountInString(text)
	rest := strings.Repeat(" ", max(0, l.width-width))
	_, _ = io.WriteString(l.w, "\r"+text+rest)
	l.width = width
}

// clear leaves an empty line, with the cursor at its start.
func (l *line) clear() {
	l.show("")
	_, _ = io.WriteString(l.w, "\r")
}
