package main

import (
	"fmt"
	"io"
	"os"
	"unicode/utf8"
)

// progressLine shows how far a system is, in a line of a terminal that is written
// again and again. If the output is not a terminal, it shows nothing.
type progressLine struct {
	env   *environment
	name  string
	width int // of what stands there
}

func newProgressLine(env *environment, name string) *progressLine {
	return &progressLine{env: env, name: name}
}

// lineWidth is how wide the line may be: one that was wrapped could not be
// written again.
const lineWidth = 79

func (l *progressLine) tell(done, total int, note string) {
	text := []rune(fmt.Sprintf("%s: %d of %d, %s …", l.name, done, total, note))
	l.write(string(text[:min(len(text), lineWidth)]))
}

// clear takes the line away.
func (l *progressLine) clear() { l.write("") }

func (l *progressLine) write(text string) {
	if !l.env.terminal {
		return
	}
	width := utf8.RuneCountInString(text)
	l.env.printf("\r%s%*s", text, max(0, l.width-width), "")
	if text == "" {
		l.env.printf("\r")
	}
	l.width = width
}

// isTerminal reports whether somebody may be looking at what is written.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
