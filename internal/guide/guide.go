// Package guide compares the guides with the examples that they show.
package guide

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// blocks finds the Go code in a guide.
var blocks = regexp.MustCompile("(?s)```go\n(.*?)```")

// Check makes sure that the Go code in a guide compiles and runs: each block of
// it stands in a function of one of the files of examples, but for its
// indentation. There must be at least so many blocks.
func Check(t testing.TB, guide string, least int, examples ...string) {
	t.Helper()
	var all strings.Builder
	for _, file := range examples {
		all.WriteString(flat(read(t, file)))
	}
	found := blocks.FindAllStringSubmatch(read(t, guide), -1)
	if len(found) < least {
		t.Errorf("%s has only %d blocks of Go", guide, len(found))
	}
	for _, block := range found {
		if !strings.Contains(all.String(), flat(block[1])) {
			t.Errorf("%s: in no example:\n%s", guide, block[1])
		}
	}
}

func read(t testing.TB, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// flat returns text without indentation.
func flat(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimLeft(line, "\t "))
	}
	return b.String()
}
