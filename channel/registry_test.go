package channel_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/internal/pypeer"
)

var (
	errFull  = errors.New("the grid is full")
	errEmpty = errors.New("the grid is empty")
)

// named returns a registry of errors, given as names and errors in turns.
func named(t testing.TB, entries ...any) *channel.Errors {
	t.Helper()
	errs := new(channel.Errors)
	for i := 0; i < len(entries); i += 2 {
		if err := errs.Register(entries[i].(string), entries[i+1].(error)); err != nil {
			t.Fatal(err)
		}
	}
	return errs
}

func TestAnErrorKeepsItsIdentityAcrossAConnection(t *testing.T) {
	errs := named(t, "grid.Full", errFull, "grid.Empty", errEmpty)
	for _, test := range []struct {
		name  string
		fails error
		is    error // of the two
		typ   string
	}{
		{"as it is", errFull, errFull, "grid.Full"},
		{"wrapped", fmt.Errorf("node 7: %w", errEmpty), errEmpty, "grid.Empty"},
		{"joined with another, of which the first registered counts", errors.Join(errEmpty, errFull), errFull, "grid.Full"},
		{"under a type of its own", &channel.Error{Type: "grid.Full", Message: "x"}, errFull, "grid.Full"},
		{"with a trace", traced{errFull}, errFull, "grid.Full"},
		{"not if another says the same", errors.New(errFull.Error()), nil, "Error"},
		{"not if it is another", context.Canceled, nil, "CancelledError"},
	} {
		t.Run(test.name, func(t *testing.T) {
			srv := listen(t, tcp, failing(test.fails), &channel.Options{Errors: errs})
			check := func(opts *channel.Options, is error) {
				t.Helper()
				err := dial(t, srv.Addr(), opts).Ask(soon(t), 1, nil)
				var remote *channel.RemoteError
				if !errors.As(err, &remote) || remote.Type != test.typ {
					t.Errorf("got %v, want a %s", err, test.typ)
				}
				for _, known := range []error{errFull, errEmpty} {
					if errors.Is(err, known) != (known == is) {
						t.Errorf("%v is %v: %v", err, known, known != is)
					}
				}
			}
			check(&channel.Options{Errors: errs}, test.is)
			check(nil, nil) // who knows no names gets text
		})
	}
}

func TestTheTwoEndsAgreeOnTheNameOnly(t *testing.T) {
	ours, theirs := named(t, "grid.Full", errFull), named(t, "grid.Full", errEmpty)
	srv := listen(t, tcp, failing(errFull), &channel.Options{Errors: ours})
	if err := dial(t, srv.Addr(), &channel.Options{Errors: theirs}).Ask(soon(t), 1, nil); !errors.Is(err, errEmpty) {
		t.Errorf("got %v", err)
	}
}

func TestAnErrorKeepsItsIdentityOverTwoHops(t *testing.T) {
	errs := named(t, "grid.Full", errFull)
	opts := &channel.Options{Errors: errs}
	far := listen(t, tcp, failing(fmt.Errorf("far: %w", errFull)), opts)
	onward := dial(t, far.Addr(), opts)
	near := listen(t, tcp, handle(func(ctx context.Context, r *channel.Request) {
		_ = r.Fail(ctx, fmt.Errorf("near: %w", onward.Ask(ctx, 1, nil)))
	}), opts)
	err := dial(t, near.Addr(), opts).Ask(soon(t), 1, nil)
	if !errors.Is(err, errFull) || !strings.Contains(err.Error(), "near") || !strings.Contains(err.Error(), "far") {
		t.Errorf("got %v", err)
	}
}

func TestAnExceptionOfPythonIsTheErrorRegisteredUnderItsName(t *testing.T) {
	errs := named(t, "ValueError", errFull)
	c := dial(t, pypeer.Start(t, "serve-channel", tcp).Addr, &channel.Options{Errors: errs})
	if err := c.Ask(soon(t), map[string]string{"fail": "spam"}, nil); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
}

func TestPythonSeesTheNameOfAnError(t *testing.T) {
	srv := listen(t, tcp, failing(fmt.Errorf("node 7: %w", errFull)), &channel.Options{Errors: named(t, "grid.Full", errFull)})
	s := script{pypeer.Start(t, "script"), t}
	s.do("dial", "addr", srv.Addr())
	if got, want := s.do("ask", "content", 1)["failure"], "grid.Full: node 7: the grid is full\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	s.do("close")
}

func TestAnErrorWithoutAConnectionIsWhatAPeerWouldGet(t *testing.T) {
	errs := named(t, "grid.Full", errFull)
	err := channel.AsRemote("here", fmt.Errorf("node 7: %w", errFull), errs)
	if !errors.Is(err, errFull) || err.Type != "grid.Full" || err.Message != "node 7: the grid is full" || err.Origin != "here" {
		t.Errorf("got %#v", err)
	}
	if err := channel.AsRemote("here", errFull, nil); errors.Is(err, errFull) || errors.Unwrap(err) != nil {
		t.Errorf("without names: %#v", err)
	}
}

// list is an error that cannot be compared.
type list []string

func (l list) Error() string { return strings.Join(l, "; ") }

// box is one only at times.
type box struct{ content any }

func (box) Error() string { return "box" }

func TestMistakesInRegisteringAnError(t *testing.T) {
	for _, test := range []struct {
		name string
		key  string
		err  error
		want string
	}{
		{"no error", "x", nil, "no error"},
		{"no name", "", errEmpty, "cannot be the name"},
		{"a blank in the name", "a b", errEmpty, "cannot be the name"},
		{"a colon in the name", "a:b", errEmpty, "cannot be the name"},
		{"a line break in the name", "a\nb", errEmpty, "cannot be the name"},
		{"a bracket in the name", "a[b]", errEmpty, "cannot be the name"},
		{"a quote in the name", `a"`, errEmpty, "cannot be the name"},
		{"a name that is no text", "a\xff", errEmpty, "cannot be the name"},
		{"a name that is taken", "grid.Full", errEmpty, "already"},
		{"an error that has a name", "grid.Other", errFull, "already"},
		{"an error that cannot be compared", "x", list{"a"}, "compared"},
		{"an error with content that cannot be compared", "x", box{[]int{1}}, "compared"},
	} {
		t.Run(test.name, func(t *testing.T) {
			errs := named(t, "grid.Full", errFull)
			for range 2 {
				if err := errs.Register(test.key, test.err); err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("got %v", err)
				}
			}
			if err := channel.AsRemote("", errEmpty, errs); err.Type != "Error" {
				t.Errorf("it was registered all the same: %v", err)
			}
		})
	}
	if err := named(t, "grid.Full", errFull).Register("x", box{1}); err != nil {
		t.Errorf("an error that can be compared: %v", err)
	}
}

// TestWhatAnErrorSaysDoesNotChangeWhichItIs takes errors across with any
// message, also one that looks like a failure.
func TestWhatAnErrorSaysDoesNotChangeWhichItIs(t *testing.T) {
	errs := named(t, "grid.Full", errFull, "grid.Empty", errEmpty)
	part := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"\n", "Traceback (most recent call last):", "\nTraceback (most recent call last):\n", "grid.Empty: x", "grid.Empty", "  File \"x.py\"", ":", " ", ": ",
	}))
	rapid.Check(t, func(t *rapid.T) {
		message := strings.Join(rapid.SliceOfN(part, 0, 6).Draw(t, "message"), "")
		var err error = &channel.Error{Type: "grid.Full", Message: message}
		if rapid.Bool().Draw(t, "wrapped") {
			err = fmt.Errorf("%s%w", message, errFull)
		}
		if rapid.Bool().Draw(t, "traced") {
			err = traced{err}
		}
		if got := channel.AsRemote("", err, errs); got.Type != "grid.Full" || !errors.Is(got, errFull) || errors.Is(got, errEmpty) {
			t.Fatalf("%q has become %q, of type %q", message, got.Trace, got.Type)
		}
	})
}
