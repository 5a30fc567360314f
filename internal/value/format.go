package value

import (
	"math/big"
	"reflect"
	"sync"

	"github.com/gomas/gomas/codec"
)

// Format is what the engine must know about a format, besides how to read and
// write it. It also caches what the engine found out about Go types, so there
// is one Format for a codec, and it is safe for concurrent use.
type Format struct {
	Name string // of the codec, for errors
	Tag  string // the key of the field tag

	// TextKeys says that map keys are always text. Other scalars are then
	// written between BeginKey and EndKey, and parsed from the text of a key.
	TextKeys bool

	// AppendField appends a struct's field name in the form that
	// Writer.Field takes.
	AppendField func(dst []byte, name string) []byte

	// Marshaler and Unmarshaler are interfaces by which types bring their own
	// code for this format, Marshal and Unmarshal call it. All are nil if the
	// format knows none. Marshal checks that its result is one value that is
	// nested no deeper than the depth allows.
	Marshaler, Unmarshaler reflect.Type
	Marshal                func(v any, depth int) (codec.Raw, error)
	Unmarshal              func(v any, src codec.Raw) error

	plans sync.Map // from reflect.Type to *plan
}

// Writer writes the primitives of a format. Items and keys are counted from
// 0. Its errors say why the format cannot express a value.
type Writer interface {
	Format() *Format

	Nil()
	Bool(bool)
	Int(int64)
	Uint(uint64)
	Big(*big.Int) error
	Float(float64)
	Text(string)
	Path(service, name string) // as one text, see codec.Call
	Bytes([]byte) error
	Raw(codec.Raw)

	BeginList(n int) // n items follow
	Item(i int)      // before each item
	EndList()

	BeginMap(n int)            // n entries follow
	Key(i int, text string)    // a key that is text
	Field(i int, field []byte) // a key made by Format.AppendField
	BeginKey(i int)            // before a key that is another scalar
	EndKey()                   // after it
	EndMap()
}

// Kind is what a Reader finds next.
type Kind uint8

// The kinds of values.
const (
	KindNil Kind = iota + 1
	KindBool
	KindNumber
	KindText
	KindBytes
	KindList
	KindMap
)

func (k Kind) String() string {
	switch k {
	case KindNil:
		return "nil"
	case KindBool:
		return "bool"
	case KindNumber:
		return "number"
	case KindText:
		return "string"
	case KindBytes:
		return "bytes"
	case KindList:
		return "list"
	case KindMap:
		return "map"
	}
	return "nothing"
}

// Reader reads the primitives of a format. All its errors are
// *codec.SyntaxErrors. After Kind, only the method for the kind found, or
// Raw, may be called.
type Reader interface {
	Format() *Format

	Kind() (Kind, error) // of the next value, which stays unread
	Nil() error
	Bool() (bool, error)
	Number() (Number, error)
	Text() ([]byte, error)  // valid UTF-8; until the next call
	Bytes() ([]byte, error) // until the next call
	// Raw skips the next value, which is already nested depth deep.
	// It shares the memory of what is read.
	Raw(depth int) (codec.Raw, error)

	// List begins a list and returns the number of its items if the format
	// says so, otherwise -1. Item goes on to item i of a list of n, or ends
	// the list. A number that is announced is not above that of the bytes.
	List() (n int, err error)
	Item(n, i int) (more bool, err error)

	// Map and Key do the same for a map. Key returns a key that is text,
	// until the next call; it is nil if the key is something else, to be
	// read like a value.
	Map() (n int, err error)
	Key(n, i int) (key []byte, more bool, err error)

	// At returns a place to which Back goes back.
	At() int
	Back(at int)
}
