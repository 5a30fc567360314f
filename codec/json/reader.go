package json

import (
	"fmt"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/internal/value"
)

// reader reads JSON as Python's json.loads does.
type reader struct {
	src  []byte
	pos  int
	text []byte // room for a string without its escapes
}

func (r *reader) Format() *value.Format { return format }

func (r *reader) fail(msg string, pos int) error {
	return &codec.SyntaxError{Msg: msg, Offset: pos}
}

// unexpected is the error for what is at r.pos.
func (r *reader) unexpected(want string) error {
	if r.pos >= len(r.src) {
		return r.fail("end of data instead of "+want, r.pos)
	}
	return r.fail(fmt.Sprintf("%q instead of %s", r.src[r.pos:][:1], want), r.pos)
}

// peek skips white space and returns the next byte, 0 at the end.
func (r *reader) peek() byte {
	for r.pos < len(r.src) {
		c := r.src[r.pos]
		if c > ' ' || c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return c
		}
		r.pos++
	}
	return 0
}

// end makes sure that nothing but white space is left.
func (r *reader) end() error {
	if r.peek(); r.pos < len(r.src) {
		return r.fail("more after the value", r.pos)
	}
	return nil
}

func (r *reader) Kind() (value.Kind, error) {
	c := r.peek()
	switch c {
	case '"':
		return value.KindText, nil
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'N', 'I':
		return value.KindNumber, nil
	case '[':
		return value.KindList, nil
	case '{':
		return value.KindMap, nil
	case 't', 'f':
		return value.KindBool, nil
	case 'n':
		return value.KindNil, nil
	}
	return 0, r.unexpected("a value")
}

// literal goes on behind a word.
func (r *reader) literal(word string) error {
	if len(r.src)-r.pos < len(word) || string(r.src[r.pos:r.pos+len(word)]) != word {
		return r.fail("a word that is no value", r.pos)
	}
	r.pos += len(word)
	return nil
}

func (r *reader) Nil() error { return r.literal("null") }

func (r *reader) Bool() (bool, error) {
	if r.src[r.pos] == 't' {
		return true, r.literal("true")
	}
	return false, r.literal("false")
}

func (r *reader) Text() ([]byte, error) {
	inside, escaped, err := r.scanText()
	if escaped && err == nil {
		r.text = unescape(r.text[:0], inside)
		return r.text, nil
	}
	return inside, err
}

func (r *reader) At() int { return r.pos }

func (r *reader) Back(at int) { r.pos = at }

// Bytes is never called, since Kind never finds any.
func (r *reader) Bytes() ([]byte, error) { return nil, r.unexpected("a value") }

func (r *reader) List() (int, error) {
	r.pos++
	return -1, nil
}

func (r *reader) Map() (int, error) {
	r.pos++
	return -1, nil
}

func (r *reader) Item(_, i int) (bool, error) { return r.next(i, ']') }

// next goes on to part i of a list or map, or behind the bracket that ends it.
func (r *reader) next(i int, end byte) (more bool, err error) {
	c := r.peek()
	switch {
	case c == end:
		r.pos++
		return false, nil
	case i == 0:
		return true, nil
	case c == ',':
		r.pos++
		return true, nil
	}
	return false, r.unexpected("a comma, or the end of the list or map")
}

func (r *reader) Key(_, i int) (key []byte, more bool, err error) {
	inside, escaped, more, err := r.key(i)
	if escaped {
		r.text = unescape(r.text[:0], inside)
		inside = r.text
	}
	return inside, more, err
}

// key goes on behind key i of a map and its colon, or behind the end. It
// returns what is between the quotes.
func (r *reader) key(i int) (inside []byte, escaped, more bool, err error) {
	if more, err = r.next(i, '}'); !more {
		return nil, false, false, err
	}
	if r.peek() != '"' {
		return nil, false, false, r.unexpected("a key")
	}
	if inside, escaped, err = r.scanText(); err != nil {
		return nil, false, false, err
	}
	if r.peek() != ':' {
		return nil, false, false, r.unexpected("a colon")
	}
	r.pos++
	return inside, escaped, true, nil
}

func (r *reader) Raw(depth int) (codec.Raw, error) {
	r.peek()
	start := r.pos
	err := r.skip(depth)
	return codec.Raw(r.src[start:r.pos:r.pos]), err
}

// skip goes on behind a value that is nested depth deep, and checks all of it.
func (r *reader) skip(depth int) error {
	kind, err := r.Kind()
	if err != nil {
		return err
	}
	switch kind {
	case value.KindNil:
		return r.Nil()
	case value.KindBool:
		_, err := r.Bool()
		return err
	case value.KindNumber:
		_, err := r.scanNumber()
		return err
	case value.KindText:
		_, _, err := r.scanText()
		return err
	}
	if depth >= codec.MaxDepth {
		return r.fail("nested too deep", r.pos)
	}
	r.pos++
	for i := 0; ; i++ {
		var more bool
		if kind == value.KindList {
			more, err = r.next(i, ']')
		} else {
			_, _, more, err = r.key(i)
		}
		if !more || err != nil {
			return err
		}
		if err := r.skip(depth + 1); err != nil {
			return err
		}
	}
}
