package channel_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/codec"
)

// StockError is an error type whose name the peer sees.
type StockError struct{ item string }

func (e *StockError) Error() string { return e.item + " is out of stock" }

// traced is an error that knows where it comes from.
type traced struct{ error }

func (traced) Trace() string { return "main.sell\n\tshop.go:7\nmain.main\n\tshop.go:3\n" }

func (t traced) Unwrap() error { return t.error }

// failing serves a connection by failing with an error.
func failing(err error) func(context.Context, *channel.Conn) {
	return handle(func(ctx context.Context, r *channel.Request) { _ = r.Fail(ctx, err) })
}

func TestFailuresOfHandlersAsTheAskerSeesThem(t *testing.T) {
	for _, test := range []struct {
		name         string
		err          error
		sent         string // the end of the text, as it travels
		typ, message string
	}{
		{"an error of errors.New", errors.New("spam"), "Error: spam\n", "Error", "spam"},
		{"an error type", &StockError{"spam"}, "StockError: spam is out of stock\n", "StockError", "spam is out of stock"},
		{"one with a name", &channel.Error{Type: "LookupError", Message: "no spam"}, "LookupError: no spam\n", "LookupError", "no spam"},
		{
			"a wrapped one with a name", fmt.Errorf("shop: %w", &channel.Error{Type: "LookupError", Message: "no spam"}),
			"LookupError: shop: LookupError: no spam\n", "LookupError", "shop: LookupError: no spam",
		},
		{"one with a qualified name", &channel.Error{Type: "json.decoder.JSONDecodeError", Message: "char 0"}, "json.decoder.JSONDecodeError: char 0\n", "json.decoder.JSONDecodeError", "char 0"},
		{"one with a name and no message", &channel.Error{Type: "KeyError"}, "KeyError\n", "KeyError", ""},
		{"a message of several lines", &channel.Error{Type: "ValueError", Message: "one\ntwo\n  three"}, "ValueError: one\ntwo\n  three\n", "ValueError", "one\ntwo\n  three"},
		{"a message with a colon", errors.New("a: b: c"), "Error: a: b: c\n", "Error", "a: b: c"},
		{"a message that looks like a name", errors.New("ValueError: spam"), "Error: ValueError: spam\n", "Error", "ValueError: spam"},
		{"a message with a blank line", errors.New("one\n\ntwo"), "Error: one\n\ntwo\n", "Error", "one\n\ntwo"},
		{"a message with other scripts", errors.New("späm \"q\" \x00 日本 😀"), "Error: späm \"q\" \x00 日本 😀\n", "Error", "späm \"q\" \x00 日本 😀"},
		{"a message that is not UTF-8", errors.New("a\xffb"), "\n", "Error", "a\ufffdb"},
		{"a deadline", fmt.Errorf("shop: %w", context.DeadlineExceeded), "TimeoutError: shop: context deadline exceeded\n", "TimeoutError", "shop: context deadline exceeded"},
		{"a cancellation", context.Canceled, "CancelledError: context canceled\n", "CancelledError", "context canceled"},
		{
			"an error with a trace",
			traced{errors.New("one\n  two")},
			"Traceback (most recent call last):\n  main.sell\n  \tshop.go:7\n  main.main\n  \tshop.go:3\nError: one\n  two\n",
			"Error", "one\n  two",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			srv := listen(t, tcp, failing(test.err), nil)
			c := dial(t, srv.Addr(), nil)
			err := c.Ask(soon(t), 1, nil)
			var got *channel.RemoteError
			if !errors.As(err, &got) {
				t.Fatalf("got %T: %v", err, err)
			}
			if got.Type != test.typ || got.Message != test.message || got.Origin != srv.Addr() {
				t.Errorf("got %q %q from %s", got.Type, got.Message, got.Origin)
			}
			if !strings.HasSuffix(got.Trace, test.sent) {
				t.Errorf("text is %q, want %q", got.Trace, test.sent)
			}
			if want := fmt.Sprintf("remote %s: %s: %s", srv.Addr(), test.typ, test.message); err.Error() != want && test.message != "" {
				t.Errorf("reads %q, want %q", err, want)
			}
			if c.Err() != nil {
				t.Errorf("the connection ended: %v", c.Err())
			}
		})
	}
}

func TestFailuresAsListsForMosaik(t *testing.T) {
	long := strings.Repeat("spam ", 1000)
	for _, test := range []struct {
		name string
		err  error
		want string
	}{
		{"an error", errors.New("spam\n\"eggs\""), `[2, 0, ["Error", "spam\n\"eggs\""]]`},
		{"one with a name", &channel.Error{Type: "LookupError", Message: "no spam"}, `[2, 0, ["LookupError", "no spam"]]`},
		{
			"one with a trace, line by line",
			traced{errors.New("spam")},
			`[2, 0, ["Error", "spam", "main.sell\n", "\tshop.go:7\n", "main.main\n", "\tshop.go:3"]]`,
		},
		{"one that is too long for a message", errors.New(long), `[2, 0, ["Error", "` + long[:400] + `…"]]`},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, w := overWire(t, func(*channel.Conn) channel.Dispatcher {
				return channel.DispatchFunc(func(r *channel.Request) { _ = r.Fail(t.Context(), test.err) })
			}, &channel.Options{FailureLists: true, Limits: channel.Limits{Frame: 1000}})
			w.deliver(`[0, 0, 1]`)
			if got := w.take(); len(got) != 1 || strings.TrimSpace(got[0]) != test.want {
				t.Errorf("sent %q, want %s", got, test.want)
			}
			if c.Err() != nil {
				t.Error(c.Err())
			}
		})
	}
	t.Run("a request beyond the limits", func(t *testing.T) {
		_, w := overWire(t, func(*channel.Conn) channel.Dispatcher {
			return channel.DispatchFunc(func(*channel.Request) {})
		}, &channel.Options{FailureLists: true, Limits: channel.Limits{Requests: 1}})
		w.deliver(`[0, 0, 1]`, `[0, 1, 1]`)
		if got := w.take(); len(got) != 1 || !strings.HasPrefix(got[0], `[2, 1, ["OverloadError", "1 requests under way`) {
			t.Errorf("sent %q", got)
		}
	})
}

func TestFailuresThatOthersSend(t *testing.T) {
	heading := "Traceback (most recent call last):\n"
	deep := strings.Repeat("[", 500) + strings.Repeat("]", 500)
	text := func(s string) string {
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for _, test := range []struct {
		name, content string
		typ, message  string
	}{
		{"a traceback", text(heading + "  File \"server.py\", line 7, in divide\n    return a / b\nZeroDivisionError: division by zero\n"), "ZeroDivisionError", "division by zero"},
		{"a traceback with a qualified name", text(heading + "  File \"x.py\", line 1\njson.decoder.JSONDecodeError: Expecting value: line 1\n"), "json.decoder.JSONDecodeError", "Expecting value: line 1"},
		{"a traceback without a message", text(heading + "  File \"x.py\", line 1\nKeyboardInterrupt\n"), "KeyboardInterrupt", ""},
		{"a traceback with a message of several lines", text(heading + "  File \"x.py\", line 1\nValueError: one\ntwo\n  three\nfour\n"), "ValueError", "one\ntwo\n  three\nfour"},
		{
			"chained tracebacks, of which the last counts",
			text(heading + "  File \"a.py\"\nKeyError: 'x'\n\nDuring handling of the above exception, another exception occurred:\n\n" + heading + "  File \"b.py\"\nValueError: spam\n"),
			"ValueError", "spam",
		},
		{
			"a traceback in a message, of which the inner counts",
			text(heading + "  File \"a.py\"\naiomas.exceptions.RemoteException: Origin: ('127.0.0.1', 5555)\n" + heading + "  File \"b.py\"\nValueError: spam\n"),
			"ValueError", "spam",
		},
		{"a failure without a trace", text("ValueError: spam ä \"q\"\nline2\n"), "ValueError", "spam ä \"q\"\nline2"},
		{"a name alone", text("KeyError\n"), "KeyError", ""},
		{"a name and a colon", text("KeyError: \n"), "KeyError", ""},
		{"a sentence", text("something went wrong"), "", "something went wrong"},
		{"a heading and nothing else", text(heading), "", strings.TrimSpace(heading)},
		{"lines without a shape, then an error", text("could not do it\nValueError: spam\n"), "ValueError", "spam"},
		{"an empty text", `""`, "", ""},
		{"blanks", `"  \n \n"`, "", ""},
		{"half a surrogate pair", `"ValueError: \ud800"`, "ValueError", "\ufffd"},
		{"mosaik's list", `["KeyError", "'x'", "Traceback…\n", "  File…\n"]`, "KeyError", "'x'"},
		{"mosaik's list without a trace", `["KeyError", "'x'"]`, "KeyError", "'x'"},
		{"a list of one", `["spam"]`, "", "[spam]"},
		{"an empty list", `[]`, "", "[]"},
		{"a list of numbers", `[1, 2, 3]`, "1", "2"},
		{"null", `null`, "", "<nil>"},
		{"a number", `42`, "", "42"},
		{"a map", `{"code": 7}`, "", "map[code:7]"},
		{"true", `true`, "", "true"},
		{"NaN", `NaN`, "", "NaN"},
		{"a deep value", deep, "", deep},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, r := withRaw(t, nil)
			outcome := make(chan error, 1)
			ask := func() {
				go func() { outcome <- c.Ask(soon(t), 1, nil) }()
				r.next()
			}
			ask()
			r.send(`[2, 0, ` + test.content + `]`)
			err := receive(t, "outcome", outcome)
			var got *channel.RemoteError
			if !errors.As(err, &got) {
				t.Fatalf("got %T: %v", err, err)
			}
			if got.Type != test.typ || got.Message != test.message || got.Origin != c.RemoteAddr() {
				t.Errorf("got %q %q from %q", got.Type, got.Message, got.Origin)
			}
			ask()
			r.send(`[1, 1, null]`)
			if err := receive(t, "outcome", outcome); err != nil {
				t.Errorf("the next ask: %v", err)
			}
		})
	}
}

func TestAFailureKeepsTheWholeTraceback(t *testing.T) {
	c, r := withRaw(t, nil)
	outcome := make(chan error, 1)
	go func() { outcome <- c.Ask(soon(t), 1, nil) }()
	r.next()
	r.send(`[2, 0, "Traceback (most recent call last):\n  File \"x.py\"\nValueError: spam\n"]`)
	var got *channel.RemoteError
	if err := receive(t, "outcome", outcome); !errors.As(err, &got) {
		t.Fatal(err)
	}
	if want := "Traceback (most recent call last):\n  File \"x.py\"\nValueError: spam\n"; got.Trace != want {
		t.Errorf("trace is %q", got.Trace)
	}
}

func TestAFailureStaysReadableOverTwoHops(t *testing.T) {
	last := listen(t, tcp, failing(&channel.Error{Type: "LookupError", Message: "no spam\ntoday"}), nil)
	between := dial(t, last.Addr(), nil)
	middle := listen(t, tcp, handle(func(ctx context.Context, r *channel.Request) {
		_ = r.Fail(ctx, fmt.Errorf("ask the cook: %w", between.Ask(ctx, 1, nil)))
	}), nil)
	err := dial(t, middle.Addr(), nil).Ask(soon(t), 1, nil)
	var got *channel.RemoteError
	if !errors.As(err, &got) {
		t.Fatal(err)
	}
	want := "ask the cook: remote " + last.Addr() + ": LookupError: no spam\ntoday"
	if got.Type != "LookupError" || got.Message != want || got.Origin != middle.Addr() {
		t.Errorf("got %q %q from %s", got.Type, got.Message, got.Origin)
	}
}

func TestContentThatDoesNotFitIsNoFault(t *testing.T) {
	srv := listen(t, tcp, handle(func(ctx context.Context, r *channel.Request) {
		n, err := channel.Content[int8](r)
		if err != nil {
			if !isA[*codec.MismatchError](err) {
				t.Errorf("error is %v", err)
			}
			_ = r.Fail(ctx, err)
			return
		}
		_ = r.Reply(ctx, n)
	}), nil)
	c := dial(t, srv.Addr(), nil)
	for _, v := range []any{"text", 300, 1.5, nil, []int{1}, map[string]int{"a": 1}} {
		if err := c.Ask(soon(t), v, nil); v != nil && !isA[*channel.RemoteError](err) {
			t.Errorf("ask with %v: %v", v, err)
		}
	}
	if got, err := channel.Ask[int](soon(t), c, 7); got != 7 || err != nil {
		t.Errorf("afterwards: %d, %v", got, err)
	}
}
