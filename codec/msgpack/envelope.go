package msgpack

import (
	"fmt"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/internal/value"
)

// AppendMessage implements codec.Enveloper.
func (Codec) AppendMessage(dst []byte, h codec.Header, content any, types *codec.Types) ([]byte, error) {
	w := newWriter(dst)
	w.begin(h)
	err := value.EncodeContent(w, content, types)
	w.end(h, len(dst))
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
	w.end(h, len(dst))
	at, text = w.outside.At, w.outside.Text
	return w.done(), at, text, err
}

// begin writes what comes before the content of a message.
func (w *writer) begin(h codec.Header) {
	w.dst = append(w.dst, fixList|3, byte(h.Kind))
	w.Uint(h.ID)
}

// end writes what comes behind the content of a message that begins at start.
func (w *writer) end(h codec.Header, start int) {
	if h.Left > 0 && h.Kind == codec.Request {
		w.dst[start] = fixList | 4
		w.Uint(h.Left)
	}
}

// ScanMessage implements codec.Enveloper. It checks all of the message except
// for whether texts are UTF-8, which shows when they are parsed.
func (Codec) ScanMessage(src []byte) (h codec.Header, content codec.Raw, err error) {
	r := reader{src: src, loose: true}
	items := 3
	if len(src) > 0 && src[0] == fixList|3 { // as almost all begin
		r.pos = 1
	} else if items, err = r.items(); err != nil {
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
	if h.ID, err = r.natural(); err != nil {
		return codec.Header{}, nil, err
	}
	if content, err = r.Raw(1); err != nil {
		return codec.Header{}, nil, err
	}
	if items == 4 {
		if h.Left, err = r.left(h.Kind); err != nil {
			return codec.Header{}, nil, err
		}
	}
	return h, content, r.end()
}

// items begins a message and returns how many items it has.
func (r *reader) items() (int, error) {
	if kind, err := r.Kind(); err != nil || kind != value.KindList {
		return 0, r.fail("no message")
	}
	n, err := r.List()
	if err != nil || n != 3 && n != 4 {
		return 0, r.fail("message that is no list of three or four items")
	}
	return n, nil
}

// left reads the fourth item of a message, which only requests have: how long
// the caller waits.
func (r *reader) left(kind codec.Kind) (uint64, error) {
	if kind != codec.Request {
		return 0, r.fail(kind.String() + " of four items")
	}
	n, err := r.natural()
	if err == nil && n == 0 {
		err = r.fail("request without time left")
	}
	return n, err
}

// natural reads a number of a message's header.
func (r *reader) natural() (uint64, error) {
	start := r.pos
	kind, err := r.Kind()
	switch {
	case err != nil || kind != value.KindNumber:
	case r.src[start] < fixMap:
		r.pos++
		return uint64(r.src[start]), nil
	case r.src[start] == tagFloat32 || r.src[start] == tagFloat64:
	default:
		n, err := r.Number()
		if u, ok := n.Uint64(); ok && err == nil {
			return u, nil
		}
	}
	r.pos = start
	return 0, r.fail("number of a message that is no uint64")
}

// ScanCall implements codec.Enveloper. It does not look into the texts that are
// arguments: ParseArgs will.
func (Codec) ScanCall(content codec.Raw) (path []byte, args, kwargs codec.Raw, err error) {
	r := reader{src: content, loose: true}
	if err := r.expect(value.KindList, "a list"); err != nil {
		return nil, nil, nil, err
	}
	if n, err := r.List(); err != nil {
		return nil, nil, nil, err
	} else if n != 3 {
		return nil, nil, nil, notCall("three items")
	}
	if err := r.expect(value.KindText, "a path first"); err != nil {
		return nil, nil, nil, err
	}
	if path, err = r.Text(); err != nil {
		return nil, nil, nil, err
	}
	if err := r.expect(value.KindList, "a list second"); err != nil {
		return nil, nil, nil, err
	}
	if args, err = r.Raw(2); err != nil {
		return nil, nil, nil, err
	}
	if err := r.expect(value.KindMap, "a map third"); err != nil {
		return nil, nil, nil, err
	}
	if kwargs, err = r.Raw(2); err != nil {
		return nil, nil, nil, err
	}
	if entries, err := (&reader{src: kwargs}).Map(); err == nil && entries == 0 {
		kwargs = nil
	}
	return path, args, kwargs, r.end()
}

// expect makes sure that a part of a call is next.
func (r *reader) expect(kind value.Kind, want string) error {
	found, err := r.Kind()
	if err == nil && found != kind {
		err = notCall(want)
	}
	return err
}

func notCall(want string) error {
	return &codec.MismatchError{Value: "content without " + want, Want: "call [path, args, kwargs]"}
}

// ParseArgs implements codec.Enveloper.
func (Codec) ParseArgs(args codec.Raw, dst []any, types *codec.Types) (n int, err error) {
	r := reader{src: args}
	if err := r.expect(value.KindList, "a list of arguments"); err != nil {
		return 0, err
	}
	if n, err = r.List(); err != nil {
		return 0, err
	}
	for i := range n {
		if i < len(dst) {
			err = r.decode(dst[i], types, 1)
		} else {
			err = r.skip(1, 1)
		}
		if err != nil {
			return n, &codec.ItemError{Index: i, Err: err}
		}
	}
	return n, r.end()
}
