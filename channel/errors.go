package channel

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/gomas/gomas/codec"
)

// ErrClosed is wrapped by the errors of whatever was under way, or was tried,
// on a connection or server that this end has closed.
var ErrClosed = errors.New("closed")

// ErrAnswered is returned for the second answer to a request.
var ErrAnswered = errors.New("channel: the request has been answered already")

// LostError reports that a connection broke: the peer closed it, or the
// network or the peer's machine failed.
type LostError struct {
	Addr string // of the peer
	Err  error  // io.EOF if the peer closed

	// Unsent says that the request in question was never sent, and so not
	// executed. Otherwise it may have been.
	Unsent bool
}

func (e *LostError) Error() string {
	if e.Unsent {
		return fmt.Sprintf("channel: connection to %s lost before the request was sent: %v", e.Addr, e.Err)
	}
	return fmt.Sprintf("channel: connection to %s lost: %v", e.Addr, e.Err)
}

func (e *LostError) Unwrap() error { return e.Err }

// DialError reports that a connection could not be made. A request that was to be
// sent over it was not.
type DialError struct {
	Addr string // of the peer
	Err  error
}

func (e *DialError) Error() string { return fmt.Sprintf("channel: %v", e.Err) }

// Unwrap returns Err.
func (e *DialError) Unwrap() error { return e.Err }

// ProtocolError reports that the peer sent something against the protocol,
// which ended the connection.
type ProtocolError struct {
	Addr string // of the peer
	Err  error  // what was wrong, such as a *transport.FrameError or *codec.SyntaxError
}

func (e *ProtocolError) Error() string {
	return fmt.Sprintf("channel: protocol error by %s: %v", e.Addr, e.Err)
}

func (e *ProtocolError) Unwrap() error { return e.Err }

// Error is a failure with a type name, as the peer will see it: a handler
// fails with one to choose the name, which for other errors is that of their
// Go type. Python peers see it as the name of an exception.
type Error struct {
	Type    string // "LookupError"
	Message string
}

func (e *Error) Error() string { return e.Type + ": " + e.Message }

// RemoteError is a failure that the peer answered with.
type RemoteError struct {
	Origin  string // the address of the peer
	Type    string // the name of the exception or error type, "" if it could not be told
	Message string
	Trace   string // the whole text that was sent, from Python a traceback

	known error // what Type is registered for, nil if it is not
}

// Unwrap returns the error that is registered for Type in [Options.Errors], nil
// if none is.
func (e *RemoteError) Unwrap() error { return e.known }

func (e *RemoteError) Error() string {
	if e.Type == "" {
		return fmt.Sprintf("remote %s: %s", e.Origin, e.Message)
	}
	return fmt.Sprintf("remote %s: %s: %s", e.Origin, e.Type, e.Message)
}

// AsRemote returns the error that a peer of this program at an address would
// get for err. It is for those who answer without a connection.
func AsRemote(origin string, err error, errs *Errors) *RemoteError {
	return remoteError(origin, failureText(err, errs), errs)
}

// failure is the content of a failure for err.
func (c *Conn) failure(err error) any {
	if c.options.FailureLists {
		return failureList(err, c.options.Errors)
	}
	return failureText(err, c.options.Errors)
}

// shortFailure is failure in at most some hundred bytes.
func (c *Conn) shortFailure(err error) any {
	if c.options.FailureLists {
		return []string{shorten(c.options.Errors.typeName(err), 100), shorten(err.Error(), 400)}
	}
	return shortFailureText(err, c.options.Errors)
}

// failureList is type, message and lines of the trace.
func failureList(err error, errs *Errors) []string {
	list := []string{errs.typeName(err), err.Error()}
	if own, ok := err.(*Error); ok {
		list[1] = own.Message
	}
	return slices.AppendSeq(list, strings.Lines(traceOf(err)))
}

// failureText is the content of a failure for err. Its last lines are what
// Python peers show: the type and the message.
func failureText(err error, errs *Errors) string {
	name, message := errs.typeName(err), messageOf(err)
	text := name
	if message != "" {
		text += ": " + message
	}
	if trace := traceOf(err); trace != "" {
		// Indented, to be told from the lines of the message.
		text = traceHeading + "\n  " + strings.ReplaceAll(trace, "\n", "\n  ") + "\n" + text
	}
	return text + "\n"
}

// shortFailureText is failureText in at most some hundred bytes.
func shortFailureText(err error, errs *Errors) string {
	return shorten(errs.typeName(err), 100) + ": " + shorten(messageOf(err), 400) + "\n"
}

// messageOf returns what an error says. A heading of a trace inside would pass
// what follows off as the failure; with a blank before it, it does not.
func messageOf(err error) string {
	message := err.Error()
	if own, ok := err.(*Error); ok {
		message = own.Message
	}
	return strings.ReplaceAll(message, "\n"+traceHeading, "\n "+traceHeading)
}

func shorten(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// traceOf returns the trace that came with err: the stack of a panic, or what
// another peer sent.
func traceOf(err error) string {
	var traced interface{ Trace() string }
	var remote *RemoteError
	trace := ""
	switch {
	case errors.As(err, &traced):
		trace = traced.Trace()
	case errors.As(err, &remote):
		trace = remote.Trace
	}
	return strings.TrimRight(trace, "\n")
}

// typeName names the kind of an error for the peer: the type that it chose,
// or that came from another peer, the names that Python has for ends of
// contexts, or the name of its Go type if that is exported.
func typeName(err error) string {
	var own *Error
	var remote *RemoteError
	var mismatch *codec.MismatchError
	switch {
	case errors.As(err, &own):
		return own.Type
	case errors.As(err, &mismatch):
		return "TypeError"
	case errors.As(err, &remote) && remote.Type != "":
		return remote.Type
	case errors.Is(err, context.DeadlineExceeded):
		return "TimeoutError"
	case errors.Is(err, context.Canceled):
		return "CancelledError"
	}
	t := reflect.TypeOf(err)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	name, _, _ := strings.Cut(t.Name(), "[") // without type parameters
	if name != "" && name[0] >= 'A' && name[0] <= 'Z' {
		return name
	}
	return "Error"
}

// remoteError makes an error of the content of a failure: a text from aiomas
// and gomas, a list of type, message and lines of a trace from mosaik, or
// whatever else.
func remoteError(origin string, content any, errs *Errors) *RemoteError {
	e := &RemoteError{Origin: origin}
	defer func() { e.known = errs.named(e.Type) }()
	switch c := content.(type) {
	case string:
		e.Trace = c
		e.Type, e.Message = parseFailure(c)
		return e
	case []any:
		texts := make([]string, len(c))
		for i := range c {
			texts[i] = fmt.Sprint(c[i])
		}
		if len(texts) >= 2 {
			e.Type, e.Message = texts[0], texts[1]
			e.Trace = strings.Join(texts[2:], "")
			return e
		}
	}
	e.Message = fmt.Sprint(content)
	return e
}

// traceHeading is the line before a trace, as Python writes it.
const traceHeading = "Traceback (most recent call last):"

// parseFailure finds type and message in the text of a failure: after the
// indented lines that follow the last heading of a trace, or at the beginning,
// or else in the last line.
func parseFailure(text string) (typ, message string) {
	text = strings.TrimRight(text, "\n ")
	block := text
	if i := strings.LastIndex("\n"+text, "\n"+traceHeading+"\n"); i >= 0 {
		block = text[i+len(traceHeading)+1:]
		for strings.HasPrefix(block, "  ") {
			_, after, found := strings.Cut(block, "\n")
			if !found {
				break
			}
			block = after
		}
	}
	line, more, several := strings.Cut(block, "\n")
	typ, message, ok := cutType(line)
	switch {
	case ok && several && typ == line:
		return typ, more
	case ok && several:
		return typ, message + "\n" + more
	case ok:
		return typ, message
	}
	if typ, message, ok = cutType(text[strings.LastIndexByte(text, '\n')+1:]); ok {
		return typ, message
	}
	return "", block
}

// cutType takes a line "Type: message" apart, or "Type", as which Python
// writes an empty message.
func cutType(line string) (typ, message string, ok bool) {
	typ, message, found := strings.Cut(line, ": ")
	if !found {
		typ = strings.TrimSuffix(line, ":")
	}
	return typ, message, typ != "" && !strings.ContainsAny(typ, " \t\"'()[]")
}

// isSyntax tells errors of the format, after which nothing that the peer
// sends can be relied on, from values that just do not fit.
func isSyntax(err error) bool {
	var syntax *codec.SyntaxError
	return errors.As(err, &syntax)
}
