package channel

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// Errors gives names to errors, so that both ends of a connection tell them
// apart: a failure with an error that is registered carries its name as its
// type, and at the other end [errors.Is] finds the error that is registered
// there under the same name. Python peers see the name as that of an
// exception, which makes them understand nothing less than before.
//
// The zero value is an empty list, and so is nil. It must not be changed while
// a connection uses it.
type Errors struct {
	list []namedError
}

type namedError struct {
	name string
	err  error
}

// Register adds an error under a name such as "grid.Overload". The name must
// not be empty, or hold a blank, a quote, a bracket or a colon, and the error
// must be one that can be compared; names and errors that are there already are
// mistakes too.
func (e *Errors) Register(name string, err error) error {
	switch {
	case err == nil:
		return fmt.Errorf("channel: no error for the name %q", name)
	case !reflect.ValueOf(err).Comparable():
		return fmt.Errorf("channel: error %q is of type %T, whose values cannot be compared", err, err)
	case name == "" || strings.ContainsAny(name, " \t\n\r\"'()[]:") || !utf8.ValidString(name):
		return fmt.Errorf("channel: %q cannot be the name of an error: it is empty or holds a blank, quote, bracket or colon", name)
	}
	for _, other := range e.list {
		if other.name == name {
			return fmt.Errorf("channel: there is an error named %q already", name)
		}
		if other.err == err { //nolint:errorlint // the very same one
			return fmt.Errorf("channel: error %q has the name %q already", err, other.name)
		}
	}
	e.list = append(e.list, namedError{name, err})
	return nil
}

// Clone returns an independent copy, of an empty list if e is nil.
func (e *Errors) Clone() *Errors {
	c := new(Errors)
	if e != nil {
		c.list = slices.Clone(e.list)
	}
	return c
}

// named returns the error with a name, nil if there is none.
func (e *Errors) named(name string) error {
	if e == nil {
		return nil
	}
	for _, known := range e.list {
		if known.name == name {
			return known.err
		}
	}
	return nil
}

// typeName returns the name of the first registered error that err is, or what
// names its kind otherwise.
func (e *Errors) typeName(err error) string {
	if e != nil {
		for _, known := range e.list {
			if errors.Is(err, known.err) {
				return known.name
			}
		}
	}
	return typeName(err)
}
