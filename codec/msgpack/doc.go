// Package msgpack is the MsgPack codec: smaller than JSON, faster, and able to
// carry bytes and maps with keys that are no text. It is wire compatible with
// Python's msgpack as aiomas uses it.
//
//   - Integers take their smallest form, those from 0 on an unsigned one.
//     Integers of more than 64 bits are a *codec.UnsupportedError.
//   - Floats are written as float64 and read as float32, too.
//   - Text and bytes are different things. Text must be UTF-8; what is none in
//     a Go string is sent as U+FFFD.
//   - Lists of Python arrive as tuples there, which is Python's business.
//   - Keys of maps may be any scalar: nil, bools, numbers, text, bytes. A map
//     with keys that are no text becomes a map[any]any in an any. Go cannot
//     compare bytes or lists, so that a map with such keys does not fit a Go
//     map; the ordered map takes bytes.
//   - Extension types, timestamps among them, are syntax errors: aiomas does
//     not use them. A time.Time is text in ISO 8601, or a custom type.
//
// Struct fields take the names in their `msgpack` tags.
package msgpack
