package local

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// longestText is how many characters a line has of arguments, of a result, or of
// the text of a failure, and widestWords how wide the column of them may be; what
// is longer moves what follows.
const (
	longestText = 60
	widestWords = 56
)

// String returns e as one line, as [WriteText] does. A reply names the function,
// but cannot show the arguments.
func (e Event) String() string {
	r := story{}.row(e, longTime(e.Time))
	return r.line(widths{})
}

// WriteText writes events as text that a person can read, a line each, with
// aligned columns:
//
//	 0.000ms  b      listens
//	10.896ms  a ⇢ b  connection 1               took 10.896ms
//	16.787ms  a → b  1/5 0.add(3, 4)      40 B  took 5.892ms
//	22.741ms  b → a  1/5 0.add(3, 4) = 7  13 B  took 5.953ms
//	22.741ms  a ↛ b  1/6 0.add(3, 5)      40 B  ✗ lost, and the connection with it
//
// That is when it happened, who sent to whom, the numbers of the connection and,
// in it, of the request, what was said, the size of the frame with its header, and
// how long it was on its way, if it was. A frame has its line where it arrives. A
// reply shows the call that it answers; its arguments are left out if the call is
// not among events. Arguments and results are as in [Event.Line], and cut if they
// are long.
func WriteText(w io.Writer, events []Event) error {
	b := bufio.NewWriter(w)
	for _, line := range textLines(events) {
		_, _ = b.WriteString(line) // Flush returns the error
		_ = b.WriteByte('\n')
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("local: write a trace: %w", err)
	}
	return nil
}

// textLines returns events as lines with aligned columns.
func textLines(events []Event) []string { return align(rows(events, anyLong(events))) }

func anyLong(events []Event) bool {
	return slices.ContainsFunc(events, func(e Event) bool { return longTime(e.Time) })
}

func rows(events []Event, long bool) []row {
	told := make(story)
	list := make([]row, len(events))
	for i, e := range events {
		list[i] = told.row(e, long)
	}
	return list
}

func align(rows []row) []string {
	var width widths
	for i := range rows {
		width.take(&rows[i])
	}
	lines := make([]string, len(rows))
	for i := range rows {
		lines[i] = rows[i].line(width)
	}
	return lines
}

// story remembers calls that have no reply yet, as text, by where they were made.
type story map[callKey]string

type callKey struct {
	link     int
	from, to string
	id       uint64
}

// call returns the call that a frame is about, if it is a reply. If e is a call it
// is remembered.
func (s story) call(e Event) string {
	if e.Kind != Frame || e.Path == "" {
		return ""
	}
	switch e.Message {
	case requestWord:
		if e.Outcome != "" {
			break // there will be no reply
		}
		key := callKey{e.Link, e.From, e.To, e.ID}
		if _, twice := s[key]; twice {
			s[key] = "" // both ends are in one container: whose reply comes first is unknown
		} else {
			s[key] = e.callText(longestText)
		}
	case resultWord, failureWord:
		key := callKey{e.Link, e.To, e.From, e.ID}
		call := s[key]
		delete(s, key)
		if call == "" {
			call = functionName(e.Path) + "(…)"
		}
		return call
	}
	return ""
}

// row is an event as columns.
type row struct{ time, from, arrow, to, what, size, remark string }

func (s story) row(e Event, long bool) row {
	r := row{
		time: timeText(e.Time, long), from: oneLine(e.From), arrow: arrow(e), to: oneLine(e.To),
		what: e.what(s.call(e)), remark: remark(e),
	}
	if e.Kind == Frame {
		if e.Message != "" && e.Message != helloWord {
			r.what = fmt.Sprintf("%d/%d %s", e.Link, e.ID, r.what)
		}
		r.size = fmt.Sprintf("%d B", e.Size)
	}
	return r
}

func arrow(e Event) string {
	switch {
	case e.To == "":
		return ""
	case e.Kind == Close:
		return "×"
	case e.Outcome != "":
		return "↛"
	case e.Kind == Connect:
		return "⇢"
	}
	return "→"
}

// remark returns how it ended or, if that was well, how long it took.
func remark(e Event) string {
	switch {
	case e.Outcome != "":
		return "✗ " + oneLine(e.Outcome)
	case (e.Kind == Frame || e.Kind == Connect) && e.Sent < e.Time:
		return "took " + (e.Time - e.Sent).Round(time.Microsecond).String()
	}
	return ""
}

// longTime reports whether a time is better not written in milliseconds.
func longTime(t time.Duration) bool { return t >= 10*time.Second }

// timeText returns a time with all digits down to microseconds, so that times
// below each other can be compared.
func timeText(t time.Duration, long bool) string {
	if !long {
		return fmt.Sprintf("%d.%03dms", t/time.Millisecond, t%time.Millisecond/time.Microsecond)
	}
	h, m := t/time.Hour, t%time.Hour/time.Minute
	seconds := fmt.Sprintf("%d.%06ds", t%time.Minute/time.Second, t%time.Second/time.Microsecond)
	switch {
	case h > 0:
		return fmt.Sprintf("%dh%02dm%010s", h, m, seconds)
	case m > 0:
		return fmt.Sprintf("%dm%010s", m, seconds)
	}
	return seconds
}

// widths are those of columns, in characters.
type widths struct{ time, from, to, what, size int }

func (w *widths) take(r *row) {
	w.time = max(w.time, utf8.RuneCountInString(r.time))
	w.from = max(w.from, utf8.RuneCountInString(r.from))
	w.to = max(w.to, utf8.RuneCountInString(r.to))
	w.what = max(w.what, min(widestWords, utf8.RuneCountInString(r.what)))
	w.size = max(w.size, utf8.RuneCountInString(r.size))
}

// line returns the columns as a line. Without widths, those that are empty are left
// out.
func (r *row) line(w widths) string {
	who := fmt.Sprintf("%*s", w.from, r.from)
	if r.arrow != "" {
		who += " " + r.arrow + " " + r.to
	}
	between := 0
	if w.to > 0 {
		between = utf8.RuneCountInString(" → ")
	}
	columns := [...]string{
		fmt.Sprintf("%*s", w.time, r.time),
		fmt.Sprintf("%-*s", w.from+between+w.to, who),
		fmt.Sprintf("%-*s", w.what, r.what),
		fmt.Sprintf("%*s", w.size, r.size),
		r.remark,
	}
	var b strings.Builder
	for _, c := range columns {
		if c == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("  ")
		}
		b.WriteString(c)
	}
	return strings.TrimRight(b.String(), " ")
}
