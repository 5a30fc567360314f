package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestTheGuidesGoCodeIsThatOfTheExample makes sure that the Go code in the
// guide compiles and runs: all of it stands in the example.
func TestTheGuidesGoCodeIsThatOfTheExample(t *testing.T) {
	guide, example := read(t, "../../docs/processes.md"), flat(read(t, "main.go"))
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(guide, -1)
	if len(blocks) < 5 {
		t.Errorf("only %d blocks of Go", len(blocks))
	}
	for _, block := range blocks {
		if !strings.Contains(example, flat(block[1])) {
			t.Errorf("not in the example:\n%s", block[1])
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
