package main

import (
	"bufio"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomas/gomas/transport/local"
)

// traceFormat writes events.
type traceFormat func(io.Writer, []local.Event) error

// traceFormats are known by how the name of the file ends.
var traceFormats = map[string]traceFormat{
	".jsonl": local.WriteJSON,
	".txt":   local.WriteText,
	".mmd": func(w io.Writer, events []local.Event) error {
		return local.WriteMermaid(w, events, nil) // as many as can be drawn
	},
}

// traceFormatOf returns the format for a file.
func traceFormatOf(name string) (traceFormat, error) {
	if format, ok := traceFormats[filepath.Ext(name)]; ok {
		return format, nil
	}
	endings := slices.Sorted(maps.Keys(traceFormats))
	return nil, usageError("", "--trace %s: the name must end in %s", filepath.Base(name), strings.Join(endings, " or "))
}

// traceFile is a file for a trace.
type traceFile struct {
	*os.File
	format traceFormat
}

// newTraceFile makes the file, or empties it, so that a name that will not do
// shows before something runs.
func newTraceFile(name string) (*traceFile, error) {
	format, err := traceFormatOf(name)
	if err != nil {
		return nil, err
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, usageError("", "--trace: %w", err)
	}
	return &traceFile{f, format}, nil
}

// write writes the events, and closes the file.
func (f *traceFile) write(events []local.Event) error {
	w := bufio.NewWriter(f)
	return errors.Join(f.format(w, events), w.Flush(), f.Close())
}
