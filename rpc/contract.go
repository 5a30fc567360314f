package rpc

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"unicode"
	"weak"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/json"
	"github.com/gomas/gomas/internal/value"
)

//go:generate go run contracts_gen.go

// contract is what the text of a contract says:
//
//	text       = name [ "(" [ parameter { "," parameter } ] ")" ] [ ":" doc ]
//	parameter  = name [ "=" JSON value ] | "*" name | "**" name
//
// It may be shared by many functions and does not change, but for the pace.
type contract struct {
	pace pace // of all of them

	name   string
	params []param // nil if the text has no parentheses
	doc    string
}

// param is a parameter as the text names it.
type param struct {
	name     string
	fallback codec.Raw // its default as JSON, nil if it has none
	variadic bool      // it takes all further positional arguments: *name
	keywords bool      // it takes all further keyword arguments: **name
}

// takesRest reports whether p takes any number of arguments.
func (p *param) takesRest() bool { return p.variadic || p.keywords }

// takesList reports whether a parameter takes all further positional arguments.
func (c *contract) takesList() bool {
	return slices.ContainsFunc(c.params, func(p param) bool { return p.variadic })
}

// takesKeywords reports whether a parameter takes all further keyword
// arguments.
func (c *contract) takesKeywords() bool {
	return slices.ContainsFunc(c.params, func(p param) bool { return p.keywords })
}

// parseContract takes the text of a contract apart.
func parseContract(text string) (*contract, error) {
	name := nameOf(text)
	c := &contract{name: name}
	if err := checkName(name); err != nil {
		return nil, fmt.Errorf("contract %q: %w", text, err)
	}
	rest := text[len(name):]
	if list, ok := strings.CutPrefix(rest, "("); ok {
		var err error
		if c.params, rest, err = parseParams(list); err != nil {
			return nil, fmt.Errorf("contract %q: %w", text, err)
		}
	}
	rest = strings.TrimSpace(rest)
	doc, ok := strings.CutPrefix(rest, ":")
	if !ok && rest != "" {
		return nil, fmt.Errorf("contract %q: after the parameters stands %q, where only a colon and a text about the function may follow", text, rest)
	}
	c.doc = strings.TrimSpace(doc)
	return c, nil
}

// parseParams takes a list of parameters apart, up to the parenthesis that
// closes it, and returns what follows.
func parseParams(list string) (params []param, rest string, err error) {
	params = []param{}
	for closed := false; !closed; {
		item, after, end := cutParam(list)
		if end == 0 {
			return nil, "", errors.New("no closing parenthesis at the end")
		}
		list, closed = after, end == ')'
		item = strings.TrimSpace(item)
		if item == "" && closed && len(params) == 0 {
			break
		}
		p, err := parseParam(item)
		if err == nil {
			err = p.checkAfter(params)
		}
		if err != nil {
			return nil, "", err
		}
		params = append(params, p)
	}
	return params, list, nil
}

// cutParam returns the first parameter of a list, the comma or parenthesis
// after it, or 0, and what follows.
func cutParam(list string) (item, after string, end byte) {
	depth, quoted := 0, false
	for i := 0; i < len(list); i++ {
		c := list[i]
		switch {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case depth == 0 && (c == ',' || c == ')'):
			return list[:i], list[i+1:], c
		case c == '(' || c == '[' || c == '{':
			depth++
		case depth > 0 && (c == ')' || c == ']' || c == '}'):
			depth--
		}
	}
	return list, "", 0
}

func parseParam(item string) (p param, err error) {
	name, value, optional := strings.Cut(item, "=")
	p.name = strings.TrimSpace(name)
	if p.name, p.keywords = strings.CutPrefix(p.name, "**"); !p.keywords {
		p.name, p.variadic = strings.CutPrefix(p.name, "*")
	}
	switch {
	case p.name == "" || strings.ContainsFunc(p.name, notInName):
		return p, fmt.Errorf("%q is no name of a parameter", strings.TrimSpace(name))
	case !optional:
		return p, nil
	case p.takesRest():
		return p, fmt.Errorf("parameter %q takes any number of arguments and cannot have a default", p.name)
	}
	p.fallback = codec.Raw(strings.TrimSpace(value))
	if err := p.parseDefault(new(any)); err != nil {
		return p, err
	}
	return p, nil
}

// notInName reports whether a character cannot be in the name of a parameter.
func notInName(r rune) bool {
	return strings.ContainsRune(`()[]{}/=*:,"'`, r) || unicode.IsSpace(r)
}

// checkAfter checks that p may follow other parameters.
func (p *param) checkAfter(others []param) error {
	for i := range others {
		if others[i].name == p.name {
			return fmt.Errorf("two parameters %q", p.name)
		}
	}
	if len(others) == 0 {
		return nil
	}
	switch last := &others[len(others)-1]; {
	case last.keywords, last.variadic && !p.keywords:
		return fmt.Errorf("parameter %q follows %q, which must be the last one", p.name, last)
	case last.fallback != nil && p.fallback == nil && !p.takesRest():
		return fmt.Errorf("parameter %q has no default, but follows %q, which has one", p.name, last.name)
	}
	return nil
}

// parseDefault decodes the default into what v points to.
func (p *param) parseDefault(v any) error {
	if err := (json.Codec{}).Parse(p.fallback, v, nil); err != nil {
		return fmt.Errorf("the default of parameter %q: %w", p.name, err)
	}
	return nil
}

// String returns a text that says the same.
func (c *contract) String() string {
	var b strings.Builder
	b.WriteString(c.name)
	if c.params != nil {
		b.WriteByte('(')
		for i := range c.params {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(c.params[i].String())
		}
		b.WriteByte(')')
	}
	if c.doc != "" {
		b.WriteString(": ")
		b.WriteString(c.doc)
	}
	return b.String()
}

func (p *param) String() string {
	switch {
	case p.variadic:
		return "*" + p.name
	case p.keywords:
		return "**" + p.name
	case p.fallback != nil:
		return p.name + "=" + string(p.fallback)
	}
	return p.name
}

// nameOf returns the name in a contract without checking the rest.
func nameOf(text string) string {
	for i := range len(text) {
		if text[i] == '(' || text[i] == ':' {
			return text[:i]
		}
	}
	return text
}

func checkName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("the name is empty")
	case strings.ContainsAny(name, "/() "):
		return fmt.Errorf("the name %q contains a slash, a parenthesis or a space", name)
	}
	return nil
}

// contracts are those in use, by their texts: the many agents of a kind share
// theirs.
var contracts sync.Map // string → weak.Pointer[contract]

// contractOf returns what a text says.
func contractOf(text string) (*contract, error) {
	if known, ok := contracts.Load(text); ok {
		if c := known.(weak.Pointer[contract]).Value(); c != nil {
			return c, nil
		}
	}
	c, err := parseContract(text)
	if err != nil {
		return nil, err
	}
	w := weak.Make(c)
	contracts.Store(text, w)
	runtime.AddCleanup(c, func(text string) { contracts.CompareAndDelete(text, w) }, text)
	return c, nil
}

// variables are those of a call with a contract. They take memory as long as the
// call waits for its reply, so there is nothing else among them.
type variables interface {
	// pointers appends pointers to the parameters to a list.
	pointers(list []any) []any
	// plain reports whether all of them are plain, the result included.
	plain() bool
}

// message returns the message of a call, to be given back.
func (r Remote) message(contract string, vars variables) *value.Message {
	m := value.NewMessage()
	m.Service, m.Name = r.path, nameOf(contract)
	if vars != nil {
		m.Args = vars.pointers(m.List[:0])
	}
	return m
}

// direct returns what is called without a connection and without interceptors, nil
// if r is no such thing.
func (r Remote) direct() *local {
	if len(r.around()) > 0 { // who may keep the message
		return nil
	}
	return inner(r.peer)
}

// call makes one call of the function that a contract names, unless it is direct.
// result, unless it is nil, points to one of its variables.
func (r Remote) call(ctx context.Context, contract string, vars variables, result any) error {
	if len(r.around()) > 0 {
		m := &codec.Call{Service: r.path, Name: nameOf(contract)}
		if vars != nil {
			m.Args = vars.pointers(nil)
		}
		return r.do(ctx, m, result, vars)
	}
	return r.askPeer(ctx, nil, contract, vars, result)
}
