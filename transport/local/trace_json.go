package local

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// longestLine is how many bytes [ReadJSON] takes for one event. Events of a
// [Trace] need a small part of it.
const longestLine = 1 << 20

// LineError reports a line that is no event, or cannot be read.
type LineError struct {
	Line int // from 1
	Err  error
}

func (e *LineError) Error() string {
	return fmt.Sprintf("local: line %d of a trace: %v", e.Line, e.Err)
}

func (e *LineError) Unwrap() error { return e.Err }

// WriteJSON writes events as JSON, each in a line of its own. The fields of
// [Event] stand in their order, without those that are empty; times are numbers of
// nanoseconds. The same events are the same bytes. In text, what is not UTF-8
// becomes U+FFFD.
func WriteJSON(w io.Writer, events []Event) error {
	b := bufio.NewWriter(w)
	lines := json.NewEncoder(b)
	lines.SetEscapeHTML(false)
	for i := range events {
		if err := lines.Encode(&events[i]); err != nil {
			return fmt.Errorf("local: write a trace: %w", err)
		}
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("local: write a trace: %w", err)
	}
	return nil
}

var (
	errNoKind = errors.New("an event without a kind")
	errNoTime = errors.New("a negative time")
	errNoSize = errors.New("a negative number")
)

// ReadJSON reads what [WriteJSON] has written, up to the end of r. Empty lines and
// unknown fields are skipped. For a line that is no event, cannot be read, or is
// longer than 1 MiB, it returns the events before it and a *[LineError].
func ReadJSON(r io.Reader) ([]Event, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, longestLine)
	var events []Event
	n := 0
	for lines.Scan() {
		n++
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		e, err := parseEvent(line)
		if err != nil {
			return events, &LineError{n, err}
		}
		events = append(events, e)
	}
	if err := lines.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			err = fmt.Errorf("more than %d bytes: %w", longestLine, err)
		}
		return events, &LineError{n + 1, err}
	}
	return events, nil
}

func parseEvent(line []byte) (e Event, err error) {
	if err := json.Unmarshal(line, &e); err != nil {
		return e, err
	}
	switch {
	case e.Kind == "":
		return e, errNoKind
	case e.Time < 0 || e.Sent < 0:
		return e, errNoTime
	case e.Size < 0 || e.Link < 0:
		return e, errNoSize
	}
	return e, nil
}
