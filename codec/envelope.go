package codec

import "fmt"

// Call is the content of a remote procedure call: the list
// [path, args, kwargs]. A codec knows the type *Call, but only as the whole
// content of a message, not inside other values.
type Call struct {
	// Service is the path of the service, "" for the root; Name is the
	// function's. On the wire they are joined by a slash.
	Service, Name string
	Args          []any
	Kwargs        []Keyword
}

// Path joins Service and Name.
func (c *Call) Path() string {
	if c.Service == "" {
		return c.Name
	}
	return c.Service + "/" + c.Name
}

// Keyword is one named argument.
type Keyword struct {
	Name  string
	Value any
}

// Enveloper writes and scans the two fixed shapes of the protocol: the
// message [kind, id, content], with a fourth item where a request says how long
// its caller waits, and the call [path, args, kwargs].
type Enveloper interface {
	// AppendMessage appends one message: of three items, or of four if it is
	// a request and h.Left is not 0. The content is any value that Append
	// takes, or a *[Call].
	AppendMessage(dst []byte, h Header, content any, types *Types) ([]byte, error)

	// ScanMessage takes a message apart. It returns a *[SyntaxError] for
	// anything but a list of three items that begins with a known kind and
	// an id, or of four if it is a request; the last is then an integer of
	// at least 1. The content shares src's memory; it is one value as far as
	// brackets, strings and lengths go, and nested at most [MaxDepth] deep,
	// but errors inside may show only when it is parsed.
	ScanMessage(src []byte) (h Header, content Raw, err error)

	// ScanCall takes the content of a call apart. Anything but a list of a
	// text, a list and a map is an error. The path is only valid as long as
	// content is. kwargs is nil if there are none.
	ScanCall(content Raw) (path []byte, args, kwargs Raw, err error)

	// ParseArgs parses the items of the list args into the pointers dst, as
	// Parse would, and returns how many items the list has; there may be
	// more or fewer than pointers, and surplus items are only counted. An
	// item that does not parse is an *[ItemError].
	ParseArgs(args Raw, dst []any, types *Types) (n int, err error)
}

// LongText is from how many bytes on a text may stand outside of a message, see
// [Splitter].
const LongText = 64 << 10

// Splitter is implemented by an [Enveloper] that can leave a long text out of a
// message, so that it is copied only where it is sent. That of a [Packer] is not
// used.
type Splitter interface {
	// Splits reports whether AppendSplit is what c has: not if c embeds this
	// codec, and may append messages in its own way.
	Splits(c Codec) bool

	// AppendSplit appends one message as AppendMessage does, except that it may
	// leave out one text of at least [LongText] bytes, which belongs before b[at]
	// as it is. text is "" if there is none.
	AppendSplit(dst []byte, h Header, content any, types *Types) (b []byte, at int, text string, err error)
}

// Envelope returns c itself if it is an [Enveloper], otherwise one that goes
// through c's Append and Parse.
func Envelope(c Codec) Enveloper {
	if e, ok := c.(Enveloper); ok {
		return e
	}
	return envelope{c}
}

// envelope builds the fixed shapes out of ordinary values.
type envelope struct{ Codec }

func (e envelope) AppendMessage(dst []byte, h Header, content any, types *Types) ([]byte, error) {
	if c, ok := content.(*Call); ok {
		args := c.Args
		if args == nil {
			args = []any{}
		}
		kwargs := make(map[string]any, len(c.Kwargs))
		for _, kw := range c.Kwargs {
			kwargs[kw.Name] = kw.Value
		}
		content = []any{c.Path(), args, kwargs}
	}
	items := []any{uint8(h.Kind), h.ID, content}
	if h.Kind == Request && h.Left > 0 {
		items = append(items, h.Left)
	}
	return e.Append(dst, items, types)
}

func (e envelope) ScanMessage(src []byte) (h Header, content Raw, err error) {
	var items []Raw
	if err := e.Parse(src, &items, nil); err != nil {
		return Header{}, nil, malformed("message", err)
	}
	if len(items) != 3 && len(items) != 4 {
		return Header{}, nil, &SyntaxError{Msg: fmt.Sprintf("message of %d items, not 3 or 4", len(items))}
	}
	var k uint8
	if err := e.Parse(items[0], &k, nil); err != nil {
		return Header{}, nil, malformed("message type", err)
	}
	if h.Kind = Kind(k); h.Kind > Hello {
		return Header{}, nil, &SyntaxError{Msg: fmt.Sprintf("unknown message type %d", k)}
	}
	if err := e.Parse(items[1], &h.ID, nil); err != nil {
		return Header{}, nil, malformed("message id", err)
	}
	if len(items) == 3 {
		return h, items[2], nil
	}
	if h.Kind != Request {
		return Header{}, nil, &SyntaxError{Msg: h.Kind.String() + " of 4 items"}
	}
	if err := e.Parse(items[3], &h.Left, nil); err != nil {
		return Header{}, nil, malformed("time left for a request", err)
	}
	if h.Left == 0 {
		return Header{}, nil, &SyntaxError{Msg: "request without time left"}
	}
	return h, items[2], nil
}

func (e envelope) ScanCall(content Raw) (path []byte, args, kwargs Raw, err error) {
	var items []Raw
	if err := e.Parse(content, &items, nil); err != nil {
		return nil, nil, nil, err
	}
	if len(items) != 3 {
		return nil, nil, nil, &MismatchError{Value: fmt.Sprintf("list of %d items", len(items)), Want: "[path, args, kwargs]"}
	}
	var p string
	if err := e.Parse(items[0], &p, nil); err != nil {
		return nil, nil, nil, err
	}
	var list []Raw
	if err := e.Parse(items[1], &list, nil); err != nil {
		return nil, nil, nil, err
	}
	var table map[string]Raw
	if err := e.Parse(items[2], &table, nil); err != nil {
		return nil, nil, nil, err
	}
	if list == nil || table == nil {
		return nil, nil, nil, &MismatchError{Value: "nil", Want: "[path, args, kwargs]"}
	}
	if len(table) == 0 {
		return []byte(p), items[1], nil, nil
	}
	return []byte(p), items[1], items[2], nil
}

func (e envelope) ParseArgs(args Raw, dst []any, types *Types) (n int, err error) {
	var items []Raw
	if err := e.Parse(args, &items, nil); err != nil {
		return 0, err
	}
	for i := range min(len(items), len(dst)) {
		if err := e.Parse(items[i], dst[i], types); err != nil {
			return len(items), &ItemError{Index: i, Err: err}
		}
	}
	return len(items), nil
}

// malformed makes sure that an error in the envelope counts as one of syntax.
func malformed(what string, err error) error {
	return &SyntaxError{Msg: what + ": " + err.Error()}
}
