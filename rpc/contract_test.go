package rpc_test

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/gomas/gomas/rpc"
)

// One contract of each shape. All parameters of a contract have different
// types, so none can take another's place.
const (
	func0 rpc.Func0[string]                                                         = "func0()"
	func1 rpc.Func1[int, string]                                                    = "func1(a)"
	func2 rpc.Func2[int, string, string]                                            = "func2(a, b)"
	func3 rpc.Func3[int, string, bool, string]                                      = "func3(a, b, c)"
	func4 rpc.Func4[int, string, bool, float64, string]                             = "func4(a, b, c, d)"
	func5 rpc.Func5[int, string, bool, float64, []string, string]                   = "func5(a, b, c, d, e)"
	func6 rpc.Func6[int, string, bool, float64, []string, map[string]int32, string] = "func6(a, b, c, d, e, f)"

	proc0 rpc.Proc0                                                         = "proc0()"
	proc1 rpc.Proc1[int]                                                    = "proc1(a)"
	proc2 rpc.Proc2[int, string]                                            = "proc2(a, b)"
	proc3 rpc.Proc3[int, string, bool]                                      = "proc3(a, b, c)"
	proc4 rpc.Proc4[int, string, bool, float64]                             = "proc4(a, b, c, d)"
	proc5 rpc.Proc5[int, string, bool, float64, []string]                   = "proc5(a, b, c, d, e)"
	proc6 rpc.Proc6[int, string, bool, float64, []string, map[string]int32] = "proc6(a, b, c, d, e, f)"
)

// got is the text of what a function of a shape was called with.
func got(args ...any) string { return fmt.Sprint(args...) }

// shapes returns a service with a function of each shape. Those with a result
// return what they got, the others report it.
func shapes(report func(string)) *rpc.Service {
	svc := rpc.NewService()
	type ctx = context.Context
	func0.Handle(svc, func(ctx) (string, error) { return got(), nil })
	func1.Handle(svc, func(_ ctx, a int) (string, error) { return got(a), nil })
	func2.Handle(svc, func(_ ctx, a int, b string) (string, error) { return got(a, b), nil })
	func3.Handle(svc, func(_ ctx, a int, b string, c bool) (string, error) { return got(a, b, c), nil })
	func4.Handle(svc, func(_ ctx, a int, b string, c bool, d float64) (string, error) { return got(a, b, c, d), nil })
	func5.Handle(svc, func(_ ctx, a int, b string, c bool, d float64, e []string) (string, error) {
		return got(a, b, c, d, e), nil
	})
	func6.Handle(svc, func(_ ctx, a int, b string, c bool, d float64, e []string, f map[string]int32) (string, error) {
		return got(a, b, c, d, e, f), nil
	})
	proc0.Handle(svc, func(ctx) error { report(got()); return nil })
	proc1.Handle(svc, func(_ ctx, a int) error { report(got(a)); return nil })
	proc2.Handle(svc, func(_ ctx, a int, b string) error { report(got(a, b)); return nil })
	proc3.Handle(svc, func(_ ctx, a int, b string, c bool) error { report(got(a, b, c)); return nil })
	proc4.Handle(svc, func(_ ctx, a int, b string, c bool, d float64) error { report(got(a, b, c, d)); return nil })
	proc5.Handle(svc, func(_ ctx, a int, b string, c bool, d float64, e []string) error {
		report(got(a, b, c, d, e))
		return nil
	})
	proc6.Handle(svc, func(_ ctx, a int, b string, c bool, d float64, e []string, f map[string]int32) error {
		report(got(a, b, c, d, e, f))
		return nil
	})
	return svc
}

func TestEveryShapeOfContractArrivesAsItWasCalled(t *testing.T) {
	each(t, func(t *testing.T, addr string) {
		reports := make(chan string, 1)
		ctx, r := within(t), dial(t, serve(t, addr, shapes(func(s string) { reports <- s }), nil), nil, nil).Remote()
		args := []any{-1, "b", true, 2.0, []string{"e", ""}, map[string]int32{"f": 1 << 30}}
		a, b, c, d := -1, "b", true, 2.0
		e, f := []string{"e", ""}, map[string]int32{"f": 1 << 30}

		// reported gives a call without a result that of its report.
		reported := func(err error) (string, error) {
			if err != nil {
				return "", err
			}
			return <-reports, nil
		}
		funcs := []func() (string, error){
			func() (string, error) { return func0.Call(ctx, r) },
			func() (string, error) { return func1.Call(ctx, r, a) },
			func() (string, error) { return func2.Call(ctx, r, a, b) },
			func() (string, error) { return func3.Call(ctx, r, a, b, c) },
			func() (string, error) { return func4.Call(ctx, r, a, b, c, d) },
			func() (string, error) { return func5.Call(ctx, r, a, b, c, d, e) },
			func() (string, error) { return func6.Call(ctx, r, a, b, c, d, e, f) },
		}
		procs := []func() (string, error){
			func() (string, error) { return reported(proc0.Call(ctx, r)) },
			func() (string, error) { return reported(proc1.Call(ctx, r, a)) },
			func() (string, error) { return reported(proc2.Call(ctx, r, a, b)) },
			func() (string, error) { return reported(proc3.Call(ctx, r, a, b, c)) },
			func() (string, error) { return reported(proc4.Call(ctx, r, a, b, c, d)) },
			func() (string, error) { return reported(proc5.Call(ctx, r, a, b, c, d, e)) },
			func() (string, error) { return reported(proc6.Call(ctx, r, a, b, c, d, e, f)) },
		}
		for n := range funcs {
			want := got(args[:n]...)
			check := func(how, name string, text string, err error) {
				t.Helper()
				if err != nil || text != want {
					t.Errorf("%s, %s: got %q, error %v, want %q", name, how, text, err, want)
				}
			}
			name := fmt.Sprint("func", n)
			text, err := funcs[n]()
			check("typed", name, text, err)
			for by := range n + 1 {
				text, err = rpc.Call[string](ctx, r, name, append(args[:by:by], keywords(args, by, n))...)
				check(fmt.Sprintf("%d by position", by), name, text, err)
			}

			name = fmt.Sprint("proc", n)
			text, err = procs[n]()
			check("typed", name, text, err)
			for by := range n + 1 {
				result, err := rpc.Call[any](ctx, r, name, append(args[:by:by], keywords(args, by, n))...)
				if result != nil {
					t.Errorf("%s has the result %v, want none", name, result)
				}
				text, err := reported(err)
				check(fmt.Sprintf("%d by position", by), name, text, err)
			}
		}
	})
}

// keywords returns the arguments from, up to but not including to, under the
// names that the contracts above give them.
func keywords(args []any, from, to int) rpc.Kw {
	kw := rpc.Kw{}
	for i := from; i < to; i++ {
		kw[string(rune('a'+i))] = args[i]
	}
	return kw
}

func TestAContractWithoutNamesOfParametersIsCalledByPosition(t *testing.T) {
	const sub rpc.Func2[int, int, int] = "sub"
	svc := rpc.NewService()
	sub.Handle(svc, func(_ context.Context, a, b int) (int, error) { return a - b, nil })
	if d, err := sub.Call(within(t), remote(t, svc), 3, 4); err != nil || d != -1 {
		t.Errorf("3 - 4 is %d, error %v", d, err)
	}
}

func TestValuesOfAnyKindPass(t *testing.T) {
	type point struct {
		X, Y  float64
		Label *string `json:"label,omitempty"`
	}
	const echo rpc.Func1[any, any] = "echo(v)"
	const points rpc.Func1[map[string][]point, map[string][]point] = "points(v)"
	svc := rpc.NewService()
	echo.Handle(svc, func(_ context.Context, v any) (any, error) { return v, nil })
	points.Handle(svc, func(_ context.Context, v map[string][]point) (map[string][]point, error) { return v, nil })
	ctx, r := within(t), remote(t, svc)

	for _, want := range []any{nil, true, int64(-5), 2.5, "text", []any{}, []any{nil, []any{"x"}}, map[string]any{"k": map[string]any{}}} {
		if v, err := echo.Call(ctx, r, want); err != nil || !reflect.DeepEqual(v, want) {
			t.Errorf("%#v came back as %#v, error %v", want, v, err)
		}
	}
	label := "here"
	want := map[string][]point{"p": {{1, 2, &label}, {3, 4, nil}}, "none": {}}
	if v, err := points.Call(ctx, r, want); err != nil || !reflect.DeepEqual(v, want) {
		t.Errorf("%v came back as %v, error %v", want, v, err)
	}
}

func TestAResultOfTheWrongTypeIsAnErrorOfTheCallAlone(t *testing.T) {
	const addText rpc.Func2[int, int, string] = "add(a, b)"
	r := remote(t, calculator())
	if s, err := addText.Call(within(t), r, 3, 4); err == nil || !strings.Contains(err.Error(), "integer 7 does not fit string") {
		t.Errorf("result %q, error %v", s, err)
	}
	mustAdd(t, r)
}

func TestAnArgumentThatCannotBeEncodedIsAnErrorOfTheCallAlone(t *testing.T) {
	r := remote(t, calculator())
	for name, args := range map[string][]any{
		"args[1]":  {1, make(chan int)},
		"kwargs.b": {1, rpc.Kw{"b": func() {}}},
	} {
		if _, err := rpc.Call[int](within(t), r, "add", args...); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v does not name %s", err, name)
		}
	}
	mustAdd(t, r)
}

func TestMistakesInAContractPanicWithTheReason(t *testing.T) {
	nop := func(context.Context, int, int) error { return nil }
	for name, test := range map[string]struct {
		contract rpc.Proc2[int, int]
		reason   string
	}{
		"no name at all":                     {"", "the name is empty"},
		"no name before the parameters":      {"(a, b)", "the name is empty"},
		"a slash in the name":                {"sub/add(a, b)", `the name "sub/add" contains a slash`},
		"a blank in the name":                {"add (a, b)", `the name "add " contains a slash, a parenthesis or a space`},
		"a parenthesis that was not opened":  {"add)", `the name "add)" contains`},
		"a parenthesis that was not closed":  {"add(a, b", "no closing parenthesis at the end"},
		"text after the parameters":          {"add(a, b) int", `after the parameters stands "int"`},
		"too few names":                      {"add(a)", "names 1 parameter, the function has 2 besides its context"},
		"too many names":                     {"add(a, b, c)", "names 3 parameters, the function has 2"},
		"no names in parentheses":            {"add()", "names 0 parameters, the function has 2"},
		"an empty name of a parameter":       {"add(a, )", `"" is no name of a parameter`},
		"types in place of names":            {"add(a int, b int)", `"a int" is no name of a parameter`},
		"a parenthesis within parentheses":   {"add(a, (b))", `"(b)" is no name of a parameter`},
		"a default of another type":          {`add(a, b="x")`, `the default of parameter "b": string does not fit int`},
		"a default, but none after it":       {"add(a=1, b)", `parameter "b" has no default, but follows "a", which has one`},
		"any number of arguments":            {"add(a, *b)", `"*b" is for functions that Service.Handle takes, and this one has a type of contract`},
		"any keyword arguments":              {"add(a, **b)", `"**b" is for functions that Service.Handle takes, and this one has a type of contract`},
		"two parameters of one name":         {"add(a, a)", `two parameters "a"`},
		"the name of a function that exists": {"taken", `there is a function "taken" already`},
		"the name of a service that exists":  {"sub(a, b)", `there is a service "sub" already`},
	} {
		t.Run(name, func(t *testing.T) {
			svc := rpc.NewService()
			svc.Mount("sub", rpc.NewService())
			rpc.Proc2[int, int]("taken").Handle(svc, nop)
			message := panicMessage(func() { test.contract.Handle(svc, nop) })
			if !strings.HasPrefix(message, "rpc: ") || !strings.Contains(message, test.reason) {
				t.Errorf("panic %q, want rpc: … %s …", message, test.reason)
			}
			if malformed := !strings.Contains(test.reason, "already"); malformed && !strings.Contains(message, fmt.Sprintf("contract %q", test.contract)) {
				t.Errorf("panic %q does not quote the contract", message)
			}
			rpc.Proc2[int, int]("other").Handle(svc, nop) // the service is still in order
		})
	}
}

func TestAFunctionThatIsNilIsRefused(t *testing.T) {
	svc := rpc.NewService()
	for _, message := range []string{
		panicMessage(func() { add.Handle(svc, nil) }),
		panicMessage(func() { proc0.Handle(svc, nil) }),
	} {
		if !strings.HasSuffix(message, "the function is nil") {
			t.Errorf("panic %q", message)
		}
	}
}

// panicMessage returns what fn panics with, as text, "" if it does not.
func panicMessage(fn func()) (message string) {
	defer func() {
		if p := recover(); p != nil {
			message = fmt.Sprint(p)
		}
	}()
	fn()
	return ""
}
