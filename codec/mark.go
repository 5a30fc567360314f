package codec

// Marker is implemented by codecs that can write a message in a second way,
// which means the same to every decoder of the format, but which others never
// choose. gomas marks the first message that it sends on a connection in this
// way, so that another gomas knows whom it talks to, and a peer of another
// kind notices nothing. A message is marked before a [Packer] packs it, and
// looked at after it was unpacked.
type Marker interface {
	// Mark puts the mark on the message that begins at dst[start:] and ends
	// dst; it returns the extended slice. The message is one that
	// AppendMessage wrote, see [Enveloper], and has no mark yet.
	Mark(dst []byte, start int) []byte
	// Marked reports whether a message has the mark. It looks at nothing
	// else: what is marked may still be no message.
	Marked(message []byte) bool
}
