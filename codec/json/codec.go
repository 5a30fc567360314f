package json

import (
	"sync"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/internal/value"
)

// Codec is the JSON codec. It has no state, the zero value is ready.
type Codec struct{}

var (
	_ codec.Codec     = Codec{}
	_ codec.Enveloper = Codec{}
	_ codec.Marker    = Codec{}
	_ codec.Splitter  = Codec{}

	_ codec.DepthChecker = Codec{}
)

// Name returns "json".
func (Codec) Name() string { return format.Name }

// Append implements codec.Codec.
func (Codec) Append(dst []byte, v any, types *codec.Types) ([]byte, error) {
	w := newWriter(dst)
	err := value.Encode(w, v, types, 0)
	return w.done(), err
}

// Parse implements codec.Codec.
func (Codec) Parse(src []byte, v any, types *codec.Types) error {
	r := reader{src: src}
	if err := r.decode(v, types, 0); err != nil {
		return err
	}
	return r.end()
}

// CheckDepth implements codec.DepthChecker.
func (Codec) CheckDepth(raw codec.Raw, most int) error {
	return value.CheckDepth(&reader{src: raw}, most)
}

// decode reads the next value into what v points to. The most common values
// do not need the engine, nor a reader that escapes.
func (r *reader) decode(v any, types *codec.Types, depth int) error {
	if r.quick(v) {
		return nil
	}
	full := readers.Get().(*reader)
	full.src, full.pos = r.src, r.pos
	err := value.Decode(full, v, types, depth)
	r.pos = full.pos
	full.done()
	return err
}

// quick reads a plain value into a pointer to its own type. All others, and
// all errors, it leaves to the engine.
func (r *reader) quick(v any) (done bool) {
	c, start := r.peek(), r.pos
	switch p := v.(type) {
	case *int:
		if i, ok := r.shortInt(); ok && int64(int(i)) == i {
			*p = int(i)
			return true
		}
	case *int64:
		if i, ok := r.shortInt(); ok {
			*p = i
			return true
		}
	case *float64:
		if n, err := r.scanNumber(); err == nil && n.float {
			*p = n.toFloat()
			return true
		}
	case *string:
		if c != '"' {
			break
		}
		if inside, escaped, err := r.scanText(); err == nil && !escaped {
			*p = string(inside)
			return true
		}
	case *bool:
		if c != 't' && c != 'f' {
			break
		}
		if b, err := r.Bool(); err == nil {
			*p = b
			return true
		}
	}
	r.pos = start
	return false
}

// writers and readers are kept, since the engine makes them escape.
var (
	writers = sync.Pool{New: func() any { return new(writer) }}
	readers = sync.Pool{New: func() any { return new(reader) }}
)

func newWriter(dst []byte) *writer {
	w := writers.Get().(*writer)
	w.dst = dst
	return w
}

// done returns what was written and gives w up.
func (w *writer) done() []byte {
	dst := w.dst
	*w = writer{}
	writers.Put(w)
	return dst
}

// done gives r up.
func (r *reader) done() {
	r.src = nil
	if cap(r.text) > 64<<10 {
		r.text = nil
	}
	readers.Put(r)
}
