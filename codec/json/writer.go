package json

import (
	"errors"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/internal/value"
)

// writer writes JSON as Python's json.dumps does, but text as UTF-8.
type writer struct {
	dst     []byte
	outside value.Outside
}

func (w *writer) Format() *value.Format { return format }

func (w *writer) Nil() { w.dst = append(w.dst, "null"...) }

func (w *writer) Bool(b bool) { w.dst = strconv.AppendBool(w.dst, b) }

func (w *writer) Int(i int64) { w.dst = strconv.AppendInt(w.dst, i, 10) }

func (w *writer) Uint(u uint64) { w.dst = strconv.AppendUint(w.dst, u, 10) }

// Big refuses integers that no peer would parse.
func (w *writer) Big(b *big.Int) error {
	start := len(w.dst)
	// Far beyond the limit even to count the digits would take long.
	if b.BitLen() <= 4*maxDigits {
		w.dst = b.Append(w.dst, 10)
		if len(w.dst)-start <= maxDigits || b.Sign() < 0 && len(w.dst)-start == maxDigits+1 {
			return nil
		}
	}
	return errors.New("an integer of more than " + strconv.Itoa(maxDigits) + " digits")
}

// Float writes the shortest form that parses to the same float, as Python's
// repr does: always with a point or an exponent.
func (w *writer) Float(f float64) {
	abs := math.Abs(f)
	switch {
	case f != f:
		w.dst = append(w.dst, "NaN"...)
	case abs > math.MaxFloat64:
		if f < 0 {
			w.dst = append(w.dst, '-')
		}
		w.dst = append(w.dst, "Infinity"...)
	case abs != 0 && (abs < 1e-4 || abs >= 1e16):
		w.dst = strconv.AppendFloat(w.dst, f, 'e', -1, 64)
	default:
		w.dst = strconv.AppendFloat(w.dst, f, 'f', -1, 64)
		if f == math.Trunc(f) {
			w.dst = append(w.dst, ".0"...)
		}
	}
}

func (w *writer) Text(s string) {
	w.dst = append(w.dst, '"')
	if w.outside.Takes(s) && bare(s) {
		w.outside.Take(s, len(w.dst))
	} else {
		w.dst = appendText(w.dst, s)
	}
	w.dst = append(w.dst, '"')
}

// bare reports whether s stands in a string as it is.
func bare(s string) bool {
	n, ascii := plain(s)
	return n == len(s) && (ascii || utf8.ValidString(s))
}

func (w *writer) Path(service, name string) {
	w.dst = append(w.dst, '"')
	if service != "" {
		w.dst = appendText(w.dst, service)
		w.dst = append(w.dst, '/')
	}
	w.dst = appendText(w.dst, name)
	w.dst = append(w.dst, '"')
}

func (w *writer) Bytes([]byte) error { return errors.New("JSON carries no bytes") }

func (w *writer) Raw(raw codec.Raw) { w.dst = append(w.dst, raw...) }

func (w *writer) BeginList(int) { w.dst = append(w.dst, '[') }

func (w *writer) Item(i int) {
	if i > 0 {
		w.dst = append(w.dst, ", "...)
	}
}

func (w *writer) EndList() { w.dst = append(w.dst, ']') }

func (w *writer) BeginMap(int) { w.dst = append(w.dst, '{') }

func (w *writer) Key(i int, text string) {
	w.Item(i)
	w.Text(text)
	w.dst = append(w.dst, ": "...)
}

// appendField makes what Field takes: the name with quotes and colon.
func appendField(dst []byte, name string) []byte {
	dst = append(dst, '"')
	dst = appendText(dst, name)
	return append(dst, `": `...)
}

func (w *writer) Field(i int, field []byte) {
	w.Item(i)
	w.dst = append(w.dst, field...)
}

// BeginKey and EndKey put quotes around a scalar, whose text needs no escapes.
func (w *writer) BeginKey(i int) {
	w.Item(i)
	w.dst = append(w.dst, '"')
}

func (w *writer) EndKey() { w.dst = append(w.dst, `": `...) }

func (w *writer) EndMap() { w.dst = append(w.dst, '}') }

// appendText appends s with escapes. What is no UTF-8 becomes U+FFFD.
func appendText(dst []byte, s string) []byte {
	for {
		n, ascii := plain(s)
		if ascii || utf8.ValidString(s[:n]) {
			dst = append(dst, s[:n]...)
		} else {
			dst = append(dst, strings.ToValidUTF8(s[:n], "\uFFFD")...)
		}
		if n == len(s) {
			return dst
		}
		dst = appendEscape(dst, s[n])
		s = s[n+1:]
	}
}

const hexDigits = "0123456789abcdef"

// appendEscape appends a quote, backslash or control character.
func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	case '\b':
		return append(dst, `\b`...)
	case '\f':
		return append(dst, `\f`...)
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}
