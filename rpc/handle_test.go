package rpc_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/msgpack"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/turn"
)

// point has a method that is a function of its own.
type point struct{ X, Y int }

func (p point) plus(q point) point { return point{p.X + q.X, p.Y + q.Y} }

// anyThing is an interface without methods that is not called any.
type anyThing interface{}

func TestFunctionsOfAnyShapeAreCalled(t *testing.T) {
	wrong := errors.New("wrong")
	sum := func(numbers ...int) (n int) {
		for _, number := range numbers {
			n += number
		}
		return n
	}
	for name, test := range map[string]struct {
		contract string
		fn       any
		args     []any
		want     any
	}{
		"nothing at all":                     {"f", func() {}, nil, nil},
		"an error alone":                     {"f()", func() error { return nil }, nil, nil},
		"a context alone":                    {"f()", func(ctx context.Context) bool { return rpc.Caller(ctx) != nil }, nil, true},
		"a result alone":                     {"f()", func() string { return "x" }, nil, "x"},
		"a result and an error":              {"f(a)", func(a int) (int, error) { return a, nil }, []any{7}, int64(7)},
		"a result that is nil":               {"f()", func() (*point, error) { return nil, nil }, nil, nil},
		"a list that is nil":                 {"f()", func() []int { return nil }, nil, nil},
		"two results":                        {"f(a, b)", func(a, b int) (int, int) { return a / b, a % b }, []any{7, 2}, []any{int64(3), int64(1)}},
		"results of many kinds and no error": {"f", func() (int, string, []bool, error) { return 1, "x", nil, nil }, nil, []any{int64(1), "x", nil}},
		"parameters of many kinds": {
			"f(ctx, a, b, c, d, e)",
			func(_ context.Context, ctx string, a uint8, b *point, c map[int]float32, d any, e codec.Raw) string {
				return fmt.Sprint(ctx, a, *b, c, d, string(e))
			},
			[]any{"ctx", 1, map[string]int{"X": 2}, map[string]int{"3": 4}, []int{5}, rpc.Kw{"e": 6}},
			"ctx1 {2 0} map[3:4] [5]6",
		},
		"an interface without methods":         {"f(v)", func(v anyThing) string { return fmt.Sprintf("%T", v) }, []any{"x"}, "string"},
		"a method":                             {"f(q)", point{1, 2}.plus, []any{point{3, 4}}, map[string]any{"X": int64(4), "Y": int64(6)}},
		"a method expression":                  {"f(p, q)", point.plus, []any{point{1, 2}, rpc.Kw{"q": point{3, 4}}}, map[string]any{"X": int64(4), "Y": int64(6)}},
		"a function of a type with a name":     {"f", context.CancelFunc(func() {}), nil, nil},
		"a function with an unmarshaler":       {"f(t)", func(t time.Time) int { return t.Year() }, []any{"2026-01-02T03:04:05Z"}, int64(2026)},
		"any number, none given":               {"f(*numbers)", sum, nil, int64(0)},
		"any number, one given":                {"f(*numbers)", sum, []any{1}, int64(1)},
		"any number, many given":               {"f(*numbers)", sum, []any{1, 2, 3, 4}, int64(10)},
		"any number, without names":            {"f", sum, []any{1, 2, 3}, int64(6)},
		"any number after one":                 {"f(a, *b)", func(a string, b ...string) string { return a + fmt.Sprint(len(b), b) }, []any{"a", "b", "c"}, "a2 [b c]"},
		"any number after one, as keyword":     {"f(a, *b)", func(a string, b ...string) string { return fmt.Sprint(a, b == nil) }, []any{rpc.Kw{"a": "a"}}, "atrue"},
		"any number after a default":           {"f(a=1, *b)", func(a int, b ...int) []any { return []any{a, len(b)} }, nil, []any{int64(1), int64(0)}},
		"any number, with a context":           {"f(*b)", func(_ context.Context, b ...any) any { return b }, []any{1, "x", nil, []int{2}}, []any{int64(1), "x", nil, []any{int64(2)}}},
		"any number of what is left undecoded": {"f(a, *b)", func(a int, b ...codec.Raw) string { return string(bytes.Join([][]byte{b[0], b[1]}, nil)) }, []any{1, 2, 3}, "23"},
		"an error that is returned":            {"f()", func() (int, error) { return 1, wrong }, nil, wrong},
		"an error of no results":               {"f(a)", func(int) error { return wrong }, []any{1}, wrong},
	} {
		t.Run(name, func(t *testing.T) {
			svc := rpc.NewService()
			svc.Handle(test.contract, test.fn)
			result, err := rpc.Call[any](within(t), remote(t, svc), "f", test.args...)
			if want, fails := test.want.(error); fails {
				wantFailure(t, err, "Error", want.Error())
				return
			}
			if err != nil || !reflect.DeepEqual(result, test.want) {
				t.Errorf("result %#v, error %v, want %#v", result, err, test.want)
			}
		})
	}
}

func TestMistakesInAFunctionAreToldWhenItIsRegistered(t *testing.T) {
	var none func()
	for name, test := range map[string]struct {
		contract string
		fn       any
		reason   string
	}{
		"nothing":                                {"f", nil, "the function is nil"},
		"a function that is nil":                 {"f", none, "the function is nil"},
		"no function":                            {"f", 7, "it needs a function, and this is of type int"},
		"a service":                              {"f", rpc.NewService(), "it needs a function, and this is of type *rpc.Service"},
		"a channel":                              {"f", func(int, chan int) {}, "parameter 2 is of type chan int, which cannot be received; take a value"},
		"a function as parameter":                {"f", func(_ context.Context, _ func()) {}, "parameter 1 is of type func(), which cannot be received"},
		"an address":                             {"f", func(unsafe.Pointer) {}, "parameter 1 is of type unsafe.Pointer, which cannot be received"},
		"channels inside a list of maps":         {"f", func([]map[string]*chan int) {}, "parameter 1 is of type []map[string]*chan int, which cannot be received"},
		"any number of channels":                 {"f", func(int, ...chan int) {}, "parameter 2 is of type chan int, which cannot be received"},
		"a channel as result":                    {"f", func() (int, <-chan int, error) { return 0, nil, nil }, "result 2 is of type <-chan int, which cannot be sent; return a value"},
		"a list of functions as result":          {"f", func() []func() { return nil }, "result 1 is of type []func(), which cannot be sent"},
		"an interface":                           {"f", func(io.Reader) {}, "parameter 1 is of the interface type io.Reader, and nothing says what to make for it; take any, or a type of its own"},
		"an error as parameter":                  {"f", func(error) {}, "parameter 1 is of the interface type error"},
		"any number of interfaces":               {"f", func(...fmt.Stringer) {}, "parameter 1 is of the interface type fmt.Stringer"},
		"a context in second place":              {"f", func(int, context.Context) {}, "parameter 2 is a context; make it the first"},
		"two contexts":                           {"f", func(context.Context, context.Context) {}, "parameter 1 is a second context; one is enough"},
		"any number of contexts":                 {"f", func(...context.Context) {}, "parameter 1 is a context; make it the first"},
		"two errors":                             {"f", func() (error, error) { return nil, nil }, "result 1 is an error; make it the last"},
		"too few names":                          {"f()", func(int) {}, "it names 0 parameters, the function has 1"},
		"too many names":                         {"f(a, b)", func(int) {}, "it names 2 parameters, the function has 1"},
		"a name for the context":                 {"f(ctx, a)", func(context.Context, int) {}, "it names 2 parameters, the function has 1 besides its context"},
		"any number without an asterisk":         {"f(a, b)", func(int, ...int) {}, `the function takes any number of arguments for "b"; write "*b"`},
		"an asterisk without any number":         {"f(a, *b)", func(int, []int) {}, `"*b" is for a variadic function, and this one takes one argument there`},
		"an asterisk in the middle":              {"f(*a, b)", func(int, ...int) {}, `parameter "b" follows "*a", which must be the last one`},
		"keywords without a map":                 {"f(a, **b)", func(int, []int) {}, `"**b" takes keyword arguments, for which the function needs a map by strings; it has a []int there`},
		"keywords in a map by numbers":           {"f(**b)", func(map[int]int) {}, `needs a map by strings; it has a map[int]int there`},
		"keywords in a map of channels":          {"f(**b)", func(map[string]chan int) {}, "parameter 1 is of type map[string]chan int, which cannot be received"},
		"keywords for any number":                {"f(**b)", func(...int) {}, `needs a map by strings; it has a []int there`},
		"any number and keywords, no slice":      {"f(*a, **b)", func(int, map[string]int) {}, `"*a" takes any number of arguments, for which the function needs a slice; it has a int there`},
		"undecoded ones without names":           {"f", func(rpc.Arguments) {}, "rpc.Arguments need two names: f(*args, **kwargs)"},
		"undecoded ones of one name":             {"f(a)", func(rpc.Arguments) {}, `rpc.Arguments take all further arguments; write "*args, **kwargs" for them`},
		"undecoded ones and too many names":      {"f(a, *args, **kwargs)", func(rpc.Arguments) {}, "it names 3 parameters, the function has 2"},
		"undecoded ones in the middle":           {"f(*args, **kwargs)", func(rpc.Arguments, int) {}, "parameter 1 is of type rpc.Arguments, which takes all further arguments; make it the last"},
		"any number of undecoded ones":           {"f(*args)", func(...rpc.Arguments) {}, "parameter 1 is of type rpc.Arguments"},
		"two asterisks":                          {"f(*a, *b)", func(int, ...int) {}, `parameter "b" follows "*a", which must be the last one`},
		"an asterisk alone":                      {"f(*)", func(...int) {}, `"*" is no name of a parameter`},
		"a default of any number":                {"f(*a=[1])", func(...int) {}, `parameter "a" takes any number of arguments and cannot have a default`},
		"a default of another type":              {`f(a, b="x")`, func(int, int) {}, `the default of parameter "b": string does not fit int`},
		"a default with another type deep in it": {`f(a=[{"X": 1}, {"X": "x"}])`, func([]point) {}, `the default of parameter "a": [1].X: string does not fit int`},
		"a default that is out of range":         {`f(a=300)`, func(int8) {}, `the default of parameter "a": integer 300 does not fit int8`},
		"null for a number":                      {`f(a=null)`, func(int) {}, `the default of parameter "a": nil does not fit int`},
		"a default for what is not decoded":      {`f(a=1)`, func(codec.Raw) {}, `the default of parameter "a": undecoded values are of the caller's format`},
		"a bad name":                             {"sub/f", func(int) {}, `the name "sub/f" contains a slash`},
		"the name of another function":           {"add(a)", func(int) {}, `there is a function "add" already`},
	} {
		t.Run(name, func(t *testing.T) {
			svc := calculator()
			err := svc.TryHandle(test.contract, test.fn)
			if err == nil || !strings.Contains(err.Error(), test.reason) {
				t.Fatalf("error %v, want … %s …", err, test.reason)
			}
			if taken := strings.Contains(test.reason, "already"); !taken && !strings.HasPrefix(err.Error(), fmt.Sprintf("contract %q: ", test.contract)) {
				t.Errorf("error %q does not quote the contract", err)
			}
			if message := panicMessage(func() { svc.Handle(test.contract, test.fn) }); message != "rpc: "+err.Error() {
				t.Errorf("panic %q, the error was %q", message, err)
			}
			if err := svc.TryHandle("f", func() {}); err != nil {
				t.Errorf("the name is taken in spite of the error: %v", err)
			}
		})
	}
}

func TestArgumentsThatDoNotFitAFunctionFailAsInPython(t *testing.T) {
	svc := calculator()
	svc.Handle("list(a, *rest)", func(int, ...order) error { return errors.New("the function ran") })
	svc.Handle("no_names", func(int, ...order) error { return errors.New("the function ran") })
	svc.Handle("one", func([]order) error { return errors.New("the function ran") })
	svc.Handle("plan(day, hours=24, unit=\"kW\")", func(string, int, string) error { return errors.New("the function ran") })
	svc.Handle("all(a=1)", func(int) error { return errors.New("the function ran") })
	r := remote(t, svc)
	dear := map[string]any{"price": "dear"}
	for name, test := range map[string]struct {
		function string
		args     []any
		want     string
	}{
		"none for one and any number":       {"list", nil, "list() missing 1 required positional argument: 'a'"},
		"a further one of the wrong type":   {"list", []any{1, order{}, 7}, "list() argument 'rest[1]': integer 7 does not fit rpc_test.order"},
		"a further one, wrong inside":       {"list", []any{1, order{}, dear}, "list() argument 'rest[1].price': string does not fit float64"},
		"the first one wrong":               {"list", []any{"1", 7}, "list() argument 'a': string does not fit int"},
		"further ones as a keyword":         {"list", []any{1, rpc.Kw{"rest": []any{}}}, "list() got an unexpected keyword argument 'rest'"},
		"one twice":                         {"list", []any{1, order{}, rpc.Kw{"a": 1}}, "list() got multiple values for argument 'a'"},
		"no names, none for one":            {"no_names", nil, "no_names() takes at least 1 positional argument but 0 were given"},
		"no names, a further one wrong":     {"no_names", []any{1, order{}, 7}, "no_names() argument 3: integer 7 does not fit rpc_test.order"},
		"no names, a further wrong inside":  {"no_names", []any{1, order{}, dear}, "no_names() argument 3.price: string does not fit float64"},
		"no names, the first one wrong":     {"no_names", []any{"1"}, "no_names() argument 1: string does not fit int"},
		"no names, a keyword":               {"no_names", []any{1, rpc.Kw{"a": 1}}, "no_names() takes no keyword arguments"},
		"no names, wrong inside a list":     {"one", []any{[]any{order{}, dear}}, "one() argument 1[1].price: string does not fit float64"},
		"no names, too many":                {"one", []any{1, 2}, "one() argument 1: integer 1 does not fit []rpc_test.order"},
		"a default, the required one left":  {"plan", nil, "plan() missing 1 required positional argument: 'day'"},
		"a default, only that one given":    {"plan", []any{rpc.Kw{"hours": 1}}, "plan() missing 1 required positional argument: 'day'"},
		"a default, too many":               {"plan", []any{"x", 1, "y", 2}, "plan() takes from 1 to 3 positional arguments but 4 were given"},
		"a default, wrong in its place":     {"plan", []any{"x", "y"}, "plan() argument 'hours': string does not fit int"},
		"a default, wrong as a keyword":     {"plan", []any{"x", rpc.Kw{"unit": 1}}, "plan() argument 'unit': integer 1 does not fit string"},
		"a default, given twice":            {"plan", []any{"x", 1, rpc.Kw{"hours": 1}}, "plan() got multiple values for argument 'hours'"},
		"a default, unknown keyword":        {"plan", []any{"x", rpc.Kw{"day": 1, "hour": 1}}, "plan() got multiple values for argument 'day'"},
		"nothing but a default, too many":   {"all", []any{1, 2}, "all() takes from 0 to 1 positional arguments but 2 were given"},
		"nothing but a default, by keyword": {"all", []any{rpc.Kw{"b": 1}}, "all() got an unexpected keyword argument 'b'"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := rpc.Call[any](within(t), r, test.function, test.args...)
			wantFailure(t, err, "TypeError", test.want)
		})
	}
	mustAdd(t, r)
}

func TestAFunctionOfAnyShapeIsCalledLikeAnyOther(t *testing.T) {
	own := new(turn.Own)
	own.Check()
	svc := calculator()
	svc.UseTurn(own)
	var paths []string
	svc.Intercept(func(ctx context.Context, call rpc.Info, next func(context.Context) error) error {
		paths = append(paths, call.Path)
		return next(ctx)
	})
	svc.Handle("wait(n)", func(ctx context.Context, n int) (int, error) {
		return n, turn.Await(ctx, func() {}) // fails without a turn
	})
	svc.Handle("boom", func() { panic("boom") })
	svc.Handle("typed", func() error { return &rpc.Error{Type: "ValueError", Message: "eggs"} })
	svc.Handle("chaos", func() any { return make(chan int) })
	r := remote(t, svc)
	const wait rpc.Func1[int, int] = "wait(n)"
	if n, err := wait.Call(within(t), r, 7); err != nil || n != 7 {
		t.Errorf("result %d, error %v", n, err)
	}
	err := rpc.Proc0("boom").Call(within(t), r)
	wantFailure(t, err, "PanicError", "panic: boom")
	if e := remoteError(t, err); !strings.Contains(e.Trace, "handle_test.go") {
		t.Errorf("trace without the function:\n%s", e.Trace)
	}
	wantFailure(t, rpc.Proc0("typed").Call(within(t), r), "ValueError", "eggs")
	if e := remoteError(t, rpc.Proc0("chaos").Call(within(t), r)); e.Type != "SerializationError" {
		t.Errorf("type %q, message %q", e.Type, e.Message)
	}
	mustAdd(t, r)
	if want := []string{"wait", "boom", "typed", "chaos", "add"}; !reflect.DeepEqual(paths, want) {
		t.Errorf("intercepted %q, want %q", paths, want)
	}
}

// The arguments could not all be in memory at once, or the maps that they
// become.
func TestAVariadicFunctionMakesNoRoomForWhatDoesNotFit(t *testing.T) {
	svc := calculator()
	svc.Handle("large(n, *rest)", func(int, ...[1 << 20]int64) {})
	svc.Handle("maps(n, *rest)", func(int, ...any) {})
	r := remote(t, svc)
	args := make([]any, 100_000)
	for i := range args {
		args[i] = 0
	}
	_, err := rpc.Call[any](within(t), r, "large", args...)
	wantFailure(t, err, "TypeError", "large() argument 'rest[0]': integer 0 does not fit [1048576]int64")
	args = make([]any, 1_100_000)
	for i := range args {
		args[i] = codec.Raw("{}")
	}
	args[0] = 0
	_, err = rpc.Call[any](within(t), r, "maps", args...)
	if e := remoteError(t, err); !strings.Contains(e.Message, "millions of lists and maps") {
		t.Errorf("type %q, message %q", e.Type, e.Message)
	}
	mustAdd(t, r)
}

func TestFurtherArgumentsPassInEveryFormat(t *testing.T) {
	for name, c := range map[string]codec.Codec{"JSON": nil, "MsgPack": msgpack.Codec{}, "another": plain{msgpack.Codec{}}} {
		t.Run(name, func(t *testing.T) {
			svc := rpc.NewService()
			svc.Handle(`f(a, b="ü", *rest)`, func(a int, b string, rest ...[]float64) (int, string, [][]float64) {
				return a, b, rest
			})
			opts := &rpc.Options{Codec: c}
			r := dial(t, serve(t, anyPort, svc, opts), nil, opts).Remote()
			for _, args := range [][]any{{int64(1)}, {int64(1), "x"}, {int64(1), "x", []any{}, []any{2.5, -1.0}}} {
				want := []any{args[0], "ü", []any(nil)}
				if len(args) > 1 {
					want[1] = args[1]
				}
				result, err := rpc.Call[[]any](within(t), r, "f", args...)
				if len(args) > 2 {
					want[2] = args[2:]
				} else if err == nil && result[2] == nil {
					result[2] = []any(nil)
				}
				if err != nil || !reflect.DeepEqual(result, want) {
					t.Errorf("called with %v: %v, error %v, want %v", args, result, err, want)
				}
			}
		})
	}
}
