package json

import (
	"fmt"
	"strconv"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/internal/value"
)

// AppendMessage implements codec.Enveloper.
func (Codec) AppendMessage(dst []byte, h codec.Header, content any, types *codec.Types) ([]byte, error) {
	w := newWriter(dst)
	w.begin(h)
	err := value.EncodeContent(w, content, types)
	w.end(h)
	return w.done(), err
}

// Splits implements codec.Splitter.
func (c Codec) Splits(whole codec.Codec) bool { return whole == codec.Codec(c) }

// AppendSplit implements codec.Splitter.
func (Codec) AppendSplit(dst []byte, h codec.Header, content any, types *codec.Types) (b []byte, at int, text string, err error) {
	w := newWriter(dst)
	w.outside.Wait()
	w.begin(h)
	err = value.EncodeContent(w, content, types)
	w.end(h)
	at, text = w.outside.At, w.outside.Text
	return w.done(), at, text, err
}

// begin writes what comes before the content of a message.
func (w *writer) begin(h codec.Header) {
	w.dst = append(w.dst, '[', '0'+byte(h.Kind), ',', ' ')
	w.Uint(h.ID)
	w.dst = append(w.dst, ", "...)
}

// end writes what comes behind the content of a message.
func (w *writer) end(h codec.Header) {
	if h.Left > 0 && h.Kind == codec.Request {
		w.dst = append(w.dst, ", "...)
		w.Uint(h.Left)
	}
	w.dst = append(w.dst, ']')
}

// ScanMessage implements codec.Enveloper. Of lists, maps and texts it checks
// where they end; what is wrong inside shows when they are parsed.
func (Codec) ScanMessage(src []byte) (h codec.Header, content codec.Raw, err error) {
	r := reader{src: src}
	if err := r.behind('[', "a message"); err != nil {
		return codec.Header{}, nil, err
	}
	k, err := r.natural()
	if err != nil {
		return codec.Header{}, nil, err
	}
	if k > uint64(codec.Hello) {
		return codec.Header{}, nil, &codec.SyntaxError{Msg: fmt.Sprintf("unknown message type %d", k)}
	}
	h.Kind = codec.Kind(k)
	if err := r.behind(',', "a comma and an id"); err != nil {
		return codec.Header{}, nil, err
	}
	if h.ID, err = r.natural(); err != nil {
		return codec.Header{}, nil, err
	}
	if err := r.behind(',', "a comma and content"); err != nil {
		return codec.Header{}, nil, err
	}
	r.peek()
	start := r.pos
	if err := r.extent(1); err != nil {
		return codec.Header{}, nil, err
	}
	content = codec.Raw(src[start:r.pos:r.pos])
	next := r.peek()
	if next == ',' && h.Kind == codec.Request {
		if h.Left, err = r.left(); err != nil {
			return codec.Header{}, nil, err
		}
		next = r.peek()
	}
	if next != ']' {
		return codec.Header{}, nil, r.unexpected("the end of the message")
	}
	r.pos++
	return h, content, r.end()
}

// left reads a comma and how long the caller of a request waits.
func (r *reader) left() (uint64, error) {
	r.pos++
	n, err := r.natural()
	if err == nil && n == 0 {
		err = r.fail("request without time left", r.pos)
	}
	return n, err
}

// natural reads a number of a message's header.
func (r *reader) natural() (n uint64, err error) {
	r.peek()
	b := r.src[r.pos:]
	digits := 0
	for ; digits < len(b) && b[digits]-'0' <= 9; digits++ {
		n = n*10 + uint64(b[digits]-'0')
	}
	if digits > 19 { // n may have overflowed
		n, err = strconv.ParseUint(string(b[:digits]), 10, 64)
	}
	if err != nil || digits == 0 || digits > 1 && b[0] == '0' {
		return 0, r.fail("number of a message that is no uint64", r.pos)
	}
	r.pos += digits
	return n, nil
}

// behind goes on behind a comma or bracket.
func (r *reader) behind(c byte, want string) error {
	if r.peek() != c {
		return r.unexpected(want)
	}
	r.pos++
	return nil
}

// ScanCall implements codec.Enveloper.
func (Codec) ScanCall(content codec.Raw) (path []byte, args, kwargs codec.Raw, err error) {
	r := reader{src: content}
	if err := r.open('[', "a list"); err != nil {
		return nil, nil, nil, err
	}
	if err := r.open('"', "a path first"); err != nil {
		return nil, nil, nil, err
	}
	r.pos--
	path, escaped, err := r.scanText()
	if err != nil {
		return nil, nil, nil, err
	}
	if escaped {
		path = unescape(nil, path)
	}
	if args, err = r.part('[', "a list second"); err != nil {
		return nil, nil, nil, err
	}
	if kwargs, err = r.part('{', "a map third"); err != nil {
		return nil, nil, nil, err
	}
	if r.peek() != ']' {
		return nil, nil, nil, notCall("three items")
	}
	r.pos++
	inside := reader{src: kwargs, pos: 1}
	if inside.peek() == '}' {
		kwargs = nil
	}
	return path, args, kwargs, r.end()
}

// open goes on behind the byte that a value begins with.
func (r *reader) open(c byte, want string) error {
	if r.peek() != c {
		return notCall(want)
	}
	r.pos++
	return nil
}

// part reads the next part of a call, a value that begins with c.
func (r *reader) part(c byte, want string) (codec.Raw, error) {
	if err := r.open(',', "three items"); err != nil {
		return nil, err
	}
	if err := r.open(c, want); err != nil {
		return nil, err
	}
	r.pos--
	start := r.pos
	err := r.extent(2)
	return codec.Raw(r.src[start:r.pos:r.pos]), err
}

func notCall(want string) error {
	return &codec.MismatchError{Value: "content without " + want, Want: "call [path, args, kwargs]"}
}

// ParseArgs implements codec.Enveloper.
func (Codec) ParseArgs(args codec.Raw, dst []any, types *codec.Types) (n int, err error) {
	r := reader{src: args}
	if err := r.open('[', "a list of arguments"); err != nil {
		return 0, err
	}
	for ; ; n++ {
		more, err := r.next(n, ']')
		if err != nil {
			return n, err
		}
		if !more {
			return n, r.end()
		}
		if n < len(dst) {
			err = r.decode(dst[n], types, 1)
		} else {
			err = r.skip(1)
		}
		if err != nil {
			return n, &codec.ItemError{Index: n, Err: err}
		}
	}
}
