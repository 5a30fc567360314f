package codec

import (
	"fmt"
	"reflect"
	"strings"
)

// SyntaxError reports bytes that are no value of the format. A connection on
// which they arrive cannot go on.
type SyntaxError struct {
	Msg    string
	Offset int // where in the bytes given, if known
}

func (e *SyntaxError) Error() string {
	if e.Offset > 0 {
		return fmt.Sprintf("%s at byte %d", e.Msg, e.Offset)
	}
	return e.Msg
}

// MismatchError reports a value that cannot be stored in the Go value given
// for it.
type MismatchError struct {
	Value string // what was found: "string", "integer 300"
	Want  string // the Go type, or what else was expected: "int8"
	Path  string // where inside the whole value: "orders[3].price", "" for the whole
	Err   error  // the reason, where a custom type or an unmarshaler gave one
}

func (e *MismatchError) Error() string {
	var b strings.Builder
	if e.Path != "" {
		b.WriteString(e.Path)
		b.WriteString(": ")
	}
	fmt.Fprintf(&b, "%s does not fit %s", e.Value, e.Want)
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

func (e *MismatchError) Unwrap() error { return e.Err }

// UnsupportedError reports a Go value that the format cannot express.
type UnsupportedError struct {
	Codec  string       // the name of the codec
	Type   reflect.Type // the type of the value
	Path   string       // where inside the whole value, "" for the whole
	Reason string
	Err    error // the reason, where a custom type or a marshaler gave one
}

func (e *UnsupportedError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "cannot encode %v as %s", e.Type, e.Codec)
	if e.Path != "" {
		fmt.Fprintf(&b, " (at %s)", e.Path)
	}
	if e.Reason != "" {
		b.WriteString(": ")
		b.WriteString(e.Reason)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

func (e *UnsupportedError) Unwrap() error { return e.Err }

// ItemError reports which item of a list of arguments did not parse.
type ItemError struct {
	Index int // from 0
	Err   error
}

func (e *ItemError) Error() string { return fmt.Sprintf("argument %d: %v", e.Index, e.Err) }

func (e *ItemError) Unwrap() error { return e.Err }
