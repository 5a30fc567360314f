package gomas_test

import (
	"context"
	"errors"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/rpc"
)

// sentence is what shall hold in every deployment. It is code of the agent
// here.
type sentence struct {
	says  string
	holds func(ctx context.Context, t *testing.T, s *scene)
}

var sentences = []sentence{
	{"calls may have types, keywords and defaults, or none of them", callsHaveKeywordsAndDefaults},
	{"values are copied", valuesAreCopied},
	{"values are copied before a notification returns", notifiedValuesAreCopied},
	{"an error arrives with its type and message", errorsArrive},
	{"a registered error is found in what arrives", registeredErrorsAreFound},
	{"an error stays what it is on its way through others", errorsArePassedOn},
	{"a panic is a failure, and the agent lives on", panicsAreFailures},
	{"arguments that do not fit are told by their place", wrongArgumentsAreNamed},
	{"a deadline ends the call and reaches the handler", deadlinesReachTheHandler},
	{"what an agent calls and notifies begins in that order", orderIsKept},
	{"agents call each other back to any depth", agentsCallBack},
	{"an agent gives up its turn while it waits, at either end", turnsAreGivenUp},
	{"an agent that has stopped is told from one that never was", stoppedAgentsAreKnown},
	{"references to an agent are equal, however they came", referencesAreEqual},
	{"interceptors run once at each end", interceptorsRunOnce},
	{"a large value arrives whole", largeValuesArrive},
}

func callsHaveKeywordsAndDefaults(ctx context.Context, t *testing.T, s *scene) {
	if got, err := welcome.Call(ctx, s.there, "Ada", "hi"); got != "hi, Ada" || err != nil {
		t.Errorf("with types: %q, %v", got, err)
	}
	for want, args := range map[string][]any{
		"hello, Ada": {"Ada"},
		"hi, Ada":    {"Ada", "hi"},
		"hey, Ada":   {"Ada", rpc.Kw{"greeting": "hey"}},
		"hello, Bob": {rpc.Kw{"name": "Bob"}},
		"hey, Bob":   {rpc.Kw{"greeting": "hey", "name": "Bob"}},
	} {
		if got, err := rpc.Call[string](ctx, s.there, "welcome", args...); got != want || err != nil {
			t.Errorf("welcome of %v: %q, %v", args, got, err)
		}
	}
	got, err := rpc.Call[any](ctx, s.there, "echo", "a", 1.5, true, nil, []int{}, map[string]string{"k": "v"}, rpc.Kw{"x": 1})
	if want := []any{"a", 1.5, true, nil, []any{}, map[string]any{"k": "v"}, int64(1)}; !reflect.DeepEqual(got, want) || err != nil {
		t.Errorf("echo: %#v, %v", got, err)
	}
}

func valuesAreCopied(ctx context.Context, t *testing.T, s *scene) {
	given := newParcel()
	got, err := keep.Call(ctx, s.there, given)
	wantParcel(t, "the result", got, err)
	given.spoil()
	got.spoil()
	got, err = kept.Call(ctx, s.there)
	wantParcel(t, "what is kept, after the argument and the result were changed", got, err)
	given = newParcel()
	if _, err := keep.Call(ctx, s.there, given); err != nil {
		t.Error(err)
	}
	if err := spoil.Call(ctx, s.there); err != nil {
		t.Error(err)
	}
	wantParcel(t, "the argument, after what is kept was changed", given, nil)
	wantParcel(t, "the result, after what is kept was changed", got, nil)
}

func wantParcel(t *testing.T, what string, got parcel, err error) {
	t.Helper()
	if err != nil || !reflect.DeepEqual(got, newParcel()) {
		t.Errorf("%s: %v with %v, %v", what, got, got.Label, err)
	}
}

func notifiedValuesAreCopied(ctx context.Context, t *testing.T, s *scene) {
	if err := spoil.Call(ctx, s.there); err != nil {
		t.Error(err)
	}
	given := newParcel()
	if err := rpc.Notify(ctx, s.there, "keep", given); err != nil {
		t.Error(err)
	}
	given.spoil()
	got, err := kept.Call(ctx, s.there)
	wantParcel(t, "what is kept", got, err)
}

func errorsArrive(ctx context.Context, t *testing.T, s *scene) {
	for how, want := range map[string]rpc.RemoteError{
		"plain": {Type: "Error", Message: "no power"},
		"typed": {Type: "GridError", Message: "no power\nin house 3"},
		"known": {Type: "grid.Overload", Message: "house 3: the grid is overloaded"},
	} {
		err := fail.Call(ctx, s.there, how)
		var remote *rpc.RemoteError
		if !errors.As(err, &remote) || remote.Type != want.Type || remote.Message != want.Message || remote.Origin != s.addr() {
			t.Errorf("%s: %#v, %v", how, remote, err)
		}
	}
}

func registeredErrorsAreFound(ctx context.Context, t *testing.T, s *scene) {
	if err := fail.Call(ctx, s.there, "known"); !errors.Is(err, errOverload) {
		t.Errorf("got %v", err)
	}
	if err := fail.Call(ctx, s.there, "plain"); err == nil || errors.Is(err, errOverload) {
		t.Errorf("another error: %v", err)
	}
}

func errorsArePassedOn(ctx context.Context, t *testing.T, s *scene) {
	for how, want := range map[string]string{"typed": "GridError", "known": "grid.Overload", "panic": "PanicError"} {
		_, err := rpc.Call[any](ctx, s.there, "delegate", s.here.Remote(), "fail", how)
		var remote *rpc.RemoteError
		if !errors.As(err, &remote) || remote.Type != want || errors.Is(err, errOverload) != (how == "known") {
			t.Errorf("%s: %#v, %v", how, remote, err)
		}
	}
}

func panicsAreFailures(ctx context.Context, t *testing.T, s *scene) {
	for how, want := range map[string]string{
		"panic":   "panic: no roof",
		"nil map": "panic: assignment to entry in nil map",
	} {
		err := fail.Call(ctx, s.there, how)
		var remote *rpc.RemoteError
		if !errors.As(err, &remote) || remote.Type != "PanicError" || remote.Message != want || !strings.Contains(remote.Trace, "neighbour_test.go") {
			t.Errorf("%s: %v", how, err)
		}
		if got, err := welcome.Call(ctx, s.there, "Ada", "hi"); got != "hi, Ada" || err != nil {
			t.Errorf("after it: %q, %v", got, err)
		}
	}
}

func wrongArgumentsAreNamed(ctx context.Context, t *testing.T, s *scene) {
	for want, call := range map[string][]any{
		"TypeError: welcome() missing 1 required positional argument: 'name'":             {"welcome"},
		"TypeError: welcome() takes from 1 to 2 positional arguments but 3 were given":    {"welcome", "a", "b", "c"},
		"TypeError: welcome() argument 'name': integer 7 does not fit string":             {"welcome", 7},
		"TypeError: welcome() argument 'greeting': list does not fit string":              {"welcome", "a", rpc.Kw{"greeting": []int{}}},
		"TypeError: welcome() got an unexpected keyword argument 'mood'":                  {"welcome", "a", rpc.Kw{"mood": 1}},
		"TypeError: welcome() got multiple values for argument 'name'":                    {"welcome", "a", rpc.Kw{"name": "b"}},
		"TypeError: keep() argument 'parcel.Items[1]': string does not fit int":           {"keep", map[string]any{"Items": []any{1, "2"}}},
		"TypeError: keep() argument 'parcel.Label.Text': bool does not fit string":        {"keep", map[string]any{"Label": map[string]any{"Text": true}}},
		`LookupError: Name "nothing" not found in "agents/` + path.Base(s.url) + `"`:      {"nothing"},
		`LookupError: Name "shed" not found in "agents/` + path.Base(s.url) + `"`:         {"shed/rake"},
		`LookupError: Name "rake" not found in "agents/` + path.Base(s.url) + `/welcome"`: {"welcome/rake"},
	} {
		_, err := rpc.Call[any](ctx, s.there, call[0].(string), call[1:]...)
		var remote *rpc.RemoteError
		if !errors.As(err, &remote) || remote.Type+": "+remote.Message != want {
			t.Errorf("%v: %v\nwant %s", call, err, want)
		}
	}
}

// tooLate is how the context of a handler may end whose caller had a deadline.
// Over a connection the callee counts from the arrival of the call, so that the
// caller may be the first to notice, which the callee sees as a cancellation.
var tooLate = []error{context.DeadlineExceeded, context.Canceled}

func deadlinesReachTheHandler(ctx context.Context, t *testing.T, s *scene) {
	var late *channel.TimeoutError
	lingers(ctx, t, s.there, func(short time.Duration) {
		if err := linger.Call(rpc.Timeout(ctx, short), s.there); !errors.As(err, &late) || late.After != short || late.Addr != s.addr() {
			t.Errorf("with a time-out: %#v, %v", late, err)
		}
	})
	wantFate(ctx, t, s.there, tooLate...)

	lingers(ctx, t, s.there, func(short time.Duration) {
		until, cancel := context.WithTimeout(ctx, short)
		defer cancel()
		if err := linger.Call(until, s.there); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("with a deadline: %v", err)
		}
	})
	wantFate(ctx, t, s.there, tooLate...)

	var cancelled context.Context
	lingers(ctx, t, s.there, func(short time.Duration) {
		until, cancel := context.WithCancel(ctx)
		defer time.AfterFunc(short, cancel).Stop()
		if err := linger.Call(until, s.there); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		cancelled = until
	})
	wantFate(ctx, t, s.there, context.Canceled)

	if err := linger.Call(cancelled, s.there); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before: %v", err)
	}

	mine := s.here.Remote()
	lingers(ctx, t, mine, func(short time.Duration) {
		if _, err := rpc.Call[any](rpc.Timeout(ctx, short), s.there, "delegate", mine, "linger"); !errors.As(err, &late) {
			t.Errorf("with a time-out, through the other: %v", err)
		}
	})
	wantFate(ctx, t, mine, tooLate...)
}

// lingers has call make a call that lingers there and is given up after a time. If
// that has been too short for it to begin, as on a busy machine, call is to make
// another one.
func lingers(ctx context.Context, t *testing.T, there rpc.Remote, call func(short time.Duration)) {
	t.Helper()
	before, err := began.Call(ctx, there)
	for short := 20 * time.Millisecond; err == nil && short < patience; short *= 4 {
		call(short)
		var now int
		if now, err = began.Call(ctx, there); now > before {
			return
		}
	}
	t.Errorf("no call has begun, %v", err)
}

// wantFate checks how the context of the handler has ended that lingered: in
// one of some ways.
func wantFate(ctx context.Context, t *testing.T, from rpc.Remote, ways ...error) {
	t.Helper()
	got, err := fateOf.Call(ctx, from)
	if err != nil || !slices.ContainsFunc(ways, func(way error) bool { return got == way.Error() }) {
		t.Errorf("the handler has seen %q, %v, want one of %v", got, err, ways)
	}
}

func orderIsKept(ctx context.Context, t *testing.T, s *scene) {
	const calls = 300
	var want []int
	var tasks []func(context.Context) error
	for i := range calls {
		want = append(want, i)
		tasks = append(tasks, func(ctx context.Context) error {
			switch i % 3 {
			case 0:
				return rpc.Notify(ctx, s.there, "hear", i)
			case 1:
				_, err := rpc.Call[int](ctx, s.there, "hear", i)
				return err
			default:
				_, err := hear.Call(ctx, s.there, i)
				return err
			}
		})
	}
	if err := s.here.Parallel(ctx, tasks...); err != nil {
		t.Error(err)
	}
	for i := range calls {
		want = append(want, i)
		if err := rpc.Notify(ctx, s.there, "hear", i); err != nil {
			t.Error(err)
		}
	}
	if got, err := heard.Call(ctx, s.there); !reflect.DeepEqual(got, want) || err != nil {
		t.Errorf("it has heard %v, %v", got, err)
	}
}

func agentsCallBack(ctx context.Context, t *testing.T, s *scene) {
	for _, depth := range []int{1, 2, 20} {
		if got, err := pingpong.Call(ctx, s.there, s.here.Remote(), depth, 0); got != depth || err != nil {
			t.Errorf("at depth %d: %d, %v", depth, got, err)
		}
	}
}

func turnsAreGivenUp(ctx context.Context, t *testing.T, s *scene) {
	running := true
	if err := s.here.Go(func(ctx context.Context) {
		if running {
			t.Error("a task has run though nobody waited")
		}
		if err := release.Call(ctx, s.there); err != nil { // which waits itself
			t.Error(err)
		}
	}); err != nil {
		t.Error(err)
	}
	running = false
	if err := wait.Call(ctx, s.there); err != nil {
		t.Errorf("waiting: %v", err)
	}
}

func stoppedAgentsAreKnown(ctx context.Context, t *testing.T, s *scene) {
	if err := retire.Call(ctx, s.there); err != nil {
		t.Errorf("a call that has begun is finished: %v", err)
	}
	if _, err := welcome.Call(ctx, s.there, "Ada", "hi"); !errors.Is(err, gomas.ErrStopped) || errors.Is(err, gomas.ErrNoAgent) {
		t.Errorf("a call: %v", err)
	}
	if _, err := s.here.Connect(ctx, s.url); !errors.Is(err, gomas.ErrNoAgent) {
		t.Errorf("connecting again: %v", err)
	}
	if _, err := s.here.Connect(ctx, s.addr()+"/1000"); !errors.Is(err, gomas.ErrNoAgent) {
		t.Errorf("connecting to one that never was: %v", err)
	}
	never := s.there.Root().Sub("agents/1000")
	_, err := welcome.Call(ctx, never, "Ada", "hi")
	var remote *rpc.RemoteError
	if !errors.As(err, &remote) || remote.Type != "LookupError" || errors.Is(err, gomas.ErrStopped) {
		t.Errorf("a call of one that never was: %v", err)
	}
}

func referencesAreEqual(ctx context.Context, t *testing.T, s *scene) {
	again, err := s.here.Connect(ctx, s.url)
	if err != nil {
		t.Error(err)
	}
	given, err := myself.Call(ctx, s.there)
	if err != nil {
		t.Error(err)
	}
	untyped, err := rpc.Call[any](ctx, s.there, "myself")
	if err != nil {
		t.Error(err)
	}
	returned, err := refer.Call(ctx, s.there, s.there)
	if err != nil {
		t.Error(err)
	}
	for what, r := range map[string]any{"connected to again": again, "given": given, "given untyped": untyped, "given and returned": returned} {
		if r != any(s.there) {
			t.Errorf("%s, it is %v", what, r)
		}
	}
	if want := fmt.Sprintf("neighbourProxy('%s')", s.url); given.String() != want || given.URL() != s.url {
		t.Errorf("it is %v, want %s", given, want)
	}
	mine, err := refer.Call(ctx, s.there, s.here.Remote())
	if mine != s.here.Remote() || err != nil {
		t.Errorf("my own comes back as %v, %v", mine, err)
	}
}

func interceptorsRunOnce(ctx context.Context, t *testing.T, s *scene) {
	counts := func() (list []int) {
		for _, end := range []rpc.Remote{s.here.Remote(), s.there} {
			for _, name := range []string{"welcome", "hear"} {
				both, err := metered.Call(ctx, end, name)
				if err != nil {
					t.Error(err)
				}
				list = append(list, both...)
			}
		}
		return list
	}
	before := counts()
	for range 3 {
		if _, err := welcome.Call(ctx, s.there, "Ada", "hi"); err != nil {
			t.Error(err)
		}
	}
	if err := rpc.Notify(ctx, s.there, "hear", 1); err != nil {
		t.Error(err)
	}
	if _, err := heard.Call(ctx, s.there); err != nil { // begins after it
		t.Error(err)
	}
	after := counts()
	for i := range after {
		after[i] -= before[i]
	}
	// Of welcome in and out, of hear in and out; here, then there.
	want := []int{0, 3, 0, 1, 3, 0, 1, 0}
	if strings.HasPrefix(s.url, s.here.Container().Addr()+"/") {
		want = []int{3, 3, 1, 1, 3, 3, 1, 1} // here is there
	}
	if !reflect.DeepEqual(after, want) {
		t.Errorf("counted %v, want %v", after, want)
	}
}

func largeValuesArrive(ctx context.Context, t *testing.T, s *scene) {
	name := strings.Repeat("ä", 500_000)
	if got, err := welcome.Call(ctx, s.there, name, "hi"); got != "hi, "+name || err != nil {
		t.Errorf("%d bytes came back, %v", len(got), err)
	}
}
