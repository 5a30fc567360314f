package rpc_test

import (
	"testing"

	"github.com/gomas/gomas/internal/guide"
)

func TestTheGoCodeOfTheGuidesIsThatOfTheExamples(t *testing.T) {
	guide.Check(t, "../docs/rpc.md", 12, "example_guide_test.go")
	guide.Check(t, "../docs/calls.md", 8, "example_guide_calls_test.go")
}
