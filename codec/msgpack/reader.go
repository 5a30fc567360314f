package msgpack

import (
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/internal/value"
)

// reader reads MsgPack. It accepts every form of a value, not only the
// smallest.
type reader struct {
	src   []byte
	pos   int
	loose bool // skip does not look into texts
}

func (r *reader) Format() *value.Format { return format }

func (r *reader) fail(msg string) error {
	return &codec.SyntaxError{Msg: msg, Offset: r.pos}
}

func (r *reader) truncated() error { return r.fail("end of data inside a value") }

// end makes sure that nothing is left.
func (r *reader) end() error {
	if r.pos < len(r.src) {
		return r.fail("more after the value")
	}
	return nil
}

func (r *reader) Kind() (value.Kind, error) {
	if r.pos < len(r.src) {
		if kind := forms[r.src[r.pos]].kind; kind != 0 {
			return kind, nil
		}
	}
	return 0, r.noValue()
}

func (r *reader) noValue() error {
	if r.pos >= len(r.src) {
		return r.fail("end of data instead of a value")
	}
	return r.fail(fmt.Sprintf("unknown or extension type %#x", r.src[r.pos]))
}

func (r *reader) Nil() error {
	r.pos++
	return nil
}

func (r *reader) Bool() (bool, error) {
	r.pos++
	return r.src[r.pos-1] == tagTrue, nil
}

// uint reads the big-endian number of a size in bytes that follows a tag, and
// goes on behind it.
func (r *reader) uint(size uint8) (uint64, error) {
	b := r.src[r.pos+1:]
	if len(b) < int(size) {
		return 0, r.truncated()
	}
	r.pos += 1 + int(size)
	switch size {
	case 1:
		return uint64(b[0]), nil
	case 2:
		return uint64(binary.BigEndian.Uint16(b)), nil
	case 4:
		return uint64(binary.BigEndian.Uint32(b)), nil
	}
	return binary.BigEndian.Uint64(b), nil
}

func (r *reader) Number() (value.Number, error) {
	tag := r.src[r.pos]
	if tag < fixMap || tag >= fixNegative {
		r.pos++
		return value.Int(int64(int8(tag))), nil
	}
	size := forms[tag].follow
	u, err := r.uint(size)
	switch {
	case err != nil:
		return value.Number{}, err
	case tag == tagFloat32:
		return value.Float(float64(math.Float32frombits(uint32(u)))), nil
	case tag == tagFloat64:
		return value.Float(math.Float64frombits(u)), nil
	case tag <= tagUint64:
		return value.Uint(u), nil
	}
	unused := 64 - 8*size
	return value.Int(int64(u<<unused) >> unused), nil // the sign comes down
}

// count goes on behind the tag of a text, bytes, list or map and returns its
// number of bytes, items or entries. Each takes at least size bytes, and no
// more are announced than there are bytes for.
func (r *reader) count(size int) (int, error) {
	tag := r.src[r.pos]
	var n uint64
	switch {
	case tag < fixText:
		n = uint64(tag & 0x0f)
		r.pos++
	case tag < tagNil:
		n = uint64(tag & 0x1f)
		r.pos++
	default:
		var err error
		if n, err = r.uint(forms[tag].follow); err != nil {
			return 0, err
		}
	}
	if n*uint64(size) > uint64(len(r.src)-r.pos) {
		return 0, r.truncated()
	}
	return int(n), nil
}

func (r *reader) List() (int, error) { return r.count(1) }

func (r *reader) Map() (int, error) { return r.count(2) }

// take goes on behind n bytes, which are there.
func (r *reader) take(n int) []byte {
	b := r.src[r.pos : r.pos+n : r.pos+n]
	r.pos += n
	return b
}

func (r *reader) Bytes() ([]byte, error) {
	n, err := r.count(1)
	if err != nil {
		return nil, err
	}
	return r.take(n), nil
}

func (r *reader) Text() ([]byte, error) {
	text, err := r.span()
	if err == nil && !utf8.Valid(text) {
		return nil, r.fail("text that is no UTF-8")
	}
	return text, err
}

// span reads a text without looking into it.
func (r *reader) span() ([]byte, error) {
	n := int(r.src[r.pos] ^ fixText)
	if n < 32 && n < len(r.src)-r.pos { // a short text, as most are
		r.pos++
	} else {
		var err error
		if n, err = r.count(1); err != nil {
			return nil, err
		}
	}
	return r.take(n), nil
}

func (r *reader) Item(n, i int) (bool, error) { return i < n, nil }

func (r *reader) Key(n, i int) (key []byte, more bool, err error) {
	if i >= n {
		return nil, false, nil
	}
	kind, err := r.Kind()
	if err != nil || kind != value.KindText {
		return nil, err == nil, err
	}
	key, err = r.Text()
	return key, err == nil, err
}

func (r *reader) At() int { return r.pos }

func (r *reader) Back(at int) { r.pos = at }

func (r *reader) Raw(depth int) (codec.Raw, error) {
	start := r.pos
	err := r.skip(1, depth)
	return codec.Raw(r.src[start:r.pos:r.pos]), err
}

// skip goes on behind n values that are nested depth deep, and checks all of
// them, except for texts if r is loose.
func (r *reader) skip(n, depth int) error {
	for ; n > 0; n-- {
		if r.pos >= len(r.src) {
			return r.noValue()
		}
		if r.src[r.pos] < fixMap { // a small number
			r.pos++
			continue
		}
		f := forms[r.src[r.pos]]
		var inside int
		var err error
		switch f.kind {
		case 0:
			return r.noValue()
		case value.KindText:
			if r.loose {
				_, err = r.span()
			} else {
				_, err = r.Text()
			}
		case value.KindBytes:
			_, err = r.Bytes()
		case value.KindList:
			inside, err = r.List()
		case value.KindMap:
			inside, err = r.Map()
			inside *= 2
		default:
			if int(f.follow) >= len(r.src)-r.pos {
				return r.truncated()
			}
			r.pos += 1 + int(f.follow)
			continue
		}
		switch {
		case err != nil:
			return err
		case f.kind < value.KindList:
		case depth >= codec.MaxDepth:
			return r.fail("nested too deep")
		case inside > 0:
			if err := r.skip(inside, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}
