package msgpack

// The mark is a header in longer forms than it needs, which others write only
// of necessity: a list with its length in two bytes, and the kind in a byte of
// its own.

// Mark implements codec.Marker.
func (Codec) Mark(dst []byte, start int) []byte {
	items, kind := dst[start]&^fixList, dst[start+1]
	dst = append(dst, 0, 0, 0)
	copy(dst[start+5:], dst[start+2:])
	copy(dst[start:], []byte{tagList16, 0, items, tagUint8, kind})
	return dst
}

// Marked implements codec.Marker.
func (Codec) Marked(message []byte) bool {
	return len(message) > 4 && message[0] == tagList16 && message[3] == tagUint8
}
