// Package value holds the one reflection engine that every codec uses.
//
// A format brings a [Writer] and a [Reader] of its primitives: nil, bool,
// numbers, text, bytes, lists and maps. [Encode] and [Decode] do everything
// else, the same for each format: structs and their tags, pointers,
// interfaces, typed maps and lists, custom types, marshalers, depth, and the
// path of errors.
//
// # How Go values travel
//
//   - Integers of every size are integers and are checked for range when they
//     are decoded. A float without a fraction, such as 3.0, fits an integer,
//     since Python programs mix the two; 3.5 does not. Any integer fits a
//     float, rounded if it must be. time.Duration is an integer of nanoseconds.
//   - A float32 travels as the float64 of the same value. Decoding into one
//     rounds, and refuses what is beyond its range.
//   - []byte, arrays of bytes and types made of them are bytes.
//   - Slices and arrays are lists. A list must be as long as the array that
//     it is decoded into.
//   - Maps are sent in the order of their keys, so that the same value always
//     has the same bytes. Keys are text, numbers, bools, or of a type that is
//     an encoding.TextMarshaler (and TextUnmarshaler). [codec.Map] keeps an order of
//     its own.
//   - Structs are maps of their exported fields, named by the format's own
//     field tag: `json:"name,omitempty,omitzero"`, "-" for none; other options
//     have no effect. Embedded structs are flattened by Go's rules for
//     promoted fields. Names are matched exactly, and names that fit no field
//     are skipped. Fields that are not received keep their value.
//   - time.Time is text, see [codec.AppendTime] and [codec.ParseTime]. big.Int is an
//     integer, codec.Raw stands for itself.
//   - Otherwise encoding.TextMarshaler and TextUnmarshaler are used, where a
//     type has them.
//   - Pointers are what they point to. Pointers, maps, slices and interfaces
//     can be nil; nothing else takes a nil.
//   - Channels, functions and complex numbers are not supported.
//
// What is decoded replaces what was there, but slices reuse their memory, and
// pointers what they point to.
//
// # Custom types
//
// A value of a type registered in codec.Types, at any depth, is the pair
// {"__type__": [id, data]}. A received map whose first key is "__type__" is
// such a pair, and a syntax error if it is not one of a known id; as in
// Python, any further keys of it are ignored. Sending a map of one's own with
// that key is refused.
//
// The plainest types cannot be custom types: what Go predeclares except complex
// numbers, []byte, []any, []int, []float64, []string, map[string]any, [codec.Map] and
// codec.Raw.
package value
