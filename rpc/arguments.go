package rpc

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gomas/gomas/codec"
)

// parse decodes the arguments into what dst points to.
func (c *call) parse(dst []any) error {
	err := c.arguments(dst)
	c.args, c.kwargs = nil, nil
	c.req.Release()
	return err
}

func (c *call) arguments(dst []any) error {
	n, err := c.conn.envelope.ParseArgs(c.args, dst, c.conn.types)
	if err != nil {
		return c.badArgument(err)
	}
	codec.Own(dst...)
	name := c.fn.Name()
	if n > len(dst) {
		return typeError("%s() takes %s but %d %s given", name, count(len(dst), "positional argument"), n, were(n))
	}
	if n == len(dst) && c.kwargs == nil {
		return nil
	}
	return c.keywords(dst, n)
}

// keywords decodes keyword arguments, after n positional ones.
func (c *call) keywords(dst []any, n int) error {
	name, params, err := splitContract(c.fn.contract)
	if err != nil {
		return err
	}
	var kwargs map[string]codec.Raw
	if c.kwargs != nil && params == nil {
		return typeError("%s() takes no keyword arguments", name)
	}
	if c.kwargs != nil {
		if err := c.conn.codec.Parse(c.kwargs, &kwargs, nil); err != nil {
			return c.badArgument(err)
		}
	}
	for i := n; i < len(params); i++ {
		raw, ok := kwargs[params[i]]
		if !ok {
			continue
		}
		delete(kwargs, params[i])
		if err := c.conn.codec.Parse(raw, dst[i], c.conn.types); err != nil {
			return c.badArgument(&codec.ItemError{Index: i, Err: err})
		}
		codec.Own(dst[i])
		dst[i] = nil
	}
	if len(kwargs) > 0 {
		unknown := make([]string, 0, len(kwargs))
		for keyword := range kwargs {
			unknown = append(unknown, keyword)
		}
		slices.Sort(unknown)
		if i := slices.Index(params, unknown[0]); i >= 0 {
			return typeError("%s() got multiple values for argument '%s'", name, unknown[0])
		}
		return typeError("%s() got an unexpected keyword argument '%.80s'", name, unknown[0])
	}
	var missing []string
	for i := n; i < len(dst); i++ {
		if dst[i] == nil {
			continue // was given as a keyword
		}
		if i < len(params) {
			missing = append(missing, "'"+params[i]+"'")
		}
	}
	switch {
	case params == nil:
		return typeError("%s() takes %s but %d %s given", name, count(len(dst), "positional argument"), n, were(n))
	case len(missing) > 0:
		return typeError("%s() missing %s: %s", name, count(len(missing), "required positional argument"), enumerate(missing))
	}
	return nil
}

// badArgument says which argument did not parse. An error of the format ends
// the connection.
func (c *call) badArgument(err error) error {
	if isSyntax(err) {
		return c.req.Malformed(err)
	}
	var item *codec.ItemError
	if !errors.As(err, &item) {
		return typeError("%s(): %v", c.fn.Name(), err)
	}
	if _, params, _ := splitContract(c.fn.contract); item.Index < len(params) {
		return typeError("%s() argument '%s': %v", c.fn.Name(), params[item.Index], item.Err)
	}
	return typeError("%s() argument %d: %v", c.fn.Name(), item.Index+1, item.Err)
}

func typeError(format string, args ...any) *Error {
	return &Error{Type: "TypeError", Message: fmt.Sprintf(format, args...)}
}

func lookupError(format string, args ...any) *Error {
	return &Error{Type: "LookupError", Message: fmt.Sprintf(format, args...)}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// enumerate lists items as Python does: "a", "a and b", "a, b, and c".
func enumerate(items []string) string {
	last := len(items) - 1
	switch last {
	case 0:
		return items[0]
	case 1:
		return items[0] + " and " + items[1]
	}
	return strings.Join(items[:last], ", ") + ", and " + items[last]
}

func were(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

func isSyntax(err error) bool {
	var syntax *codec.SyntaxError
	return errors.As(err, &syntax)
}
