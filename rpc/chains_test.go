package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/gomas/gomas/rpc"
)

// chain offers svc, and before it n services that pass its function failing
// on, each over a connection of its own and then within the program, with
// words of their own around the errors. It returns the first.
func chain(t *testing.T, svc *rpc.Service, n int, opts *rpc.Options) rpc.Remote {
	r := dial(t, serve(t, anyPort, svc, opts), nil, opts).Remote()
	for i := range n {
		next, hop := r, rpc.NewService()
		hop.Inside(opts)
		failing.Handle(hop, func(ctx context.Context, how string) (int, error) {
			v, err := failing.Call(ctx, next, how)
			if err != nil && how != "typed" {
				err = fmt.Errorf("stop %d: %w", n-i, err)
			}
			return v, err
		})
		if i%2 == 0 {
			r = dial(t, serve(t, anyPort, hop, opts), nil, opts).Remote()
		} else {
			r = hop.Remote()
		}
	}
	return r
}

var anyAddress = regexp.MustCompile(`tcp://127.0.0.1:\d+`)

func TestAnErrorIsReadableHoweverManyHaveHandedItOn(t *testing.T) {
	opts := &rpc.Options{Errors: namedErrors(t), Types: fruits(t)}
	svc := garden()
	svc.Inside(opts)
	r := chain(t, svc, 3, opts)
	for how, test := range map[string]struct{ typ, message string }{
		"slugs":  {"Error", "stop 1: remote this program: Error: stop 2: remote PEER: Error: stop 3: remote PEER: Error: slugs"},
		"typed":  {"ValueError", "remote this program: ValueError: remote PEER: ValueError: remote PEER: ValueError: of a\nchosen type"},
		"named":  {"garden.Tired", "stop 1: remote this program: garden.Tired: stop 2: remote PEER: garden.Tired: stop 3: remote PEER: garden.Tired: hungry and too tired"},
		"late":   {"TimeoutError", "stop 1: remote this program: TimeoutError: stop 2: remote PEER: TimeoutError: stop 3: remote PEER: TimeoutError: context deadline exceeded"},
		"panic":  {"PanicError", "stop 1: remote this program: PanicError: stop 2: remote PEER: PanicError: stop 3: remote PEER: PanicError: panic: weeds"},
		"a\n  b": {"Error", "stop 1: remote this program: Error: stop 2: remote PEER: Error: stop 3: remote PEER: Error: a\n  b"},
	} {
		_, err := failing.Call(within(t), r, how)
		e := remoteError(t, err)
		if message := anyAddress.ReplaceAllString(e.Message, "PEER"); e.Type != test.typ || message != test.message {
			t.Errorf("%s: type %q, message %q,\nwant %q, %q", how, e.Type, message, test.typ, test.message)
		}
		if errors.Is(err, errTired) != (how == "named") {
			t.Errorf("%s: it is errTired: %v", how, errors.Is(err, errTired))
		}
		// The stack of the panic, and not that of those who handed it on.
		if where := strings.Contains(e.Trace, "alike_test.go:"); where != (how == "panic") || strings.Contains(e.Trace, "chains_test.go:") {
			t.Errorf("%s: trace %s", how, e.Trace)
		}
	}
	// Traces are told once each time, not twice as often.
	_, err := failing.Call(within(t), chain(t, svc, 10, opts), "panic")
	if e := remoteError(t, err); strings.Count(e.Trace, "alike_test.go:") != strings.Count(traceOf(t, r), "alike_test.go:") {
		t.Errorf("trace %s", e.Trace)
	}
}

func traceOf(t *testing.T, r rpc.Remote) string {
	_, err := failing.Call(within(t), r, "panic")
	return remoteError(t, err).Trace
}
