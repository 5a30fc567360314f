package clock_test

import (
	"testing"

	"github.com/gomas/gomas/internal/guide"
)

func TestTheGoCodeOfTheGuideIsThatOfTheExamples(t *testing.T) {
	guide.Check(t, "../docs/clocks.md", 5, "example_test.go")
}
