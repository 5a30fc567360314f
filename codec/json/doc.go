// Package json is the JSON codec, the default of Python's aiomas. It is wire
// compatible with it: what it writes, Python's json.loads reads, and it reads
// whatever json.dumps writes.
//
// # What JSON can carry
//
//   - Integers of up to 4300 digits, the limit of Python's parser. Beyond the
//     range of int64 and uint64 they are *big.Int in an any.
//   - Floats, always written with a point or an exponent: 1.0, 1e+16. NaN,
//     Infinity and -Infinity are bare words, in both directions.
//   - Text. It is written as UTF-8, not as ASCII like Python's, which reads
//     either; what is no UTF-8 in a Go string is sent as U+FFFD. Half of a
//     surrogate pair, which Python can send as "\ud800", arrives as U+FFFD.
//   - No bytes: a []byte that is not nil is a *codec.UnsupportedError. Use
//     text, such as base64, or the MsgPack codec.
//   - No dates: Python cannot send them either, unless both sides have a
//     custom type for them, as containers do. Without one a time.Time is text
//     in ISO 8601, and a variable for one takes such text.
//   - Maps whose keys are text. Other keys are written as text, as Python
//     does: 1 is "1", true is "true", nil is "null", and they are parsed
//     again for a Go map with such keys. In an any, all keys are strings.
//     The last of several equal keys wins.
//
// Struct fields take the names in their `json` tags. Types that implement
// Marshaler or Unmarshaler of encoding/json use them. The options omitempty
// and omitzero mean what they mean there; "string" means nothing. Unlike
// there, names match only with their case, slices of bytes are refused, and
// nil only fits what can be nil. Nil slices and maps are sent as null.
//
// Maps are written in the order of their keys, so that equal values have equal
// bytes.
package json
