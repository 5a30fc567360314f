package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/msgpack"
	"github.com/gomas/gomas/rpc"
)

// nearAndFar gives a test a service to call: over a connection in each format,
// and from within the program.
func nearAndFar(t *testing.T, svc *rpc.Service, test func(t *testing.T, r rpc.Remote)) {
	t.Helper()
	for name, c := range map[string]codec.Codec{"JSON": nil, "MsgPack": msgpack.Codec{}, "another": plain{msgpack.Codec{}}} {
		t.Run(name, func(t *testing.T) {
			opts := &rpc.Options{Codec: c}
			test(t, dial(t, serve(t, anyPort, svc, opts), nil, opts).Remote())
		})
	}
	t.Run("within the program", func(t *testing.T) { test(t, svc.Remote()) })
}

func TestFurtherKeywordArgumentsArriveInAMap(t *testing.T) {
	svc := rpc.NewService()
	svc.Handle("count(a, **rest)", func(a int, rest map[string]int) string { return fmt.Sprint(a, rest, rest == nil) })
	svc.Handle("all(*args, **rest)", func(args []int, rest map[string][]float64) string { return fmt.Sprint(args, rest) })
	svc.Handle("raw(**rest)", func(rest map[string]codec.Raw) bool { return len(rest["x"]) > 0 && len(rest["y"]) > 0 })
	type named string
	svc.Handle("named(**rest)", func(rest map[named]any) string { return fmt.Sprint(rest) })
	nearAndFar(t, svc, func(t *testing.T, r rpc.Remote) {
		for _, test := range []struct {
			function string
			args     []any
			want     any
		}{
			{"count", []any{1}, "1 map[] true"},
			{"count", []any{1, rpc.Kw{"ü": 2, "b": 3}}, "1 map[b:3 ü:2] false"},
			{"count", []any{rpc.Kw{"a": 2, "rest": 3}}, "2 map[rest:3] false"},
			{"all", nil, "[] map[]"},
			{"all", []any{1, 2, rpc.Kw{"args": []any{1.5}}}, "[1 2] map[args:[1.5]]"},
			{"raw", []any{rpc.Kw{"x": 1, "y": nil}}, true},
			{"named", []any{rpc.Kw{"x": "y"}}, "map[x:y]"},
		} {
			got, err := rpc.Call[any](within(t), r, test.function, test.args...)
			if err != nil || got != test.want {
				t.Errorf("%s called with %v: %v, error %v, want %v", test.function, test.args, got, err, test.want)
			}
		}
		for _, test := range []struct {
			function string
			args     []any
			want     string
		}{
			{"count", []any{1, rpc.Kw{"b": 2, "c": "x"}}, "count() argument 'c': string does not fit int"},
			{"all", []any{rpc.Kw{"b": []any{1.5, "x"}}}, "all() argument 'b[1]': string does not fit float64"},
			{"all", []any{1, "x"}, "all() argument 'args[1]': string does not fit int"},
			{"count", []any{1, 2}, "count() takes 1 positional argument but 2 were given"},
			{"count", []any{1, rpc.Kw{"a": 2, "b": "x"}}, "count() got multiple values for argument 'a'"},
			{"count", []any{rpc.Kw{"b": 2}}, "count() missing 1 required positional argument: 'a'"},
		} {
			_, err := rpc.Call[any](within(t), r, test.function, test.args...)
			wantFailure(t, err, "TypeError", test.want)
		}
	})
}

// The maps that the keyword arguments become could not all be in memory.
func TestFurtherKeywordArgumentsMakeNoRoomForWhatDoesNotFit(t *testing.T) {
	svc := calculator()
	svc.Handle("large(**rest)", func(map[string][1 << 20]int64) {})
	r := remote(t, svc)
	kw := make(rpc.Kw, 100_000)
	for i := range 100_000 {
		kw[fmt.Sprint(i)] = 0
	}
	_, err := rpc.Call[any](within(t), r, "large", kw)
	if e := remoteError(t, err); e.Type != "TypeError" || !strings.Contains(e.Message, "integer 0 does not fit [1048576]int64") {
		t.Errorf("type %q, message %q", e.Type, e.Message)
	}
	mustAdd(t, r)
}

// giver is what a program passes to a Function itself.
type giver struct{ name string }

// by returns a service that passes what it is given to Functions by name.
func by(t *testing.T, functions ...*rpc.Function) *rpc.Service {
	t.Helper()
	svc := rpc.NewService()
	svc.Handle("by(n, *args, **kwargs)", func(ctx context.Context, n int, args rpc.Arguments) (any, error) {
		bound, err := functions[n].Bind(args)
		if err != nil {
			return nil, err
		}
		results, err := bound.Call(ctx, &giver{"g"})
		return results, err
	})
	return svc
}

func function(t *testing.T, text string, fn any) *rpc.Function {
	t.Helper()
	f, err := rpc.NewFunction(text, fn, reflect.TypeFor[*giver]())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestUndecodedArgumentsAreBoundToAFunctionThatIsFoundLater(t *testing.T) {
	wrong := errors.New("wrong")
	svc := by(
		t,
		function(t, "f(a, b=2)", func(_ context.Context, g *giver, a string, b float64) string { return fmt.Sprint(g.name, a, b) }),
		function(t, "none()", func(*giver) error { return wrong }),
		function(t, "list(*a)", func(_ *giver, a ...int) string { return fmt.Sprint(len(a), a) }),
		function(t, "again(*args, **kwargs)", func(_ context.Context, _ *giver, args rpc.Arguments) (any, error) {
			f, err := rpc.NewFunction("g(a, b)", func(a, b int) int { return a - b })
			if err != nil {
				return nil, err
			}
			bound, err := f.Bind(args)
			if err != nil {
				return nil, err
			}
			return bound.Call(t.Context())
		}),
	)
	nearAndFar(t, svc, func(t *testing.T, r rpc.Remote) {
		for _, test := range []struct {
			args []any
			want string
		}{
			{[]any{0, "x"}, "[gx2]"},
			{[]any{0, "x", 3}, "[gx3]"},
			{[]any{0, "x", rpc.Kw{"b": 4}}, "[gx4]"},
			{[]any{rpc.Kw{"n": 0, "a": "y"}}, "[gy2]"},
			{[]any{2}, "[0 []]"},
			{[]any{2, 5, 6}, "[2 [5 6]]"},
			{[]any{3, 7, rpc.Kw{"b": 2}}, "[[5]]"},
		} {
			got, err := rpc.Call[any](within(t), r, "by", test.args...)
			if err != nil || fmt.Sprint(got) != test.want {
				t.Errorf("called with %v: %v, error %v, want %s", test.args, got, err, test.want)
			}
		}
		for want, args := range map[string][]any{
			"TypeError: f() missing 1 required positional argument: 'a'":             {0},
			"TypeError: f() argument 'a': integer 1 does not fit string":             {0, 1},
			"TypeError: f() argument 'b': string does not fit float64":               {0, "x", rpc.Kw{"b": "y"}},
			"TypeError: f() takes from 1 to 2 positional arguments but 3 were given": {0, "x", 1, 2},
			"TypeError: f() got multiple values for argument 'a'":                    {0, "x", rpc.Kw{"a": 1}},
			"TypeError: f() got an unexpected keyword argument 'c'":                  {0, "x", rpc.Kw{"c": 1}},
			"TypeError: list() argument 'a[1]': string does not fit int":             {2, 5, "x"},
			"TypeError: by() missing 1 required positional argument: 'n'":            {},
			"TypeError: by() got multiple values for argument 'n'":                   {0, rpc.Kw{"n": 0}},
			"Error: wrong": {1},
		} {
			_, err := rpc.Call[any](within(t), r, "by", args...)
			if e := remoteError(t, err); e.Type+": "+e.Message != want {
				t.Errorf("called with %v: %s: %s, want %s", args, e.Type, e.Message, want)
			}
		}
	})
}

func TestAReferenceAmongUndecodedArgumentsIsStillOne(t *testing.T) {
	f := function(t, "call(r)", func(ctx context.Context, _ *giver, r rpc.Remote) (int, error) { return add.Call(ctx, r, 3, 4) })
	mine := calculator()
	r := dial(t, serve(t, anyPort, by(t, f), nil), mine, nil).Remote()
	if got, err := rpc.Call[[]int](within(t), r, "by", 0, mine); err != nil || len(got) != 1 || got[0] != 7 {
		t.Errorf("called back: %v, error %v", got, err)
	}
}

func TestMistakesInAFunctionForUndecodedArgumentsAreTold(t *testing.T) {
	for name, test := range map[string]struct {
		text   string
		fn     any
		reason string
	}{
		"nothing given":       {"f()", func() {}, "the first parameter after the context must be a *rpc_test.giver"},
		"another type given":  {"f()", func(context.Context, giver) {}, "the first parameter after the context must be a *rpc_test.giver"},
		"a bad text":          {"f(", func(*giver) {}, "no closing parenthesis"},
		"a name for the gift": {"f(g)", func(*giver) {}, "it names 1 parameter, the function has 0"},
		"no function":         {"f", 7, "it needs a function"},
		"a channel":           {"f(a)", func(*giver, chan int) {}, "parameter 1 is of type chan int, which cannot be received"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := rpc.NewFunction(test.text, test.fn, reflect.TypeFor[*giver]())
			if err == nil || !strings.Contains(err.Error(), test.reason) || !strings.Contains(err.Error(), fmt.Sprintf("contract %q", test.text)) {
				t.Errorf("error %v, want … %s …", err, test.reason)
			}
		})
	}
	if _, err := rpc.NewFunction("f()", func(*giver) chan int { return nil }, reflect.TypeFor[*giver]()); err != nil {
		t.Errorf("a result that could not be sent: %v", err)
	}
}

func TestUndecodedArgumentsCannotBeSentOn(t *testing.T) {
	svc := rpc.NewService()
	svc.Handle("f(*args, **kwargs)", func(args rpc.Arguments) rpc.Arguments { return args })
	_, err := rpc.Call[any](within(t), remote(t, svc), "f", 1)
	if e := remoteError(t, err); e.Type != "SerializationError" || !strings.Contains(e.Message, "undecoded arguments cannot be sent on") {
		t.Errorf("type %q, message %q", e.Type, e.Message)
	}
}

func TestNoArgumentsAreTheZeroValue(t *testing.T) {
	f, err := rpc.NewFunction("f(a=1)", func(a int) int { return a })
	if err != nil {
		t.Fatal(err)
	}
	bound, err := f.Bind(rpc.Arguments{})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := bound.Call(t.Context()); err != nil || got[0] != 1 {
		t.Errorf("got %v, error %v", got, err)
	}
}
