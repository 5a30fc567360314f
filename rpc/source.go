package rpc

import "github.com/gomas/gomas/codec"

// source is where the arguments of a call come from.
type source interface {
	// positional decodes the positional arguments into what dst points to, as
	// [codec.Enveloper.ParseArgs] does.
	positional(dst []any) (n int, err error)
	// list returns the positional arguments after the first n.
	list(n int) (codec.Raw, error)
	hasKeywords() bool
	// keywords returns the keyword arguments, as a map for the caller to keep.
	keywords() (map[string]codec.Raw, error)
	// format returns how the values are encoded, nil if there are none.
	format() *format
}

// parse decodes the arguments into what dst points to.
func (c *call) parse(dst []any) error { return c.parseAll(dst, further{}) }

// parseAll is parse with room for any number of further arguments.
func (c *call) parseAll(dst []any, rest further) error {
	err := c.fn.bind(c, dst, rest)
	if err != nil && isSyntax(err) {
		if c.inside == nil {
			err = c.req.Malformed(err) // ends the connection
		} else {
			err = typeError("%s(): %v", c.fn.name, err)
		}
	}
	c.parsed = true
	if c.inside == nil {
		c.args, c.kwargs = nil, nil
		c.req.Release()
	}
	return err
}

// positional implements source.
func (c *call) positional(dst []any) (n int, err error) {
	if c.inside != nil {
		return c.inside.parseArgs(dst)
	}
	return c.conn.envelope.ParseArgs(c.args, dst, c.conn.types)
}

// list implements source.
func (c *call) list(n int) (codec.Raw, error) {
	if c.inside != nil {
		return c.inside.encode(c.inside.arguments()[n:])
	}
	return c.conn.after(n, c.args)
}

// hasKeywords implements source.
func (c *call) hasKeywords() bool {
	if c.inside != nil {
		return c.inside.kwargs != nil
	}
	return c.kwargs != nil
}

// keywords implements source.
func (c *call) keywords() (kwargs map[string]codec.Raw, err error) {
	switch {
	case c.inside != nil:
		return c.inside.kwargs, nil // of this call alone
	case c.kwargs != nil:
		err = c.conn.codec.Parse(c.kwargs, &kwargs, nil)
	}
	return kwargs, err
}

// format implements source.
func (c *call) format() *format {
	if c.inside != nil {
		return c.inside.format
	}
	return c.conn.format
}

// after returns the items of an encoded list after the first n. They are a
// list of their own, so that the codec decides as for any other how much
// memory it may take.
func (f *format) after(n int, list codec.Raw) (codec.Raw, error) {
	if n == 0 {
		return list, nil
	}
	var items []codec.Raw
	if err := f.codec.Parse(list, &items, nil); err != nil {
		return nil, err
	}
	return f.codec.Append(nil, items[n:], nil)
}
