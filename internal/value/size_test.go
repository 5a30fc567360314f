package value_test

import (
	"strings"
	"testing"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/internal/value"
)

func TestTheSizeOfContentIsThatOfItsLongTexts(t *testing.T) {
	text := strings.Repeat("x", 1000)
	data, raw := []byte(text), codec.Raw(text)
	call := &codec.Call{Args: []any{&text, 1, data}, Kwargs: []codec.Keyword{{Name: "raw", Value: raw}}}
	call.Args = append(call.Args, call) // which nothing can encode
	for _, test := range []struct {
		name    string
		content any
		want    int
	}{
		{"a text", text, 1000},
		{"a pointer to a text", &text, 1000},
		{"bytes", data, 1000},
		{"a pointer to bytes", &data, 1000},
		{"an encoded value", raw, 1000},
		{"a pointer to an encoded value", &raw, 1000},
		{"nil", nil, 0},
		{"a pointer to no text", (*string)(nil), 0},
		{"what is not looked into", []string{text}, 0},
		{"a call, of all arguments", call, 3000},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := value.Size(test.content); got != test.want {
				t.Errorf("%d, want %d", got, test.want)
			}
		})
	}
}
