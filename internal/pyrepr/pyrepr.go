// Package pyrepr parses what Python's repr prints for plain values, so that
// tests can compare what a Go codec decodes with what Python meant.
package pyrepr

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Parse returns the value that a Python repr stands for, as the codecs decode
// into an any: nil, bool, int64, uint64, *big.Int, float64, string, []byte,
// []any (for lists and tuples), map[string]any, and map[any]any for dicts with
// keys that are no strings. Lone surrogates become U+FFFD.
func Parse(text string) (any, error) {
	p := parser{rest: text}
	v := p.value()
	if p.err == nil && strings.TrimSpace(p.rest) != "" {
		p.fail("the end")
	}
	return v, p.err
}

// Equal reports whether two values of the types that Parse returns are equal.
// Unlike reflect.DeepEqual it has NaN equal to NaN, and -0.0 not equal to 0.0.
func Equal(a, b any) bool {
	switch a := a.(type) {
	case float64:
		b, ok := b.(float64)
		return ok && (math.Float64bits(a) == math.Float64bits(b) || a != a && b != b)
	case *big.Int:
		b, ok := b.(*big.Int)
		return ok && a.Cmp(b) == 0
	case []byte:
		b, ok := b.([]byte)
		return ok && string(a) == string(b)
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !Equal(a[i], b[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && equalMaps(a, b)
	case map[any]any:
		b, ok := b.(map[any]any)
		return ok && equalMaps(a, b)
	}
	return a == b
}

func equalMaps[K comparable](a, b map[K]any) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		other, ok := b[k]
		// A key that is NaN finds nothing, not even itself.
		if (!ok || !Equal(v, other)) && k == k {
			return false
		}
	}
	return true
}

// parser holds what is left of the text, and the first error.
type parser struct {
	rest string
	err  error
}

func (p *parser) fail(want string) {
	if p.err == nil {
		p.err = fmt.Errorf("pyrepr: %q instead of %s", p.rest[:min(len(p.rest), 20)], want)
	}
}

func (p *parser) accept(prefix string) bool {
	rest, ok := strings.CutPrefix(p.rest, prefix)
	p.rest = rest
	return ok
}

func (p *parser) value() any {
	switch {
	case p.err != nil:
		return nil
	case p.accept("None"):
		return nil
	case p.accept("True"):
		return true
	case p.accept("False"):
		return false
	case p.accept("nan"):
		return math.NaN()
	case p.accept("inf"):
		return math.Inf(1)
	case p.accept("-inf"):
		return math.Inf(-1)
	case p.accept("["):
		return p.list("]")
	case p.accept("("):
		return p.list(")")
	case p.accept("{"):
		return p.dict()
	case strings.HasPrefix(p.rest, "b'"), strings.HasPrefix(p.rest, `b"`):
		p.rest = p.rest[1:]
		return []byte(p.text(false))
	case strings.HasPrefix(p.rest, "'"), strings.HasPrefix(p.rest, `"`):
		return p.text(true)
	}
	return p.number()
}

func (p *parser) number() any {
	n := strings.IndexFunc(p.rest, func(c rune) bool { return !strings.ContainsRune("+-.0123456789e", c) })
	if n < 0 {
		n = len(p.rest)
	}
	text := p.rest[:n]
	if strings.ContainsAny(text, ".e") {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			p.fail("a float")
		}
		p.rest = p.rest[n:]
		return f
	}
	i, ok := new(big.Int).SetString(text, 10)
	switch {
	case !ok:
		p.fail("a value")
		return nil
	case i.IsInt64():
		p.rest = p.rest[n:]
		return i.Int64()
	case i.IsUint64():
		p.rest = p.rest[n:]
		return i.Uint64()
	}
	p.rest = p.rest[n:]
	return i
}

func (p *parser) list(end string) any {
	items := []any{}
	for p.err == nil && !p.accept(end) {
		items = append(items, p.value())
		p.separator(end)
	}
	return items
}

// separator reads the comma between items, which may be missing before end.
func (p *parser) separator(end string) {
	if !p.accept(", ") && !p.accept(",") && !strings.HasPrefix(p.rest, end) {
		p.fail("a comma")
	}
}

func (p *parser) dict() any {
	table := make(map[string]any)
	mixed := make(map[any]any)
	for p.err == nil && !p.accept("}") {
		key := p.value()
		if !p.accept(": ") {
			p.fail("a colon")
		}
		v := p.value()
		p.separator("}")
		if text, ok := key.(string); ok {
			table[text] = v
		}
		switch key.(type) {
		case []any, []byte, map[string]any, map[any]any:
			if p.err == nil {
				p.err = errors.New("pyrepr: a key that Go cannot have")
			}
		default:
			mixed[key] = v
		}
	}
	if len(table) == len(mixed) {
		return table
	}
	return mixed
}

// text reads a string of characters, or else of bytes, from its quote on.
func (p *parser) text(chars bool) string {
	quote := p.rest[0]
	rest := p.rest[1:]
	var units []rune
	for {
		if rest == "" {
			p.fail("a string with an end")
			return ""
		}
		c, size := utf8.DecodeRuneInString(rest)
		if c == rune(quote) && size == 1 {
			break
		}
		if c != '\\' {
			units = append(units, c)
			rest = rest[size:]
			continue
		}
		c, n := escape(rest)
		if n == 0 {
			p.fail("an escape")
			return ""
		}
		units = append(units, c)
		rest = rest[n:]
	}
	p.rest = rest[1:]
	var b strings.Builder
	for _, c := range units {
		switch {
		case !chars:
			b.WriteByte(byte(c))
		case utf16.IsSurrogate(c):
			b.WriteRune(utf8.RuneError)
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// escape returns the character that the escape at the start of text stands
// for, and its length, 0 if it is none.
func escape(text string) (c rune, n int) {
	if len(text) < 2 {
		return 0, 0
	}
	switch text[1] {
	case '\\', '\'', '"':
		return rune(text[1]), 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'x':
		n = 4
	case 'u':
		n = 6
	case 'U':
		n = 10
	}
	if n == 0 || len(text) < n {
		return 0, 0
	}
	code, err := strconv.ParseUint(text[2:n], 16, 32)
	if err != nil {
		return 0, 0
	}
	return rune(code), n
}
