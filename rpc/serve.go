package rpc

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/turn"
)

// call is one incoming call. It is also the context that its handler gets,
// which code may keep for longer than the call lasts, so it is not reused.
type call struct {
	context.Context // that of the connection
	turn.Item
	conn *Conn
	turn turn.Turn
	req  channel.Request
	fn   function

	args, kwargs codec.Raw

	around []Interceptor
	path   string // set if around is
}

// Turn implements [turn.Holder].
func (c *call) Turn() turn.Turn { return c.turn }

type callerKey struct{}

func (c *call) Value(key any) any {
	if key == (callerKey{}) {
		return c.conn
	}
	if t, ok := turn.Value(c, key); ok {
		return t
	}
	return c.Context.Value(key)
}

// Caller returns the connection over which the call that ctx belongs to was
// made, nil if ctx belongs to none. The handler may call back on it.
func Caller(ctx context.Context) *Conn {
	c, _ := ctx.Value(callerKey{}).(*Conn)
	return c
}

// Dispatch implements [channel.Dispatcher].
func (c *Conn) Dispatch(r channel.Request) {
	in := &call{Context: c.ch.Context(), conn: c, req: r}
	in.Task = in
	path, args, kwargs, err := c.envelope.ScanCall(r.Raw())
	if err != nil {
		if isSyntax(err) {
			_ = in.req.Malformed(err)
			return
		}
		in.refuse(typeError("malformed call: %v", err))
		return
	}
	found, fault := c.root.resolve(path)
	if fault != nil {
		in.refuse(fault)
		return
	}
	in.fn, in.args, in.kwargs = found.function, args, kwargs
	if in.turn = found.turn; in.turn == nil {
		in.turn = c.ch.Turn()
	}
	if found.around != nil {
		in.around, in.path = found.around, string(path)
	}
	in.turn.Start(&in.Item)
}

// refuse answers a call that never becomes a task.
func (c *call) refuse(err error) {
	c.req.SetFailure(err)
	c.req.Release()
	// Sending may have to wait, and the reading goroutine must not.
	c.conn.ch.Turn().Start(&turn.Item{Task: refusal{c}})
}

type refusal struct{ *call }

func (refusal) Run() {}

// Run implements [turn.Task]: it runs the handler and encodes the answer,
// all under the turn.
func (c *call) Run() {
	returned := false
	defer func() {
		if returned {
			return
		}
		if p := recover(); p != nil {
			stack := string(debug.Stack())
			if log := c.conn.ch.Options().Logger; log != nil {
				log.Error("a handler panicked", "function", c.fn.Name(), "panic", p, "stack", stack)
			}
			c.req.SetFailure(&PanicError{Value: p, Stack: stack})
		} else {
			c.req.SetFailure(&Error{Type: "RuntimeError", Message: "the handler ended its goroutine"})
		}
	}()
	result, err := c.execute()
	if err != nil {
		c.req.SetFailure(err)
	} else {
		_ = c.req.SetResult(result) // what cannot be encoded has become a failure
	}
	returned = true
}

// execute runs the handler, inside its interceptors if it has some.
func (c *call) execute() (result any, err error) {
	if c.around == nil {
		return c.fn.handler.serve(c, c)
	}
	return c.executeInside()
}

func (c *call) executeInside() (result any, err error) {
	err = intercept(c, c.around, Info{Path: c.path, Conn: c.conn}, func(ctx context.Context) (err error) {
		if c.args == nil {
			return errTwice
		}
		result, err = c.fn.handler.serve(ctx, c)
		return err
	})
	return result, err
}

// Finish implements [turn.Task]: it sends the answer, when the turn is
// another's.
func (c *call) Finish() {
	// An error means that nobody is there any more to be answered.
	_ = c.req.Send(context.Background())
}

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
