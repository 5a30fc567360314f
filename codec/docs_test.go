package codec_test

import (
	"testing"

	"github.com/gomas/gomas/internal/guide"
)

func TestTheGoCodeOfTheGuideIsThatOfTheExamples(t *testing.T) {
	guide.Check(t, "../docs/codecs.md", 5, "example_test.go", "../gomastest/example_test.go")
}
