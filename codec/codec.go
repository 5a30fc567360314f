package codec

// Codec turns Go values into bytes of one format and back. One value of a
// Codec serves any number of connections at once, so its methods must be safe
// for concurrent use and keep nothing between calls.
//
// These three methods are all that a format needs. A codec that also
// implements [Enveloper] writes and scans the fixed parts of a message by
// hand, which is most of the work of a small call; for others [Envelope] does
// it through Append and Parse. A codec that implements [Packer] transforms
// whole messages, to compress them for example. With one that implements
// [Marker], peers find out whether both are gomas.
type Codec interface {
	// Name names the format in logs and error messages: "json".
	Name() string

	// Append appends the encoding of v to dst and returns the extended slice.
	// A pointer is encoded as what it points to. A [Raw] anywhere in v is
	// inserted as it is. Values of a Go type for which there is a
	// [Types.Encoder] become the format's custom type pairs, or, if that
	// says so, [Bare] data.
	//
	// What the format cannot express is an *[UnsupportedError]; dst may then
	// have grown, and the caller cuts it back.
	Append(dst []byte, v any, types *Types) ([]byte, error)

	// Parse decodes src, exactly one value, into what the pointer v points
	// to. It keeps no reference to src, except where v is a *Raw, a *[]Raw or
	// a *map[string]Raw: those share src's memory.
	//
	// A custom type pair becomes a value of [Type.Go], also in an any.
	//
	// Bytes that are no value of the format are a *[SyntaxError], a value
	// that does not fit v is a *[MismatchError].
	Parse(src []byte, v any, types *Types) error
}

// Raw is one encoded value. As a destination of [Codec.Parse] it leaves a
// value undecoded, to be routed or decoded later; as part of a value given to
// [Codec.Append] it is inserted as it is.
type Raw []byte

// Packer is implemented by codecs that transform the payload of a message as
// a whole.
type Packer interface {
	// Pack appends the packed form of a message to dst.
	Pack(dst, message []byte) ([]byte, error)
	// Unpack appends the message to dst. It fails, without using the memory
	// first, if the message were larger than limit bytes.
	Unpack(dst, payload []byte, limit int) ([]byte, error)
}

// DepthChecker is implemented by codecs that can tell how deep a value is
// nested, for connections that allow less than [MaxDepth].
type DepthChecker interface {
	// CheckDepth returns a *[SyntaxError] if lists and maps in raw are nested
	// more than most deep, or raw is no value of the format.
	CheckDepth(raw Raw, most int) error
}

// MaxDepth is how deep lists and maps may be nested in a message, in either
// direction. Python's JSON decoder gives up at about the same depth.
const MaxDepth = 1000
