package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/rpc"
)

// eachWay runs a test with a Remote of svc for each way to it: from within the
// program and over connections of all kinds. Options are for all of them.
func eachWay(t *testing.T, opts *rpc.Options, service func() *rpc.Service, test func(t *testing.T, r rpc.Remote)) {
	t.Run("within the program", func(t *testing.T) {
		svc := service()
		svc.Inside(opts)
		test(t, svc.Remote())
	})
	each(t, func(t *testing.T, addr string) {
		test(t, dial(t, serve(t, addr, service(), opts), nil, opts).Remote())
	})
	t.Run("over a client", func(t *testing.T) {
		srv := serve(t, anyPort, service(), opts)
		test(t, client(t, srv.Addr(), nil, opts).Remote())
	})
}

// client returns a client for an address, closed with the end of the test.
func client(t testing.TB, addr string, svc *rpc.Service, opts *rpc.Options) *rpc.Client {
	t.Helper()
	c, err := rpc.NewClient(addr, svc, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := c.Shutdown(ctx); err != nil {
			t.Error("shut the client down:", err)
		}
	})
	return c
}

var (
	errTired  = errors.New("too tired")
	errRipe   = errors.New("ripe")
	errHungry = fmt.Errorf("hungry and %w", errTired)
)

// namedErrors has errTired under a name.
func namedErrors(t testing.TB) *channel.Errors {
	t.Helper()
	errs := new(channel.Errors)
	if err := errs.Register("garden.Tired", errTired); err != nil {
		t.Fatal(err)
	}
	return errs
}

// fruit travels as its name.
type fruit struct{ name string }

func fruits(t testing.TB) *codec.Types {
	t.Helper()
	types := new(codec.Types)
	err := codec.Register(types,
		func(f fruit) (string, error) {
			if f.name == "durian" {
				return "", errRipe
			}
			return f.name, nil
		},
		func(name string) (fruit, error) { return fruit{"a " + name}, nil })
	if err != nil {
		t.Fatal(err)
	}
	return types
}

// Functions of the garden.
const (
	describe rpc.Func1[any, string]                = "describe(thing)"
	eat      rpc.Func1[fruit, fruit]               = "eat(fruit)"
	water    rpc.Func2[int, *string, string]       = `water(litres, plant=null)`
	failing  rpc.Func1[string, int]                = "failing(how)"
	pruned   rpc.Func1[[]string, []string]         = "pruned(branches)"
	wide     rpc.Func1[float32, float64]           = "wide(x)"
	rename   rpc.Func1[map[string]*fruit, []fruit] = "rename(fruits)"
)

// garden is a service with functions for all that can happen to a call.
func garden() *rpc.Service {
	svc, shed := calculator(), rpc.NewService()
	describe.Handle(svc, func(_ context.Context, thing any) (string, error) { return fmt.Sprintf("%T %v", thing, thing), nil })
	eat.Handle(svc, func(_ context.Context, f fruit) (fruit, error) { return f, nil })
	water.Handle(svc, func(_ context.Context, litres int, plant *string) (string, error) {
		if plant == nil {
			return fmt.Sprint(litres, " for all"), nil
		}
		return fmt.Sprint(litres, " for ", *plant), nil
	})
	failing.Handle(svc, func(_ context.Context, how string) (int, error) {
		switch how {
		case "typed":
			return 0, &rpc.Error{Type: "ValueError", Message: "of a\nchosen type"}
		case "named":
			return 0, errHungry
		case "late":
			return 0, context.DeadlineExceeded
		case "cancelled":
			return 0, context.Canceled
		case "panic":
			panic("weeds")
		case "nil pointer":
			return len((*fruit)(nil).name), nil
		case "exit":
			runtime.Goexit()
		}
		return 0, errors.New(how)
	})
	pruned.Handle(svc, func(_ context.Context, branches []string) ([]string, error) {
		slices.Sort(branches)
		return branches, nil
	})
	wide.Handle(svc, func(_ context.Context, x float32) (float64, error) { return float64(x), nil })
	rename.Handle(svc, func(_ context.Context, fruits map[string]*fruit) ([]fruit, error) {
		return []fruit{*fruits["first"], *fruits["second"]}, nil
	})
	svc.Handle("seeds", func() *int { return nil })
	svc.Handle("sum(*prices)", func(prices ...float64) (sum float64) {
		for _, price := range prices {
			sum += price
		}
		return sum
	})
	svc.Handle("split(n, by=10)", func(n, by int) (int, int) { return n / by, n % by })
	svc.Handle("dig()", func() any { return make(chan int) })
	svc.Mount("shed", shed)
	shed.Handle("tool", func() string { return "spade" })
	return svc
}

// outcome puts into words what a caller sees of a call, but for the address of
// the callee.
func outcome(v any, err error) string {
	var remote *rpc.RemoteError
	var unsupported *codec.UnsupportedError
	var mismatch *codec.MismatchError
	switch {
	case err == nil:
		return fmt.Sprintf("%#v", v)
	case errors.As(err, &remote):
		text := fmt.Sprintf("%s: %s", remote.Type, remote.Message)
		if !strings.HasSuffix(err.Error(), text) || remote.Origin == "" || !strings.Contains(remote.Trace, remote.Message) {
			text += fmt.Sprintf(", told as %q of %q with trace %q", err, remote.Origin, remote.Trace)
		}
		if strings.Contains(remote.Trace, ".go:") {
			text += ", with a stack"
		}
		if errors.Is(err, errTired) {
			text += ", which is errTired"
		}
		return text
	case errors.As(err, &unsupported):
		return "not sent: " + unsupported.Error()
	case errors.As(err, &mismatch):
		return "not understood: " + mismatch.Error()
	}
	return err.Error()
}

func TestACallLooksTheSameHoweverItsServiceIsReached(t *testing.T) {
	plant, bad := "fern", "\xff"
	five := 5
	for name, test := range map[string]struct {
		call func(ctx context.Context, r rpc.Remote) (any, error)
		want string
	}{
		"a contract":                  {func(ctx context.Context, r rpc.Remote) (any, error) { return add.Call(ctx, r, 3, 4) }, "7"},
		"by name":                     {untyped("add", 3, 4), "7"},
		"by keyword":                  {untyped("add", 3, rpc.Kw{"b": 4}), "7"},
		"an empty list of keywords":   {untyped("add", 3, 4, rpc.Kw{}), "7"},
		"a nested service":            {untyped("shed/tool"), `"spade"`},
		"a pointer as a keyword":      {untyped("water", 1, rpc.Kw{"plant": &plant}), `"1 for fern"`},
		"a default":                   {untyped("water", 1), `"1 for all"`},
		"a variadic function":         {untyped("sum", 1, 2.5, &five), "8.5"},
		"a variadic function of none": {untyped("sum"), "0"},
		"two results":                 {untyped("split", 47), "[]interface {}{4, 7}"},
		"a result that is nil":        {untyped("seeds"), "<nil>"},
		"a nil result for an int": {func(ctx context.Context, r rpc.Remote) (any, error) {
			return rpc.Call[int](ctx, r, "seeds")
		}, "not understood: nil does not fit int"},
		"a result for nobody": {func(ctx context.Context, r rpc.Remote) (any, error) {
			return nil, rpc.Proc0("shed/tool").Call(ctx, r)
		}, "<nil>"},

		"nil":                      {described(nil), `"<nil> <nil>"`},
		"an int in an any":         {described(7), `"int64 7"`},
		"a large uint in an any":   {described(uint64(math.MaxUint64)), `"uint64 18446744073709551615"`},
		"a whole float in an any":  {described(2.0), `"float64 2"`},
		"infinity":                 {described(math.Inf(-1)), `"float64 -Inf"`},
		"minus zero":               {described(math.Copysign(0, -1)), `"float64 -0"`},
		"a float32":                {described(float32(0.1)), `"float64 0.10000000149011612"`},
		"a float32 for a float32":  {func(ctx context.Context, r rpc.Remote) (any, error) { return wide.Call(ctx, r, 0.1) }, "0.10000000149011612"},
		"a pointer in an any":      {described(&five), `"int64 5"`},
		"a nil pointer in an any":  {described((*int)(nil)), `"<nil> <nil>"`},
		"a list in an any":         {described([]int{1, 2}), `"[]interface {} [1 2]"`},
		"a struct in an any":       {described(struct{ A, B int }{1, 2}), `"map[string]interface {} map[A:1 B:2]"`},
		"a text of broken UTF-8":   {described(bad), `"string ` + "\ufffd" + `"`},
		"by name, of broken UTF-8": {untyped("describe", bad), `"string ` + "\ufffd" + `"`},
		"a text of control codes":  {described("\x00\u2028"), `"string \x00\u2028"`},
		"an error as an argument":  {described(errors.New("x")), `"map[string]interface {} map[]"`},
		"a custom type":            {func(ctx context.Context, r rpc.Remote) (any, error) { return eat.Call(ctx, r, fruit{"plum"}) }, `rpc_test.fruit{name:"a a plum"}`},
		"a custom type, by name":   {untyped("eat", &fruit{"plum"}), `rpc_test.fruit{name:"a a plum"}`},
		"custom types, deep": {func(ctx context.Context, r rpc.Remote) (any, error) {
			return rename.Call(ctx, r, map[string]*fruit{"first": {"fig"}, "second": {"pea"}})
		}, `[]rpc_test.fruit{rpc_test.fruit{name:"a a fig"}, rpc_test.fruit{name:"a a pea"}}`},
		"a custom type that refuses": {func(ctx context.Context, r rpc.Remote) (any, error) { return eat.Call(ctx, r, fruit{"durian"}) }, "not sent: cannot encode rpc_test.fruit as json (at args[0]): ripe"},
		"a refusal deep inside":      {untyped("describe", []any{1, map[string]any{"x": make(chan int)}}), "not sent: cannot encode chan int as json (at args[0][1].x)"},
		"a refusal in a keyword":     {untyped("describe", rpc.Kw{"thing": func() {}}), "not sent: cannot encode func() as json (at kwargs.thing)"},
		"bytes in JSON":              {untyped("describe", []byte("x")), "not sent: cannot encode []uint8 as json (at args[0]): JSON carries no bytes"},

		"a wrong type":               {untyped("add", 3, "4"), "TypeError: add() argument 'b': string does not fit int"},
		"a wrong type, by keyword":   {untyped("add", 3, rpc.Kw{"b": []int{}}), "TypeError: add() argument 'b': list does not fit int"},
		"a float for an int":         {untyped("add", 3, 4.0), "7"},
		"an int32 for an int":        {untyped("add", int32(3), uint8(4)), "7"},
		"nil for an int":             {untyped("add", 3, nil), "TypeError: add() argument 'b': nil does not fit int"},
		"a wrong type, deep":         {untyped("pruned", []any{"a", 1}), "TypeError: pruned() argument 'branches[1]': integer 1 does not fit string"},
		"a wrong further one":        {untyped("sum", 1, "2"), "TypeError: sum() argument 'prices[1]': string does not fit float64"},
		"a missing argument":         {untyped("add", 3), "TypeError: add() missing 1 required positional argument: 'b'"},
		"too many arguments":         {untyped("add", 3, 4, 5), "TypeError: add() takes 2 positional arguments but 3 were given"},
		"too many for defaults":      {untyped("split", 3, 4, 5), "TypeError: split() takes from 1 to 2 positional arguments but 3 were given"},
		"an unknown keyword":         {untyped("add", 3, rpc.Kw{"c": 4}), "TypeError: add() got an unexpected keyword argument 'c'"},
		"an argument given twice":    {untyped("add", 3, 4, rpc.Kw{"a": 4}), "TypeError: add() got multiple values for argument 'a'"},
		"keywords nobody knows":      {untyped("shed/tool", rpc.Kw{"c": 4}), "TypeError: tool() takes no keyword arguments"},
		"an unknown name":            {untyped("nothing"), `LookupError: Name "nothing" not found in ""`},
		"an unknown name, nested":    {untyped("shed/rake/handle"), `LookupError: Name "rake" not found in "shed"`},
		"a name under a function":    {untyped("add/x"), `LookupError: Name "x" not found in "add"`},
		"the empty name":             {untyped(""), `LookupError: Name "" not found in ""`},
		"a service":                  {untyped("shed"), `TypeError: "shed" is a service and cannot be called`},
		"an unknown service":         {func(ctx context.Context, r rpc.Remote) (any, error) { return add.Call(ctx, r.Sub("a/b"), 1, 2) }, `LookupError: Name "a" not found in ""`},
		"a result of the wrong type": {func(ctx context.Context, r rpc.Remote) (any, error) { return rpc.Call[string](ctx, r, "add", 1, 2) }, "not understood: integer 3 does not fit string"},
		"a wrong result, deep": {func(ctx context.Context, r rpc.Remote) (any, error) {
			return rpc.Call[[]int](ctx, r, "pruned", []string{"x"})
		}, "not understood: [0]: string does not fit int"},
		"a result that cannot be sent":             {untyped("dig"), "SerializationError: channel: cannot encode chan int as json"},
		"a result that cannot be sent, for nobody": {func(ctx context.Context, r rpc.Remote) (any, error) { return nil, rpc.Proc0("dig").Call(ctx, r) }, "SerializationError: channel: cannot encode chan int as json"},

		"a plain error":             {fails("slugs"), "Error: slugs"},
		"an error with a type":      {fails("typed"), "ValueError: of a\nchosen type"},
		"an error with a name":      {fails("named"), "garden.Tired: hungry and too tired, which is errTired"},
		"a deadline":                {fails("late"), "TimeoutError: context deadline exceeded"},
		"a cancellation":            {fails("cancelled"), "CancelledError: context canceled"},
		"an error of no words":      {fails(""), "Error: "},
		"a panic":                   {fails("panic"), "PanicError: panic: weeds, with a stack"},
		"a panic of the runtime":    {fails("nil pointer"), "PanicError: panic: runtime error: invalid memory address or nil pointer dereference, with a stack"},
		"a goroutine that is ended": {fails("exit"), "RuntimeError: the handler ended its goroutine"},
	} {
		t.Run(name, func(t *testing.T) {
			opts := &rpc.Options{Types: fruits(t), Errors: namedErrors(t)}
			eachWay(t, opts, garden, func(t *testing.T, r rpc.Remote) {
				if got := outcome(test.call(within(t), r)); got != test.want {
					t.Errorf("got  %s\nwant %s", got, test.want)
				}
				mustAdd(t, r)
			})
			if strings.Contains(name, "goroutine") {
				return // it would be the caller's
			}
			t.Run("on the goroutine of its caller", func(t *testing.T) {
				task(func(ctx context.Context, _ func(error)) {
					svc := withTurn(garden())
					svc.Inside(opts)
					if got := outcome(test.call(ctx, svc.Remote())); got != test.want {
						t.Errorf("got  %s\nwant %s", got, test.want)
					}
				})
			})
		})
	}
}

func untyped(name string, args ...any) func(context.Context, rpc.Remote) (any, error) {
	return func(ctx context.Context, r rpc.Remote) (any, error) { return rpc.Call[any](ctx, r, name, args...) }
}

func described(thing any) func(context.Context, rpc.Remote) (any, error) {
	return func(ctx context.Context, r rpc.Remote) (any, error) { return describe.Call(ctx, r, thing) }
}

func fails(how string) func(context.Context, rpc.Remote) (any, error) {
	return func(ctx context.Context, r rpc.Remote) (any, error) { return failing.Call(ctx, r, how) }
}
