// Package blosc is MsgPack whose messages are compressed, each as one c-blosc
// 1 chunk: the format of Python's msgpackblosc codec.
//
// It pays where messages are long and the network is slow. A message below
// 128 bytes is not compressed and grows by 16 bytes. Longer ones are
// compressed with LZ4, lists of numbers column by column; text and records of
// a few kB come out at half the size or less. Everything that the C library
// can compress is read: blosclz, which Python sends, LZ4, Snappy, zlib and
// Zstandard.
package blosc

import (
	"errors"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/msgpack"
	"github.com/gomas/gomas/internal/blosc"
)

// Codec is the compressed MsgPack codec. It has no state, the zero value is
// ready. Single values are encoded as by [msgpack.Codec]; only a message as a
// whole is compressed.
type Codec struct{ msgpack.Codec }

var (
	_ codec.Codec     = Codec{}
	_ codec.Enveloper = Codec{}
	_ codec.Marker    = Codec{}
	_ codec.Packer    = Codec{}
)

// Name returns "msgpackblosc".
func (Codec) Name() string { return "msgpackblosc" }

// Pack implements codec.Packer.
func (Codec) Pack(dst, message []byte) ([]byte, error) { return blosc.Append(dst, message) }

// Unpack implements codec.Packer. Bytes that are no chunk are a
// *[codec.SyntaxError].
func (Codec) Unpack(dst, payload []byte, limit int) ([]byte, error) {
	dst, err := blosc.Decode(dst, payload, limit)
	if malformed := (*blosc.FormatError)(nil); errors.As(err, &malformed) {
		return dst, &codec.SyntaxError{Msg: malformed.Error()}
	}
	return dst, err
}
