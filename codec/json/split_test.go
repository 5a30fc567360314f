package json_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/json"
)

// messageWith draws content with texts of which some are long, and such that
// need escapes or are no UTF-8.
func messageWith(t *rapid.T) any {
	text := func(what string) string {
		s := rapid.SampledFrom([]string{"a", "plain ", "größer ", "\"quoted\" ", "new line\n", "\xff"}).Draw(t, what)
		return strings.Repeat(s, 1+rapid.SampledFrom([]int{0, 10, codec.LongText}).Draw(t, "length of "+what)/len(s))
	}
	s := text("a text")
	return rapid.SampledFrom([]any{
		s, &s,
		[]any{1, s, text("another")},
		map[string]any{text("key"): s},
		struct{ A, B string }{s, text("field")},
		&codec.Call{Service: "a", Name: text("name"), Args: []any{2, &s}},
		&codec.Call{Name: "b", Kwargs: []codec.Keyword{{Name: text("name"), Value: s}}},
		[]any{s, make(chan int)},
	}).Draw(t, "content")
}

func TestATextThatIsLeftOutMakesTheMessageWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		content := messageWith(t)
		h := codec.Header{ID: 7, Left: rapid.Uint64Max(1).Draw(t, "left")}
		whole, wholeErr := json.Codec{}.AppendMessage([]byte("dst:"), h, content, nil)
		b, at, text, err := json.Codec{}.AppendSplit([]byte("dst:"), h, content, nil)
		if err != nil || wholeErr != nil {
			if err == nil || wholeErr == nil || err.Error() != wholeErr.Error() {
				t.Errorf("errors are %v and %v", err, wholeErr)
			}
			return
		}
		if got := string(b[:at]) + text + string(b[at:]); got != string(whole) {
			t.Errorf("%.40q at %d of %.40q, want %.40q", text, at, b, whole)
		}
		if text != "" && len(text) < codec.LongText {
			t.Errorf("%q is not long", text)
		}
	})
}

func TestALongTextIsLeftOut(t *testing.T) {
	for what, s := range map[string]string{
		"ASCII":                 strings.Repeat("a", codec.LongText),
		"what is not ASCII":     strings.Repeat("ä", codec.LongText),
		"but not a shorter one": strings.Repeat("a", codec.LongText-1),
		"nor what is no UTF-8":  strings.Repeat("a", codec.LongText) + "\xff",
		"nor what has escapes":  strings.Repeat("a", codec.LongText) + `"`,
	} {
		_, _, text, err := json.Codec{}.AppendSplit(nil, codec.Header{}, &codec.Call{Name: "f", Args: []any{&s}}, nil)
		if out := text == s; err != nil || out != (what == "ASCII" || what == "what is not ASCII") {
			t.Errorf("%s: left out: %t, %v", what, out, err)
		}
		if b, _, _, err := (json.Codec{}).AppendSplit(nil, codec.Header{}, "", nil); err != nil || len(b) > 20 {
			t.Errorf("the next message is %q, %v", b, err)
		}
	}
}
