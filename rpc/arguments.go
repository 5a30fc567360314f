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

// further is where arguments go for which there is no parameter of their own.
// What is nil takes none.
type further struct {
	list      any        // pointer to a slice, for positional ones
	keywords  any        // pointer to a map, for those with names
	undecoded *Arguments // for both
}

// bind decodes the arguments of a call into what dst points to, one for each
// parameter of its own, and the others into rest.
func (c *contract) bind(from source, dst []any, rest further) error {
	n, err := from.positional(dst)
	if err != nil {
		return c.badArgument(err, false)
	}
	codec.Own(dst...)
	if n > len(dst) {
		if err := c.bindList(from, len(dst), n, rest); err != nil {
			return err
		}
		n = len(dst)
	}
	if n == len(dst) && !from.hasKeywords() {
		return nil
	}
	if c.params == nil {
		return c.unnamed(len(dst), n, from.hasKeywords(), rest.list != nil)
	}
	return c.bindKeywords(from, dst, n, rest)
}

// bindList decodes the positional arguments after the first n, of given ones.
func (c *contract) bindList(from source, n, given int, rest further) error {
	if rest.undecoded == nil && rest.list == nil {
		return c.badCount(n, given)
	}
	list, err := from.list(n)
	if err != nil {
		return c.badArgument(err, false)
	}
	if rest.undecoded != nil {
		rest.undecoded.form, rest.undecoded.args = from.format(), slices.Clone(list)
		return nil
	}
	if err := from.format().codec.Parse(list, rest.list, from.format().types); err != nil {
		return c.badArgument(&codec.ItemError{Index: n, Err: err}, true)
	}
	codec.Own(rest.list)
	return nil
}

// unnamed is the error for a call that would need names of parameters.
func (c *contract) unnamed(params, n int, hasKeywords, variadic bool) error {
	switch {
	case hasKeywords:
		return typeError("%s() takes no keyword arguments", c.name)
	case variadic:
		return typeError("%s() takes at least %s but %d %s given", c.name, count(params, "positional argument"), n, were(n))
	}
	return c.badCount(params, n)
}

// badCount is the error for n positional arguments where that is too many, or
// names of parameters are not known.
func (c *contract) badCount(params, n int) error {
	takes := count(params, "positional argument")
	if params > 0 && c.params != nil && c.params[params-1].fallback != nil {
		least := slices.IndexFunc(c.params, func(p param) bool { return p.fallback != nil })
		takes = fmt.Sprintf("from %d to %d positional arguments", least, params)
	}
	return typeError("%s() takes %s but %d %s given", c.name, takes, n, were(n))
}

// bindKeywords decodes keyword arguments and defaults, after n positional
// arguments.
func (c *contract) bindKeywords(from source, dst []any, n int, rest further) error {
	kwargs, err := from.keywords()
	if err != nil {
		return c.badArgument(err, false)
	}
	params := c.params[:len(dst)]
	var missing []string
	for i := n; i < len(params); i++ {
		p := &params[i]
		raw, given := kwargs[p.name]
		switch {
		case given:
			delete(kwargs, p.name)
			if err := from.format().codec.Parse(raw, dst[i], from.format().types); err != nil {
				return c.badArgument(&codec.ItemError{Index: i, Err: err}, false)
			}
			codec.Own(dst[i])
		case p.fallback == nil:
			missing = append(missing, "'"+p.name+"'")
		default:
			if err := p.parseDefault(dst[i]); err != nil {
				return err
			}
		}
	}
	if len(kwargs) > 0 {
		if err := c.bindFurther(from, params, kwargs, rest); err != nil {
			return err
		}
	}
	if len(missing) > 0 {
		return typeError("%s() missing %s: %s", c.name, count(len(missing), "required positional argument"), enumerate(missing))
	}
	return nil
}

// bindFurther decodes the keyword arguments that are left when the parameters
// have theirs.
func (c *contract) bindFurther(from source, params []param, kwargs map[string]codec.Raw, rest further) error {
	takesAny := rest.keywords != nil || rest.undecoded != nil
	for _, name := range slices.Sorted(maps.Keys(kwargs)) {
		if slices.ContainsFunc(params, func(p param) bool { return p.name == name }) {
			return typeError("%s() got multiple values for argument '%s'", c.name, name)
		}
		if !takesAny {
			return typeError("%s() got an unexpected keyword argument '%.80s'", c.name, name)
		}
	}
	if rest.undecoded != nil {
		codec.Own(&kwargs)
		rest.undecoded.form, rest.undecoded.kwargs = from.format(), kwargs
		return nil
	}
	// As a map of its own, so that the codec decides as for any other how much
	// memory it may take.
	raw, err := from.format().codec.Append(nil, kwargs, nil)
	if err != nil {
		return c.badArgument(err, false)
	}
	if err := from.format().codec.Parse(raw, rest.keywords, from.format().types); err != nil {
		return c.badKeyword(err)
	}
	codec.Own(rest.keywords)
	return nil
}

// badKeyword says which of the further keyword arguments did not parse.
func (c *contract) badKeyword(err error) error {
	mismatch, ok := err.(*codec.MismatchError)
	if !ok || mismatch.Path == "" {
		return c.badArgument(err, false)
	}
	inner := *mismatch
	inner.Path = ""
	return typeError("%s() argument '%.80s': %v", c.name, mismatch.Path, &inner)
}

// badArgument says which argument did not parse, and where in it: in the list
// of all further ones, if inList is set. What is not even a value of the format
// is the [codec.SyntaxError] that it was.
func (c *contract) badArgument(err error, inList bool) error {
	if isSyntax(err) {
		return err
	}
	var item *codec.ItemError
	if !errors.As(err, &item) {
		return typeError("%s(): %v", c.name, err)
	}
	number, path, reason := item.Index+1, "", item.Err
	if mismatch, ok := item.Err.(*codec.MismatchError); ok {
		inner := *mismatch
		path, inner.Path, reason = mismatch.Path, "", &inner
	}
	if path != "" && path[0] != '[' {
		path = "." + path
	}
	if c.params != nil {
		return typeError("%s() argument '%s%s': %v", c.name, c.params[item.Index].name, path, reason)
	}
	if inList {
		further, inside := cutIndex(path)
		number, path = number+further, inside
	}
	return typeError("%s() argument %d%s: %v", c.name, number, path, reason)
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
