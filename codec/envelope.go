package codec

import "fmt"

// Kind is the first item of a message.
type Kind uint8

// The kinds of messages.
const (
	Request Kind = 0 // asks for a reply
	Result  Kind = 1 // answers a request
	Failure Kind = 2 // answers a request, with what went wrong
)

func (k Kind) String() string {
	switch k {
	case Request:
		return "request"
	case Result:
		return "result"
	case Failure:
		return "failure"
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

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
// message [kind, id, content] and the call [path, args, kwargs].
type Enveloper interface {
	// AppendMessage appends one message. The content is any value that
	// Append takes, or a *[Call].
	AppendMessage(dst []byte, kind Kind, id uint64, content any, types *Types) ([]byte, error)

	// ScanMessage takes a message apart. It returns a *[SyntaxError] for
	// anything but a list of three items that begins with a known kind and
	// an id. The content shares src's memory; it is one value as far as
	// brackets, strings and lengths go, and nested at most [MaxDepth] deep,
	// but errors inside may show only when it is parsed.
	ScanMessage(src []byte) (kind Kind, id uint64, content Raw, err error)

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

func (e envelope) AppendMessage(dst []byte, kind Kind, id uint64, content any, types *Types) ([]byte, error) {
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
	return e.Append(dst, []any{uint8(kind), id, content}, types)
}

func (e envelope) ScanMessage(src []byte) (kind Kind, id uint64, content Raw, err error) {
	var items []Raw
	if err := e.Parse(src, &items, nil); err != nil {
		return 0, 0, nil, malformed("message", err)
	}
	if len(items) != 3 {
		return 0, 0, nil, &SyntaxError{Msg: fmt.Sprintf("message of %d items, not 3", len(items))}
	}
	var k uint8
	if err := e.Parse(items[0], &k, nil); err != nil {
		return 0, 0, nil, malformed("message type", err)
	}
	if k > uint8(Failure) {
		return 0, 0, nil, &SyntaxError{Msg: fmt.Sprintf("unknown message type %d", k)}
	}
	if err := e.Parse(items[1], &id, nil); err != nil {
		return 0, 0, nil, malformed("message id", err)
	}
	return Kind(k), id, items[2], nil
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
