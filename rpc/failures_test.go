package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/turn"
)

func TestCallsOfWhatIsNotThereFailAsInPython(t *testing.T) {
	root, sub, inner := calculator(), calculator(), rpc.NewService()
	root.Mount("sub", sub)
	sub.Mount("inner", inner)
	r := remote(t, root)
	for path, want := range map[string]string{
		"no":            `LookupError: Name "no" not found in ""`,
		"Add":           `LookupError: Name "Add" not found in ""`,
		"no/add":        `LookupError: Name "no" not found in ""`,
		"sub/no":        `LookupError: Name "no" not found in "sub"`,
		"sub/no/mul":    `LookupError: Name "no" not found in "sub"`,
		"sub/inner/add": `LookupError: Name "add" not found in "sub/inner"`,
		"add/no":        `LookupError: Name "no" not found in "add"`,
		"sub/add/no/x":  `LookupError: Name "no" not found in "sub/add"`,
		"":              `LookupError: Name "" not found in ""`,
		"/":             `LookupError: Name "" not found in ""`,
		"//":            `LookupError: Name "" not found in ""`,
		"/add":          `LookupError: Name "" not found in ""`,
		"add/":          `LookupError: Name "" not found in "add"`,
		"sub/":          `LookupError: Name "" not found in "sub"`,
		"sub//add":      `LookupError: Name "" not found in "sub"`,
		"sub/inner//":   `LookupError: Name "" not found in "sub/inner"`,
		"add(a, b)":     `LookupError: Name "add(a, b)" not found in ""`,
		"..":            `LookupError: Name ".." not found in ""`,
		"größe":         `LookupError: Name "größe" not found in ""`,
		"sub":           `TypeError: "sub" is a service and cannot be called`,
		"sub/inner":     `TypeError: "sub/inner" is a service and cannot be called`,
	} {
		typ, message, _ := strings.Cut(want, ": ")
		_, err := rpc.Call[any](within(t), r, path, 1, 2)
		if e := remoteError(t, err); e.Type != typ || e.Message != message {
			t.Errorf("call of %q: %s: %s\nwant %s", path, e.Type, e.Message, want)
		}
	}
	mustAdd(t, r.Sub("sub"))
}

// order and shop are arguments with an inside.
type order struct {
	Price float64 `json:"price"`
	Tags  []string
}

type shop struct {
	Orders []order        `json:"orders"`
	Stock  map[string]int `json:"stock"`
}

func TestArgumentsThatDoNotFitFailAsInPython(t *testing.T) {
	const (
		pay    rpc.Proc3[int, int, int] = "pay(a, b, c)"
		none   rpc.Proc0                = "none()"
		one    rpc.Proc1[int]           = "one(a)"
		noName rpc.Proc2[int, int]      = "no_name"
		sell   rpc.Proc1[shop]          = "sell(shop)"
		total  rpc.Proc1[[]order]       = "total(orders)"
		small  rpc.Proc1[int8]          = "small(n)"
	)
	svc := calculator()
	ran := func(context.Context) error { return errors.New("the function ran") }
	pay.Handle(svc, func(ctx context.Context, _, _, _ int) error { return ran(ctx) })
	none.Handle(svc, ran)
	one.Handle(svc, func(ctx context.Context, _ int) error { return ran(ctx) })
	noName.Handle(svc, func(ctx context.Context, _, _ int) error { return ran(ctx) })
	sell.Handle(svc, func(ctx context.Context, _ shop) error { return ran(ctx) })
	total.Handle(svc, func(ctx context.Context, _ []order) error { return ran(ctx) })
	small.Handle(svc, func(ctx context.Context, _ int8) error { return ran(ctx) })
	root := rpc.NewService()
	root.Mount("sub", svc)
	r := remote(t, root)

	type any2 = map[string]any
	orders := func(prices ...any) []any {
		list := make([]any, len(prices))
		for i, price := range prices {
			list[i] = any2{"price": price}
		}
		return list
	}
	for name, test := range map[string]struct {
		function string
		args     []any
		want     string
	}{
		"one too many":                          {"add", []any{1, 2, 3}, "add() takes 2 positional arguments but 3 were given"},
		"one for none":                          {"none", []any{1}, "none() takes 0 positional arguments but 1 was given"},
		"two for one":                           {"one", []any{1, 2}, "one() takes 1 positional argument but 2 were given"},
		"many too many":                         {"one", slices.Repeat([]any{1}, 1000), "one() takes 1 positional argument but 1000 were given"},
		"too many, with a keyword":              {"add", []any{1, 2, 3, rpc.Kw{"c": 4}}, "add() takes 2 positional arguments but 3 were given"},
		"one missing":                           {"add", []any{1}, "add() missing 1 required positional argument: 'b'"},
		"two missing":                           {"add", nil, "add() missing 2 required positional arguments: 'a' and 'b'"},
		"three missing":                         {"pay", nil, "pay() missing 3 required positional arguments: 'a', 'b', and 'c'"},
		"the middle one missing":                {"pay", []any{1, rpc.Kw{"c": 3}}, "pay() missing 1 required positional argument: 'b'"},
		"the first missing":                     {"add", []any{rpc.Kw{"b": 3}}, "add() missing 1 required positional argument: 'a'"},
		"an unknown keyword":                    {"add", []any{1, rpc.Kw{"b": 2, "x": 3}}, "add() got an unexpected keyword argument 'x'"},
		"an unknown keyword in place of one":    {"add", []any{1, rpc.Kw{"x": 3}}, "add() got an unexpected keyword argument 'x'"},
		"several unknown keywords":              {"add", []any{1, 2, rpc.Kw{"z": 1, "y": 2, "x": 3, "w": 4}}, "add() got an unexpected keyword argument 'w'"},
		"a keyword in another case":             {"add", []any{1, rpc.Kw{"B": 3}}, "add() got an unexpected keyword argument 'B'"},
		"a keyword for no parameters":           {"none", []any{rpc.Kw{"x": 1}}, "none() got an unexpected keyword argument 'x'"},
		"an argument given twice":               {"add", []any{1, 2, rpc.Kw{"a": 3}}, "add() got multiple values for argument 'a'"},
		"an argument given twice, one not":      {"add", []any{1, rpc.Kw{"a": 3}}, "add() got multiple values for argument 'a'"},
		"no names, one missing":                 {"no_name", []any{1}, "no_name() takes 2 positional arguments but 1 was given"},
		"no names, all missing":                 {"no_name", nil, "no_name() takes 2 positional arguments but 0 were given"},
		"no names, given as keyword":            {"no_name", []any{1, rpc.Kw{"b": 2}}, "no_name() takes no keyword arguments"},
		"a text for a number":                   {"add", []any{"1", 2}, "add() argument 'a': string does not fit int"},
		"the second of the wrong type":          {"add", []any{1, true}, "add() argument 'b': bool does not fit int"},
		"a float for an integer":                {"add", []any{1, 2.5}, "add() argument 'b': float 2.5 does not fit int"},
		"a keyword of the wrong type":           {"add", []any{1, rpc.Kw{"b": []int{}}}, "add() argument 'b': list does not fit int"},
		"a number out of range":                 {"small", []any{300}, "small() argument 'n': integer 300 does not fit int8"},
		"no names, the second of the wrong":     {"no_name", []any{1, "2"}, "no_name() argument 2: string does not fit int"},
		"the wrong type deep inside a struct":   {"sell", []any{any2{"orders": orders(1, 2, 3, "dear")}}, "sell() argument 'shop.orders[3].price': string does not fit float64"},
		"the wrong type deep inside a keyword":  {"sell", []any{rpc.Kw{"shop": any2{"stock": any2{"eggs": "six"}}}}, "sell() argument 'shop.stock.eggs': string does not fit int"},
		"the wrong type deep inside a list":     {"total", []any{orders(1, 2, 3, "dear")}, "total() argument 'orders[3].price': string does not fit float64"},
		"the wrong type in a list in a list":    {"total", []any{[]any{any2{"Tags": []any{"a", 7}}}}, "total() argument 'orders[0].Tags[1]': integer 7 does not fit string"},
		"a struct for a list":                   {"total", []any{any2{}}, "total() argument 'orders': map does not fit []rpc_test.order"},
		"wrong type is told before wrong count": {"add", []any{"1", 2, 3}, "add() argument 'a': string does not fit int"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := rpc.Call[any](within(t), r.Sub("sub"), test.function, test.args...)
			wantFailure(t, err, "TypeError", test.want)
		})
	}
	mustAdd(t, r.Sub("sub"))
}

// NotEnough is an error type of a user's own.
type NotEnough struct{ Missing int }

func (e *NotEnough) Error() string { return fmt.Sprintf("%d missing", e.Missing) }

// Tagged is a generic error type.
type Tagged[T any] struct{ Tag T }

func (e Tagged[T]) Error() string { return fmt.Sprint("tag ", e.Tag) }

func TestTheErrorOfAHandlerArrivesWithItsTypeAndMessage(t *testing.T) {
	eggs := &rpc.Error{Type: "ValueError", Message: "eggs"}
	var none *NotEnough
	for name, test := range map[string]struct {
		err          error
		typ, message string
	}{
		"a plain error":                     {errors.New("eggs"), "Error", "eggs"},
		"a plain error that looks typed":    {errors.New("KeyError: eggs"), "Error", "KeyError: eggs"},
		"a plain error without a message":   {errors.New(""), "Error", ""},
		"an error that chooses its type":    {eggs, "ValueError", "eggs"},
		"a type qualified by a module":      {&rpc.Error{Type: "a.b.C", Message: "eggs"}, "a.b.C", "eggs"},
		"a type without a message":          {&rpc.Error{Type: "StopIteration"}, "StopIteration", ""},
		"a chosen type, wrapped":            {fmt.Errorf("ham: %w", eggs), "ValueError", "ham: ValueError: eggs"},
		"a chosen type, joined":             {errors.Join(errors.New("ham"), eggs), "ValueError", "ham\nValueError: eggs"},
		"a type of the user's own":          {&NotEnough{3}, "NotEnough", "3 missing"},
		"a generic type of the user's own":  {Tagged[int]{5}, "Tagged", "tag 5"},
		"a type of a package":               {&fs.PathError{Op: "open", Path: "x", Err: fs.ErrNotExist}, "PathError", "open x: file does not exist"},
		"a nil pointer that panics":         {none, "PanicError", "panic: runtime error: invalid memory address or nil pointer dereference"},
		"an expired context":                {context.DeadlineExceeded, "TimeoutError", "context deadline exceeded"},
		"a cancelled context, wrapped":      {fmt.Errorf("ham: %w", context.Canceled), "CancelledError", "ham: context canceled"},
		"a message of several lines":        {&rpc.Error{Type: "ValueError", Message: "a\nb\n\nc"}, "ValueError", "a\nb\n\nc"},
		"a message with indented lines":     {&rpc.Error{Type: "ValueError", Message: "a\n  b\nc"}, "ValueError", "a\n  b\nc"},
		"a message with a colon and quotes": {errors.New(`a: "b": 'c'`), "Error", `a: "b": 'c'`},
		"a message beyond ASCII":            {errors.New("größer als 5 €, 🥚"), "Error", "größer als 5 €, 🥚"},
		"a message with a trace inside":     {errors.New("Traceback (most recent call last):"), "Error", "Traceback (most recent call last):"},
		"a call of the zero Remote":         {callNothing(), "Error", "rpc: the zero Remote refers to nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			const fail rpc.Func0[int] = "fail()"
			svc := calculator()
			fail.Handle(svc, func(context.Context) (int, error) { return 7, test.err })
			r := remote(t, svc)
			n, err := fail.Call(within(t), r)
			wantFailure(t, err, test.typ, test.message)
			if n != 0 {
				t.Errorf("the result is %d in spite of the failure", n)
			}
			if e := remoteError(t, err); e.Origin != r.Peer().(*rpc.Conn).Channel().RemoteAddr() {
				t.Errorf("origin %q", e.Origin)
			}
			mustAdd(t, r)
		})
	}
}

func callNothing() error {
	return add0.Call(context.Background(), rpc.Remote{})
}

const add0 rpc.Proc0 = "add0()"

func TestAHandlerThatPanicsFailsItsCallWithItsStack(t *testing.T) {
	const fail rpc.Proc0 = "fail()"
	for name, test := range map[string]struct {
		panics  func()
		typ     string
		message string
		trace   string
	}{
		"a text":                {func() { panic("eggs") }, "PanicError", "panic: eggs", "rpc_test.TestAHandlerThatPanics"},
		"an error":              {func() { panic(&NotEnough{3}) }, "PanicError", "panic: 3 missing", "rpc_test.TestAHandlerThatPanics"},
		"text of several lines": {func() { panic("a\n  b\nc") }, "PanicError", "panic: a\n  b\nc", "failures_test.go"},
		"nil":                   {func() { panic(nil) }, "PanicError", "panic: panic called with nil argument", "rpc_test.TestAHandlerThatPanics"},
		"a fault of the run-time": {
			func() { _ = []int{}[len(fail)] },
			"PanicError", "panic: runtime error: index out of range [6] with length 0", "rpc_test.TestAHandlerThatPanics",
		},
		"the end of its goroutine": {runtime.Goexit, "RuntimeError", "the handler ended its goroutine", ""},
	} {
		t.Run(name, func(t *testing.T) {
			own := new(turn.Own)
			own.Check()
			root, plain, turned := rpc.NewService(), calculator(), calculator()
			turned.UseTurn(own)
			root.Mount("plain", plain)
			root.Mount("turned", turned)
			fail.Handle(plain, func(context.Context) error { test.panics(); return nil })
			fail.Handle(turned, func(context.Context) error { test.panics(); return nil })
			failWaiting := rpc.Proc0("fail_waiting")
			failWaiting.Handle(turned, func(ctx context.Context) error { return turn.Await(ctx, test.panics) })
			r := remote(t, root)
			for _, err := range []error{
				fail.Call(within(t), r.Sub("plain")),
				fail.Call(within(t), r.Sub("turned")),
				failWaiting.Call(within(t), r.Sub("turned")), // without its turn
			} {
				wantFailure(t, err, test.typ, test.message)
				if e := remoteError(t, err); !strings.Contains(e.Trace, test.trace) {
					t.Errorf("trace without %s:\n%s", test.trace, e.Trace)
				}
				mustAdd(t, r.Sub("plain"))
				mustAdd(t, r.Sub("turned")) // has its turn back
			}
		})
	}
}

// explosive panics wherever it is encoded or decoded.
type explosive struct{}

func (explosive) MarshalJSON() ([]byte, error) { panic("while encoding") }
func (*explosive) UnmarshalJSON([]byte) error  { panic("while decoding") }

func TestAPanicWhileArgumentsAreDecodedOrResultsEncodedFailsTheCall(t *testing.T) {
	const give rpc.Func0[explosive] = "give()"
	const take rpc.Proc1[explosive] = "take(x)"
	svc := calculator()
	give.Handle(svc, func(context.Context) (explosive, error) { return explosive{}, nil })
	take.Handle(svc, func(context.Context, explosive) error { return nil })
	r := remote(t, svc)
	_, err := rpc.Call[any](within(t), r, "give")
	wantFailure(t, err, "PanicError", "panic: while encoding")
	for _, arg := range []any{1, rpc.Kw{"x": 1}} {
		_, err = rpc.Call[any](within(t), r, "take", arg)
		wantFailure(t, err, "PanicError", "panic: while decoding")
	}
	mustAdd(t, r)
}

func TestAResultThatCannotBeSentFailsTheCall(t *testing.T) {
	const limit = 1000
	const give rpc.Func0[any] = "give()"
	for name, test := range map[string]struct {
		result any
		reason string
	}{
		"a channel":               {make(chan int), "cannot encode chan int as json"},
		"a function inside a map": {map[string]any{"x": []any{func() {}}}, "cannot encode func() as json (at x[0])"},
		"a key __type__":          {map[string]any{"__type__": 1}, "__type__"},
		"too long":                {strings.Repeat("x", 2*limit), "limit 1000"},
	} {
		t.Run(name, func(t *testing.T) {
			svc := calculator()
			give.Handle(svc, func(context.Context) (any, error) { return test.result, nil })
			opts := &rpc.Options{Limits: channel.Limits{Frame: limit}}
			r := dial(t, serve(t, anyPort, svc, opts), nil, nil).Remote()
			_, err := give.Call(within(t), r)
			if e := remoteError(t, err); e.Type != "SerializationError" || !strings.Contains(e.Message, test.reason) {
				t.Errorf("type %q, message %q", e.Type, e.Message)
			}
			mustAdd(t, r)
		})
	}
}

func TestAFailureOfACallThatAHandlerMakesKeepsItsType(t *testing.T) {
	const relay rpc.Proc1[string] = "relay(name)"
	far := calculator()
	rpc.Proc0("eggs").Handle(far, func(context.Context) error { return &rpc.Error{Type: "ValueError", Message: "eggs"} })
	rpc.Proc0("boom").Handle(far, func(context.Context) error { panic("boom") })
	third := serve(t, anyPort, far, nil)
	onward := dial(t, third, nil, nil).Remote()
	near := calculator()
	relay.Handle(near, func(ctx context.Context, name string) error {
		return rpc.Proc0(name).Call(ctx, onward)
	})
	r := remote(t, near)
	for name, want := range map[string]string{
		"eggs": "ValueError: eggs",
		"boom": "PanicError: panic: boom",
		"no":   `LookupError: Name "no" not found in ""`,
		"add":  "TypeError: add() missing 2 required positional arguments: 'a' and 'b'",
	} {
		typ, _, _ := strings.Cut(want, ": ")
		wantFailure(t, relay.Call(within(t), r, name), typ, "remote "+third.Addr()+": "+want)
	}
	mustAdd(t, r)
}
