package main

import (
	"testing"

	"github.com/gomas/gomas/internal/guide"
)

func TestTheGuidesGoCodeIsThatOfTheExample(t *testing.T) {
	guide.Check(t, "../../docs/processes.md", 5, "main.go")
}
