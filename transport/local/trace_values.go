package local

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/transport"
)

// What frames carry, as text. Which Go type the number of a custom type stands
// for is not known here, but agents and dates can be told by their data.

// keywords returns the items of a map as arguments: b=4, c=5.
func (e Event) keywords(kwargs string) string {
	d := json.NewDecoder(strings.NewReader(kwargs))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return e.values(kwargs)
	}
	var list []string
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return e.values(kwargs)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return e.values(kwargs)
		}
		list = append(list, fmt.Sprint(key, "=", e.values(string(value))))
	}
	return strings.Join(list, ", ")
}

// values returns JSON with spaces after commas and colons, and with values of
// custom types as words. It may be cut.
func (e Event) values(content string) string {
	text := spaced(content)
	if !strings.Contains(text, pairStart) {
		return text
	}
	var b strings.Builder
	var open []bool // brackets; whether that is of a pair
	for text != "" {
		if id, data, ok := cutPair(text); ok {
			if words, rest, ok := e.known(data); ok {
				b.WriteString(words)
				text = rest
				continue
			}
			b.WriteString("type" + id + "(")
			open = append(open, true)
			text = data
			continue
		}
		n := 1
		switch text[0] {
		case '"':
			n = quotedLen(text)
		case '[', '{':
			open = append(open, false)
		case ']', '}':
			last := len(open) - 1
			isPair := last >= 0 && open[last]
			open = open[:max(0, last)]
			if rest, ok := strings.CutPrefix(text, pairEnd); ok && isPair {
				b.WriteByte(')')
				text = rest
				continue
			}
		}
		b.WriteString(text[:n])
		text = text[n:]
	}
	return b.String()
}

// A value of a custom type is a map with one key, whose value is a list of the
// number of the type and the data.
const (
	pairStart = `{"` + codec.TypeKey + `": [`
	pairEnd   = `]}`
)

// cutPair returns the number of the type, if text begins with a pair, and what
// follows it.
func cutPair(text string) (id, data string, ok bool) {
	rest, ok := strings.CutPrefix(text, pairStart)
	if !ok {
		return "", "", false
	}
	id = rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
	data, ok = strings.CutPrefix(rest[len(id):], ", ")
	return id, data, ok && id != ""
}

// known returns what the data of a pair means, an agent or a date, and what
// follows the pair.
func (e Event) known(data string) (words, rest string, ok bool) {
	if data == "" || data[0] != '"' {
		return "", "", false
	}
	n := quotedLen(data)
	var text string
	if rest, ok = strings.CutPrefix(data[n:], pairEnd); !ok || json.Unmarshal([]byte(data[:n]), &text) != nil {
		return "", "", false
	}
	if _, err := codec.ParseTime(text); err == nil {
		return text, rest, true
	}
	if _, _, err := transport.SplitURL(text); err == nil {
		return text, rest, true
	}
	owner := e.From
	if own, cut := strings.CutPrefix(text, "/"); cut { // back to where it is
		owner, text = e.To, own
	}
	id, isAgent := strings.CutPrefix(text, agentsPath)
	url := transport.Addr{Scheme: "local", Host: owner}.URL(id)
	if _, _, err := transport.SplitURL(url); !isAgent || err != nil {
		return "", "", false
	}
	return url, rest, true
}

// quotedLen returns the length of the text in quotes that text begins with, or
// of all of it if that is cut.
func quotedLen(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

// spaced returns JSON with one space after each comma and colon, and nowhere else.
// It may be cut.
func spaced(text string) string {
	b := make([]byte, 0, len(text)+len(text)/8)
	quoted := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quoted && c == '\\' && i+1 < len(text):
			b = append(b, c)
			i++
			c = text[i]
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			continue
		case c == ',' || c == ':':
			b = append(b, c)
			c = ' '
		}
		b = append(b, c)
	}
	return string(b)
}
