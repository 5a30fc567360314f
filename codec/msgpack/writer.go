package msgpack

import (
	"encoding/binary"
	"errors"
	"math"
	"math/big"
	"strings"
	"unicode/utf8"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/internal/value"
)

// writer writes MsgPack in the smallest forms, as Python's msgpack does.
type writer struct {
	dst     []byte
	outside value.Outside
}

func (w *writer) Format() *value.Format { return format }

func (w *writer) Nil() { w.dst = append(w.dst, tagNil) }

func (w *writer) Bool(b bool) {
	if b {
		w.dst = append(w.dst, tagTrue)
	} else {
		w.dst = append(w.dst, tagFalse)
	}
}

func (w *writer) Int(i int64) {
	switch {
	case i >= 0:
		w.Uint(uint64(i))
	case i >= -32:
		w.dst = append(w.dst, byte(i))
	case i >= math.MinInt8:
		w.dst = append(w.dst, tagInt8, byte(i))
	case i >= math.MinInt16:
		w.dst = binary.BigEndian.AppendUint16(append(w.dst, tagInt16), uint16(i))
	case i >= math.MinInt32:
		w.dst = binary.BigEndian.AppendUint32(append(w.dst, tagInt32), uint32(i))
	default:
		w.dst = binary.BigEndian.AppendUint64(append(w.dst, tagInt64), uint64(i))
	}
}

func (w *writer) Uint(u uint64) {
	switch {
	case u < fixMap:
		w.dst = append(w.dst, byte(u))
	case u <= math.MaxUint8:
		w.dst = append(w.dst, tagUint8, byte(u))
	case u <= math.MaxUint16:
		w.dst = binary.BigEndian.AppendUint16(append(w.dst, tagUint16), uint16(u))
	case u <= math.MaxUint32:
		w.dst = binary.BigEndian.AppendUint32(append(w.dst, tagUint32), uint32(u))
	default:
		w.dst = binary.BigEndian.AppendUint64(append(w.dst, tagUint64), u)
	}
}

func (w *writer) Big(b *big.Int) error {
	switch {
	case b.IsInt64():
		w.Int(b.Int64())
	case b.IsUint64():
		w.Uint(b.Uint64())
	default:
		return errors.New("an integer of more than 64 bits")
	}
	return nil
}

func (w *writer) Float(f float64) {
	w.dst = binary.BigEndian.AppendUint64(append(w.dst, tagFloat64), math.Float64bits(f))
}

func (w *writer) Text(s string) {
	if w.outside.Takes(s) && utf8.ValidString(s) {
		w.dst = appendTextHeader(w.dst, len(s))
		w.outside.Take(s, len(w.dst))
		return
	}
	w.dst = appendText(w.dst, s)
}

func (w *writer) Path(service, name string) {
	if service == "" {
		w.Text(name)
		return
	}
	if !utf8.ValidString(service) || !utf8.ValidString(name) {
		w.Text(service + "/" + name)
		return
	}
	w.dst = appendTextHeader(w.dst, len(service)+1+len(name))
	w.dst = append(append(append(w.dst, service...), '/'), name...)
}

// appendText appends s. What is no UTF-8 becomes U+FFFD.
func appendText(dst []byte, s string) []byte {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	return append(appendTextHeader(dst, len(s)), s...)
}

func appendTextHeader(dst []byte, n int) []byte {
	switch {
	case n < 32:
		return append(dst, fixText|byte(n))
	case n <= math.MaxUint8:
		return append(dst, tagText8, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, tagText16), uint16(n))
	}
	return binary.BigEndian.AppendUint32(append(dst, tagText32), uint32(n))
}

func (w *writer) Bytes(b []byte) error {
	switch n := len(b); {
	case n <= math.MaxUint8:
		w.dst = append(w.dst, tagBytes8, byte(n))
	case n <= math.MaxUint16:
		w.dst = binary.BigEndian.AppendUint16(append(w.dst, tagBytes16), uint16(n))
	default:
		w.dst = binary.BigEndian.AppendUint32(append(w.dst, tagBytes32), uint32(n))
	}
	w.dst = append(w.dst, b...)
	return nil
}

func (w *writer) Raw(raw codec.Raw) { w.dst = append(w.dst, raw...) }

// count appends the header of a list or map of n parts.
func (w *writer) count(n int, fix, tag16, tag32 byte) {
	switch {
	case n < 16:
		w.dst = append(w.dst, fix|byte(n))
	case n <= math.MaxUint16:
		w.dst = binary.BigEndian.AppendUint16(append(w.dst, tag16), uint16(n))
	default:
		w.dst = binary.BigEndian.AppendUint32(append(w.dst, tag32), uint32(n))
	}
}

func (w *writer) BeginList(n int) { w.count(n, fixList, tagList16, tagList32) }

func (w *writer) BeginMap(n int) { w.count(n, fixMap, tagMap16, tagMap32) }

func (w *writer) Key(_ int, text string) { w.Text(text) }

func (w *writer) Field(_ int, field []byte) { w.dst = append(w.dst, field...) }

// MsgPack has nothing between items, around keys and at the end.

func (w *writer) Item(int)     {}
func (w *writer) EndList()     {}
func (w *writer) BeginKey(int) {}
func (w *writer) EndKey()      {}
func (w *writer) EndMap()      {}
