package clock_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestTheGuidesGoCodeIsThatOfTheExamples makes sure that the Go code in the
// guide compiles and runs: all of it stands in a file of examples.
func TestTheGuidesGoCodeIsThatOfTheExamples(t *testing.T) {
	guide, examples := read(t, "../docs/clocks.md"), flat(read(t, "example_test.go"))
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(guide, -1)
	if len(blocks) < 5 {
		t.Errorf("only %d blocks of Go", len(blocks))
	}
	for _, block := range blocks {
		if !strings.Contains(examples, flat(block[1])) {
			t.Errorf("in no example:\n%s", block[1])
		}
	}
}

func read(t *testing.T, file string) string {
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
