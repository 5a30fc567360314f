package rpc

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/gomas/gomas/codec"
)

// parse decodes the arguments into what dst points to.
func (c *call) parse(dst []any) error { return c.parseVariadic(dst, nil) }

// parseVariadic is parse with room for any number of further arguments: rest
// points to a slice, or is nil if there is none.
func (c *call) parseVariadic(dst []any, rest any) error {
	err := c.arguments(dst, rest)
	c.args, c.kwargs, c.parsed = nil, nil, true
	c.req.Release()
	return err
}

func (c *call) arguments(dst []any, rest any) error {
	n, err := c.positional(dst)
	if err != nil {
		return c.badArgument(err)
	}
	codec.Own(dst...)
	if n > len(dst) {
		if rest == nil {
			return c.badCount(len(dst), n)
		}
		if err := c.further(len(dst), rest); err != nil {
			return err
		}
		n = len(dst)
	}
	if n == len(dst) && !c.hasKeywords() {
		return nil
	}
	if c.fn.params == nil {
		return c.unnamed(len(dst), n, rest != nil)
	}
	return c.keywords(dst, n)
}

func (c *call) positional(dst []any) (n int, err error) {
	if c.inside != nil {
		return c.inside.parseArgs(dst)
	}
	return c.conn.envelope.ParseArgs(c.args, dst, c.conn.types)
}

func (c *call) hasKeywords() bool {
	return c.kwargs != nil || c.inside != nil && c.inside.kwargs != nil
}

// format returns how the values are encoded.
func (c *call) format() *format {
	if c.inside != nil {
		return c.inside.format
	}
	return c.conn.format
}

// list returns the positional arguments after the first n.
func (c *call) list(n int) (codec.Raw, error) {
	switch {
	case c.inside != nil:
		return c.inside.encode(c.inside.args[n:])
	case n == 0:
		return c.args, nil
	}
	// As a list of its own, so that the codec decides as for any other how
	// much memory it may take.
	var items []codec.Raw
	if err := c.conn.codec.Parse(c.args, &items, nil); err != nil {
		return nil, err
	}
	return c.conn.codec.Append(nil, items[n:], nil)
}

// further decodes the positional arguments after the first n into the slice
// that rest points to.
func (c *call) further(n int, rest any) error {
	list, err := c.list(n)
	if err != nil {
		return c.badArgument(err)
	}
	if err := c.format().codec.Parse(list, rest, c.format().types); err != nil {
		return c.badArgument(&codec.ItemError{Index: n, Err: err})
	}
	codec.Own(rest)
	return nil
}

// unnamed is the error for a call that would need names of parameters.
func (c *call) unnamed(params, n int, variadic bool) error {
	switch {
	case c.hasKeywords():
		return typeError("%s() takes no keyword arguments", c.fn.name)
	case variadic:
		return typeError("%s() takes at least %s but %d %s given", c.fn.name, count(params, "positional argument"), n, were(n))
	}
	return c.badCount(params, n)
}

// badCount is the error for n positional arguments where that is too many, or
// names of parameters are not known.
func (c *call) badCount(params, n int) error {
	takes := count(params, "positional argument")
	if params > 0 && c.fn.params != nil && c.fn.params[params-1].fallback != nil {
		least := slices.IndexFunc(c.fn.params, func(p param) bool { return p.fallback != nil })
		takes = fmt.Sprintf("from %d to %d positional arguments", least, params)
	}
	return typeError("%s() takes %s but %d %s given", c.fn.name, takes, n, were(n))
}

// keywords decodes keyword arguments and defaults, after n positional
// arguments.
func (c *call) keywords(dst []any, n int) error {
	name, params := c.fn.name, c.fn.params[:len(dst)]
	var kwargs map[string]codec.Raw
	switch {
	case c.inside != nil:
		kwargs = c.inside.kwargs
	case c.kwargs != nil:
		if err := c.conn.codec.Parse(c.kwargs, &kwargs, nil); err != nil {
			return c.badArgument(err)
		}
	}
	for i := n; i < len(params); i++ {
		raw, ok := kwargs[params[i].name]
		if !ok {
			continue
		}
		delete(kwargs, params[i].name)
		if err := c.format().codec.Parse(raw, dst[i], c.format().types); err != nil {
			return c.badArgument(&codec.ItemError{Index: i, Err: err})
		}
		codec.Own(dst[i])
		dst[i] = nil
	}
	if len(kwargs) > 0 {
		unknown := slices.Min(slices.Collect(maps.Keys(kwargs)))
		if slices.ContainsFunc(params, func(p param) bool { return p.name == unknown }) {
			return typeError("%s() got multiple values for argument '%s'", name, unknown)
		}
		return typeError("%s() got an unexpected keyword argument '%.80s'", name, unknown)
	}
	var missing []string
	for i := n; i < len(params); i++ {
		switch p := &params[i]; {
		case dst[i] == nil: // was given as a keyword
		case p.fallback == nil:
			missing = append(missing, "'"+p.name+"'")
		default:
			if err := p.parseDefault(dst[i]); err != nil {
				return err
			}
		}
	}
	if len(missing) > 0 {
		return typeError("%s() missing %s: %s", name, count(len(missing), "required positional argument"), enumerate(missing))
	}
	return nil
}

// badArgument says which argument did not parse, and where in it. An error of
// the format ends the connection.
func (c *call) badArgument(err error) error {
	if isSyntax(err) && c.inside == nil {
		return c.req.Malformed(err)
	}
	var item *codec.ItemError
	if !errors.As(err, &item) {
		return typeError("%s(): %v", c.fn.name, err)
	}
	number, path, reason := item.Index+1, "", item.Err
	if mismatch, ok := item.Err.(*codec.MismatchError); ok {
		inner := *mismatch
		path, inner.Path, reason = mismatch.Path, "", &inner
	}
	if path != "" && path[0] != '[' {
		path = "." + path
	}
	if c.fn.params != nil {
		return typeError("%s() argument '%s%s': %v", c.fn.name, c.fn.params[item.Index].name, path, reason)
	}
	if s := c.fn.shape(); s.variadic() && number == s.params() {
		further, inside := cutIndex(path)
		number, path = number+further, inside
	}
	return typeError("%s() argument %d%s: %v", c.fn.name, number, path, reason)
}

// cutIndex takes the index off a path such as "[3].price".
func cutIndex(path string) (index int, inside string) {
	digits, inside, _ := strings.Cut(strings.TrimPrefix(path, "["), "]")
	index, err := strconv.Atoi(digits)
	if err != nil {
		return 0, path
	}
	return index, inside
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
