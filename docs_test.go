package gomas_test

import (
	"testing"

	"github.com/gomas/gomas/internal/guide"
)

func TestTheGoCodeOfTheGuideIsThatOfTheExamples(t *testing.T) {
	guide.Check(t, "docs/agents.md", 12, "example_guide_test.go")
}
