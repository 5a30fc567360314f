package gomas

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// printTo returns an output that prints with a name.
func printTo(w interface{ Write([]byte) (int, error) }) *output {
	o := new(output)
	o.to = o.note(prefixed("p", w, new(sync.Mutex)))
	return o
}

func TestOutputIsCutIntoTheSameLinesHoweverItArrives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOf(rapid.StringMatching(`[ab ]{0,9}`)).Draw(t, "lines")
		text := strings.Join(lines, "\n")
		var want strings.Builder
		for line := range strings.Lines(text) {
			want.WriteString("p: " + strings.TrimSuffix(line, "\n") + "\n")
		}
		var got bytes.Buffer
		o := printTo(&got)
		for rest := text; rest != ""; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "n")
			if m, err := o.Write([]byte(rest[:n])); m != n || err != nil {
				t.Fatalf("wrote %d of %d, %v", m, n, err)
			}
			rest = rest[n:]
		}
		o.end()
		if got.String() != want.String() {
			t.Errorf("%q is printed as %q, want %q", text, got.String(), want.String())
		}
	})
}

func TestALongLineComesInPiecesAndIsKeptInPart(t *testing.T) {
	var got bytes.Buffer
	o := printTo(&got)
	long := strings.Repeat("x", 2*maxLine+5)
	_, _ = o.Write([]byte(long + "\r\nend\n"))
	pieces := strings.Split(got.String(), "\n")
	if len(pieces) != 5 || pieces[2] != "p: xxxxx" || pieces[3] != "p: end" {
		t.Errorf("%d pieces: %.10q", len(pieces), pieces)
	}
	if last := o.last(); len(last) != 4 || len(last[0]) != tailLine {
		t.Errorf("%d are kept", len(last))
	}
	for range 2 * tailSize {
		_, _ = o.Write([]byte("x\n"))
	}
	if last := o.last(); len(last) != tailSize || last[0] != "x" {
		t.Errorf("%d are kept, the first is %.10q", len(last), last[0])
	}
}

// full is a writer that takes one line.
type full struct{ lines int }

func (f *full) Write(b []byte) (int, error) {
	f.lines++
	return 0, errors.New("full")
}

func TestAWriterThatFailsGetsNoMore(t *testing.T) {
	var w full
	o := printTo(&w)
	if n, err := o.Write([]byte("a\nb\nc\n")); n != 6 || err != nil || w.lines != 1 {
		t.Errorf("wrote %d, %v, in %d lines", n, err, w.lines)
	}
	if last := strings.Join(o.last(), ""); last != "abc" {
		t.Errorf("kept %q", last)
	}
}
