package json

import "bytes"

// mark is white space, which JSON allows behind a message and nobody writes.
var mark = []byte("\t \t")

// Mark implements codec.Marker.
func (Codec) Mark(dst []byte, _ int) []byte { return append(dst, mark...) }

// Marked implements codec.Marker.
func (Codec) Marked(message []byte) bool { return bytes.HasSuffix(message, mark) }
