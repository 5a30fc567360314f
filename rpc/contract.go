package rpc

import (
	"context"
	"fmt"
	"strings"

	"github.com/gomas/gomas/codec"
)

//go:generate go run contracts_gen.go

// splitContract takes the text of a contract apart: "add(a, b)" into the name
// and the parameters, "add" into the name alone.
func splitContract(text string) (name string, params []string, err error) {
	name, list, found := strings.Cut(text, "(")
	if err := checkName(name); err != nil {
		return "", nil, fmt.Errorf("contract %q: %w", text, err)
	}
	if !found {
		return name, nil, nil
	}
	list, closed := strings.CutSuffix(list, ")")
	if !closed {
		return "", nil, fmt.Errorf("contract %q: no closing parenthesis at the end", text)
	}
	params = []string{}
	if strings.TrimSpace(list) == "" {
		return name, params, nil
	}
	for param := range strings.SplitSeq(list, ",") {
		param = strings.TrimSpace(param)
		if param == "" || strings.ContainsAny(param, " ()/") {
			return "", nil, fmt.Errorf("contract %q: %q is no name of a parameter", text, param)
		}
		for _, other := range params {
			if other == param {
				return "", nil, fmt.Errorf("contract %q: two parameters %q", text, param)
			}
		}
		params = append(params, param)
	}
	return name, params, nil
}

// nameOf returns the name in a contract without checking the rest.
func nameOf(text string) string {
	if i := strings.IndexByte(text, '('); i >= 0 {
		return text[:i]
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

// message is an outgoing call with room for what a contract passes.
type message = codec.Call

// call makes one call of the function that a contract names. args are
// pointers, and so is result, or nil.
func (r Remote) call(ctx context.Context, m *message, contract string, args []any, result any) error {
	m.Service, m.Name, m.Args = r.path, nameOf(contract), args
	return r.do(ctx, m, result)
}
