// Package codec defines how values become bytes.
//
// A [Codec] encodes and decodes values; the packages below this one hold one
// format each. [Types] lists the custom types of a connection: Go types that
// travel as a numbered pair of an id and simpler data. [Raw] is a value that
// stays encoded, so that a message can be routed before anyone knows which Go
// type its content has.
//
// # Values
//
// All formats share one model of values:
//
//	nil, bool, integers of any size, float64, text, bytes, list, map
//
// Structs are maps, under the names in their field tags. Integers and floats
// are different things and stay what they are: a float64 of 1 travels as a
// float. Into an any, integers arrive as int64, as uint64 above its range
// and as *big.Int beyond both; the rest as nil, bool, float64, string,
// []byte, []any and map[string]any.
//
// # Writing a codec
//
// A format needs only the three methods of [Codec]. See [Envelope] for what
// is built on them, and [Marker], [Packer] and [Splitter] for what else a codec
// may do.
package codec
