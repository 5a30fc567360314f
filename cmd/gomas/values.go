package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/json"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport"
)

// foreign is a value of a custom type that only the peer knows. There is one
// Go type of it for each id: peers number their types, and a Go type has one
// number.
type foreign[ID any] struct{ pair }

// pair is the id of a custom type, and the data of a value.
type pair struct {
	id   int
	data any
}

func (p pair) get() pair { return p }

// foreignTypes are custom types for all that peers send, whatever that is to
// them: dates, references, types of their own.
func foreignTypes() (*codec.Types, error) {
	types := new(codec.Types)
	return types, errors.Join(
		addForeign[[0]byte](types, 0), addForeign[[1]byte](types, 1),
		addForeign[[2]byte](types, 2), addForeign[[3]byte](types, 3),
		addForeign[[4]byte](types, 4), addForeign[[5]byte](types, 5),
		addForeign[[6]byte](types, 6), addForeign[[7]byte](types, 7),
	)
}

func addForeign[ID any](types *codec.Types, id int) error {
	return codec.Register(types,
		func(f foreign[ID]) (any, error) { return f.data, nil },
		func(data any) (foreign[ID], error) { return foreign[ID]{pair{id, data}}, nil })
}

// printer turns what a peer sends into JSON.
type printer struct {
	types *codec.Types
	at    target // the peer, whose agents have URLs
}

// print returns a value as JSON in one line: with the keys of maps sorted, an
// agent as its URL, a date as its text, bytes in base64, and other custom types
// as they travel.
func (p printer) print(v any) (string, error) {
	text, err := json.Codec{}.Append(nil, p.plain(v), p.types)
	return string(text), err
}

func (p printer) plain(v any) any {
	switch v := v.(type) {
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = p.plain(v[i])
		}
		return list
	case map[string]any:
		m := make(map[string]any, len(v))
		for key, item := range v {
			m[key] = p.plain(item)
		}
		return m
	case []byte:
		return base64.StdEncoding.EncodeToString(v)
	case rpc.Remote:
		return v.String()
	case interface{ get() pair }:
		if text, ok := v.get().data.(string); ok {
			if id, isAgent := strings.CutPrefix(text, agentsPath); isAgent && !strings.Contains(id, "/") {
				return p.at.addr.URL(id)
			}
			if _, _, err := transport.SplitURL(text); err == nil {
				return text // an agent elsewhere
			}
			if _, err := codec.ParseTime(text); err == nil && v.get().id == 0 {
				return text
			}
		}
	}
	return v
}

// arguments are what follows a FUNCTION on the command line.
type arguments struct {
	positional []any
	keywords   rpc.Kw
}

// parseArguments reads words as arguments: JSON or plain text, with KEY= in
// front or not.
func parseArguments(words []string, types *codec.Types) (arguments, error) {
	var args arguments
	for _, word := range words {
		key, text, isKeyword := cutKey(word)
		value, err := parseArgument(text, types)
		switch {
		case err != nil:
			return arguments{}, err
		case !isKeyword:
			args.positional = append(args.positional, value)
			continue
		}
		if _, twice := args.keywords[key]; twice {
			return arguments{}, usageError("", "argument %s= is there twice", key)
		}
		if args.keywords == nil {
			args.keywords = make(rpc.Kw)
		}
		args.keywords[key] = value
	}
	return args, nil
}

// list returns the arguments as [rpc.Call] takes them.
func (a arguments) list() []any {
	if a.keywords == nil {
		return a.positional
	}
	return append(a.positional[:len(a.positional):len(a.positional)], a.keywords)
}

// cutKey takes KEY=VALUE apart, where KEY is a name.
func cutKey(word string) (key, value string, ok bool) {
	key, value, ok = strings.Cut(word, "=")
	for i, r := range key {
		letter := r == '_' || r|0x20 >= 'a' && r|0x20 <= 'z' || r > 127
		ok = ok && (letter || i > 0 && r >= '0' && r <= '9')
	}
	if !ok || key == "" {
		return "", word, false
	}
	return key, value, true
}

// parseArgument reads JSON, or a plain word. What begins as JSON does and is
// none is a mistake, and not a word.
func parseArgument(text string, types *codec.Types) (any, error) {
	var v any
	err := json.Codec{}.Parse([]byte(text), &v, types)
	if err == nil {
		return v, nil
	}
	if text != "" && strings.ContainsAny(text[:1], `{["`) {
		return nil, usageError(
			`put JSON in single quotes, '{"a": [1, 2]}', so that the shell leaves it alone`,
			"malformed JSON %s: %w", shown(text), err)
	}
	return text, nil
}

func shown(text string) string {
	if len(text) > 60 {
		text = strings.ToValidUTF8(text[:60], "") + "…"
	}
	return fmt.Sprintf("%q", text)
}
