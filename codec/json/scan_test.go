package json

import (
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// drawText draws texts of any length in which quotes, backslashes, control
// characters and others are anywhere, or nowhere.
func drawText() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		rare := rapid.SampledFrom([]string{"a", "\"", "\\", "\"\\", "\x00\x1f\n", "\x7f\x80\xff", "é€", " !#[]"}).Draw(t, "rare")
		pieces := rapid.SampledFrom([]int{0, 0, 0, 1, 2, 3}).Draw(t, "pieces")
		b := make([]byte, pieces*pieceSize+rapid.IntRange(0, 300).Draw(t, "length"))
		for i := range b {
			b[i] = "abcdefgh"[i%8]
		}
		for range rapid.IntRange(0, 10).Draw(t, "how many") {
			if len(b) > 0 {
				at := rapid.IntRange(0, len(b)-1).Draw(t, "at")
				copy(b[at:], rare)
			}
		}
		return string(b)
	})
}

func TestPlainTextEndsAtTheFirstByteThatNeedsAnEscape(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawText().Draw(t, "s")
		want := 0
		for want < len(s) && s[want] >= 0x20 && s[want] != '"' && s[want] != '\\' {
			want++
		}
		n, ascii := plain(s)
		if m, a := plain([]byte(s)); n != want || m != n || a != ascii {
			t.Fatalf("%d of the text %t, %d of the bytes %t, want %d", n, ascii, m, a, want)
		}
		for _, c := range []byte(s[:n]) {
			if c >= utf8.RuneSelf && ascii {
				t.Fatalf("%#x counts as ASCII", c)
			}
		}
	})
}

func TestAStringEndsAtTheFirstQuoteThatIsNotEscaped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawText().Draw(t, "s") + rapid.StringOfN(rapid.SampledFrom([]rune{'"', '\\', 'a'}), 0, 20, -1).Draw(t, "end")
		want := -1
		for i := 0; i < len(s); i++ {
			if s[i] == '\\' {
				i++
			} else if s[i] == '"' {
				want = i
				break
			}
		}
		if n := closing([]byte(s)); n != want {
			t.Errorf("at %d, want %d", n, want)
		}
	})
}
