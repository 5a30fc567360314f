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
	src []byte
	pos int
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
	if r.pos >= len(r.src) {
		return 0, r.fail("end of data instead of a value")
	}
	switch tag := r.src[r.pos]; {
	case tag < fixMap || tag >= fixNegative:
		return value.KindNumber, nil
	case tag < fixList:
		return value.KindMap, nil
	case tag < fixText:
		return value.KindList, nil
	case tag < tagNil:
		return value.KindText, nil
	default:
		if kind := kinds[tag-tagNil]; kind != 0 {
			return kind, nil
		}
		return 0, r.fail(fmt.Sprintf("unknown or extension type %#x", tag))
	}
}

// kinds are those of the tags from 0xc0 to 0xdf. Extension types, and 0xc1,
// have none.
var kinds = [32]value.Kind{
	tagNil - tagNil:     value.KindNil,
	tagFalse - tagNil:   value.KindBool,
	tagTrue - tagNil:    value.KindBool,
	tagBytes8 - tagNil:  value.KindBytes,
	tagBytes16 - tagNil: value.KindBytes,
	tagBytes32 - tagNil: value.KindBytes,
	tagFloat32 - tagNil: value.KindNumber,
	tagFloat64 - tagNil: value.KindNumber,
	tagUint8 - tagNil:   value.KindNumber,
	tagUint16 - tagNil:  value.KindNumber,
	tagUint32 - tagNil:  value.KindNumber,
	tagUint64 - tagNil:  value.KindNumber,
	tagInt8 - tagNil:    value.KindNumber,
	tagInt16 - tagNil:   value.KindNumber,
	tagInt32 - tagNil:   value.KindNumber,
	tagInt64 - tagNil:   value.KindNumber,
	tagText8 - tagNil:   value.KindText,
	tagText16 - tagNil:  value.KindText,
	tagText32 - tagNil:  value.KindText,
	tagList16 - tagNil:  value.KindList,
	tagList32 - tagNil:  value.KindList,
	tagMap16 - tagNil:   value.KindMap,
	tagMap32 - tagNil:   value.KindMap,
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
func (r *reader) uint(size int) (uint64, error) {
	b := r.src[r.pos+1:]
	if len(b) < size {
		return 0, r.truncated()
	}
	r.pos += 1 + size
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
	var size int
	switch tag {
	case tagFloat32:
		size = 4
	case tagFloat64:
		size = 8
	default: // the tags of integers double the size, each
		size = 1 << ((tag - tagUint8) % 4)
	}
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
func (r *reader) count(fix, fixMask, tag8, tag16 byte, size int) (int, error) {
	tag := r.src[r.pos]
	var n uint64
	var err error
	switch {
	case tag&^fixMask == fix && tag < tagNil:
		n = uint64(tag & fixMask)
		r.pos++
	case tag == tag8:
		n, err = r.uint(1)
	case tag == tag16:
		n, err = r.uint(2)
	default:
		n, err = r.uint(4)
	}
	if err == nil && n > uint64((len(r.src)-r.pos)/size) {
		err = r.truncated()
	}
	return int(n), err
}

func (r *reader) List() (int, error) { return r.count(fixList, 0x0f, 0, tagList16, 1) }

func (r *reader) Map() (int, error) { return r.count(fixMap, 0x0f, 0, tagMap16, 2) }

// take goes on behind n bytes, which are there.
func (r *reader) take(n int) []byte {
	b := r.src[r.pos : r.pos+n : r.pos+n]
	r.pos += n
	return b
}

func (r *reader) Bytes() ([]byte, error) {
	n, err := r.count(tagNil, 0, tagBytes8, tagBytes16, 1)
	if err != nil {
		return nil, err
	}
	return r.take(n), nil
}

func (r *reader) Text() ([]byte, error) {
	n, err := r.count(fixText, 0x1f, tagText8, tagText16, 1)
	if err != nil {
		return nil, err
	}
	text := r.take(n)
	if !utf8.Valid(text) {
		return nil, r.fail("text that is no UTF-8")
	}
	return text, nil
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

func (r *reader) Raw(depth int) (codec.Raw, error) {
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
	var n int
	switch kind {
	case value.KindNil, value.KindBool:
		r.pos++
		return nil
	case value.KindNumber:
		_, err := r.Number()
		return err
	case value.KindText:
		_, err := r.Text()
		return err
	case value.KindBytes:
		_, err := r.Bytes()
		return err
	case value.KindList:
		n, err = r.List()
	case value.KindMap:
		n, err = r.Map()
		n *= 2
	}
	if err != nil {
		return err
	}
	if depth >= codec.MaxDepth {
		return r.fail("nested too deep")
	}
	for range n {
		if r.pos < len(r.src) && (r.src[r.pos] < fixMap || r.src[r.pos] >= fixNegative) {
			r.pos++ // a small integer
			continue
		}
		if err := r.skip(depth + 1); err != nil {
			return err
		}
	}
	return nil
}
