package local

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gomas/gomas/codec"
)

// What frames say, in as few words as a person needs.

// agentsPath is where the functions of agents are, and validatePath the one by
// which a container asks another whether there is an agent.
const (
	agentsPath   = "agents/"
	validatePath = "validate_aid"
)

var (
	requestWord = codec.Request.String()
	resultWord  = codec.Result.String()
	failureWord = codec.Failure.String()
	cancelWord  = codec.Cancel.String()
	helloWord   = codec.Hello.String()
)

// Line returns the message of a frame in one line, without times, as in
//
//	a -> b: 0.add(3, 4)
//	b -> a: 7
//	a -> b: 0.divide(1, by=0)
//	b -> a: failed: ZeroDivisionError: division by zero
//	a -> b: cancel 0.add
//	a -x b: 0.add(3, 4)
//
// where 0 is the id of an agent in the container that is called, and the last was
// lost. Arguments and results are JSON, as far as the event has them, with spaces
// after commas and colons, whatever the codec. Agents are written as their URLs,
// dates as 2030-01-01T00:00:00Z, and other values of a custom type with its number,
// as in type3([1, 2]). It returns "" for other events.
func (e Event) Line() string {
	if e.Kind != Frame {
		return ""
	}
	arrow := " -> "
	if e.Outcome != "" {
		arrow = " -x "
	}
	return oneLine(e.From + arrow + e.To + ": " + e.says(0))
}

// says returns what the message of a frame says, with so many characters of its
// content, or all if that is 0.
func (e Event) says(longest int) string {
	content := func() string { return shorten(cmp.Or(e.values(e.Content), "?"), longest) }
	switch e.Message {
	case requestWord:
		if e.Path != "" {
			return e.callText(longest)
		}
		return content()
	case resultWord:
		return content()
	case failureWord:
		return "failed: " + shorten(failureText(e.Content), longest)
	case cancelWord:
		return strings.TrimSpace("cancel " + functionName(e.Path))
	case "":
		return fmt.Sprintf("%d unknown bytes", e.Size)
	}
	return e.Message + " " + content()
}

// what returns what has happened, without its outcome. If it is a reply, call is
// what it answers, or "".
func (e Event) what(call string) string {
	words := e.Note
	switch e.Kind {
	case Frame:
		words = e.says(longestText)
		switch {
		case call == "":
		case e.Message == resultWord:
			words = call + " = " + words
		case e.Message == failureWord:
			words = call + " " + words
		}
	case Connect:
		words = fmt.Sprintf("connection %d", e.Link)
	case Close:
		words = fmt.Sprintf("connection %d closed", e.Link)
	case Listen:
		words = "listens"
	case Partition:
		words = strings.TrimSpace("partition " + e.Note)
	case Heal:
		words = "the partition ends"
	case Crash:
		words = "crashes"
	case Restart:
		words = "is started again"
	case Note:
	default:
		words = strings.TrimSpace(string(e.Kind) + " " + e.Note)
	}
	return oneLine(words)
}

// callText returns a call as it is written: 0.add(3, 4, c=5).
func (e Event) callText(longest int) string {
	args, kwargs := splitArgs(e.Content)
	list := e.values(args)
	if cut, ok := strings.CutPrefix(list, "["); ok {
		list = strings.TrimSuffix(cut, "]")
	}
	if kwargs != "" {
		list = join(list, e.keywords(kwargs), ", ")
	}
	return functionName(e.Path) + "(" + shorten(list, longest) + ")"
}

// functionName returns the name of a function: 0.add for agents/0/add.
func functionName(path string) string {
	if agent, name := splitPath(path); agent != "" {
		return agent + "." + name
	}
	return path
}

// splitPath returns the agent that a function is of, "" if it is of none, and the
// rest of the path.
func splitPath(path string) (agent, name string) {
	if rest, ok := strings.CutPrefix(path, agentsPath); ok {
		if agent, name, ok := strings.Cut(rest, "/"); ok && agent != "" {
			return agent, name
		}
	}
	return "", path
}

// splitArgs divides the content of a call, which is a list and perhaps a map. If
// it has been cut in the list, all of it is the list.
func splitArgs(content string) (args, kwargs string) {
	depth, quoted := 0, false
	for i := 0; i < len(content); i++ {
		switch c := content[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			if depth--; depth == 0 {
				return content[:i+1], strings.TrimSpace(content[i+1:])
			}
		}
	}
	return content, ""
}

// failureText returns the text of a failure, which is JSON too.
func failureText(content string) string {
	var text string
	if err := json.Unmarshal([]byte(content), &text); err != nil {
		text = content // no text, or cut
	}
	return oneLine(strings.TrimSpace(text))
}

// oneLine returns text without what would break the line or move the cursor.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, text)
}

// shorten cuts text to so many characters, of which the last is then an ellipsis;
// 0 is any number.
func shorten(text string, longest int) string {
	if longest <= 0 || utf8.RuneCountInString(text) <= longest {
		return text
	}
	return string([]rune(text)[:longest-1]) + "…"
}

// join puts what is between a and b, if there are both.
func join(a, b, between string) string {
	if a == "" || b == "" {
		between = ""
	}
	return a + between + b
}
