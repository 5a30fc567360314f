package value

import (
	"reflect"
	"strconv"

	"github.com/gomas/gomas/codec"
)

// longestKey is how much of a map's key, in bytes, the path of an error shows.
const longestKey = 64

// inItem adds to the path of err that it happened in item i of a list.
func inItem(err error, i int) error {
	return within(err, "["+strconv.Itoa(i)+"]")
}

// inKey adds to the path of err that it happened under the key of a map.
func inKey(err error, key string) error {
	return within(err, shorten(key))
}

func shorten(key string) string {
	if len(key) > longestKey {
		return key[:longestKey] + "…"
	}
	return key
}

// within prepends a step to the path of err, which is one of ours and on its
// way up from where it happened.
func within(err error, step string) error {
	switch e := err.(type) {
	case *codec.MismatchError:
		e.Path = join(step, e.Path)
	case *codec.UnsupportedError:
		e.Path = join(step, e.Path)
	}
	return err
}

func join(step, path string) string {
	if path == "" || path[0] == '[' {
		return step + path
	}
	return step + "." + path
}

// mismatch is the error for a value, described as found, that does not fit
// the Go type want.
func mismatch(found string, want reflect.Type) error {
	return &codec.MismatchError{Value: found, Want: want.String()}
}

// refused is a mismatch for a reason that someone else's code gave.
func refused(found string, want reflect.Type, reason error) error {
	return &codec.MismatchError{Value: found, Want: want.String(), Err: reason}
}

// tooDeep is the error for received data that is nested too deep.
func tooDeep() error {
	return &codec.SyntaxError{Msg: "nested more than " + strconv.Itoa(codec.MaxDepth) + " deep"}
}
