package channel_test

import (
	"testing"

	"github.com/gomas/gomas/internal/guide"
)

func TestTheGoCodeOfTheGuideIsThatOfTheExamples(t *testing.T) {
	guide.Check(t, "../docs/channel.md", 12, "example_guide_test.go")
}
