package rpc

import (
	"context"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gomas/gomas/codec"
)

func TestTheTextOfAContractIsTakenApart(t *testing.T) {
	raw := func(s string) codec.Raw { return codec.Raw(s) }
	for text, want := range map[string]*contract{
		"f":                         {name: "f"},
		"f()":                       {name: "f", params: []param{}},
		"f( )":                      {name: "f", params: []param{}},
		"f(a,b)":                    {name: "f", params: []param{{name: "a"}, {name: "b"}}},
		"f( a ,\n\tb )  ":           {name: "f", params: []param{{name: "a"}, {name: "b"}}},
		"f:":                        {name: "f"},
		"f: a: (b)":                 {name: "f", doc: "a: (b)"},
		"f() :\n a  b\n":            {name: "f", params: []param{}, doc: "a  b"},
		"größe(ñ)":                  {name: "größe", params: []param{{name: "ñ"}}},
		"f(*a)":                     {name: "f", params: []param{{name: "a", variadic: true}}},
		"f(**a)":                    {name: "f", params: []param{{name: "a", keywords: true}}},
		"f(a=1,*b,**c)":             {name: "f", params: []param{{name: "a", fallback: raw("1")}, {name: "b", variadic: true}, {name: "c", keywords: true}}},
		"f(a = 1 , *b)":             {name: "f", params: []param{{name: "a", fallback: raw("1")}, {name: "b", variadic: true}}},
		`f(a=",)]\"\\", b={})`:      {name: "f", params: []param{{name: "a", fallback: raw(`",)]\"\\"`)}, {name: "b", fallback: raw("{}")}}},
		`f(a={"(": [[], "="]}): (x`: {name: "f", params: []param{{name: "a", fallback: raw(`{"(": [[], "="]}`)}}, doc: "(x"},
	} {
		c, err := parseContract(text)
		if err != nil || !reflect.DeepEqual(c, want) {
			t.Errorf("%q is %+v, error %v, want %+v", text, c, err, want)
		}
	}
}

func TestMistakesInADefaultAreTold(t *testing.T) {
	for text, reason := range map[string]string{
		"f(a=)":                     `the default of parameter "a": `,
		"f(a=kW)":                   `the default of parameter "a": `,
		"f(a='kW')":                 `the default of parameter "a": `,
		"f(a=1 2)":                  `the default of parameter "a": `,
		"f(a=[1})":                  `the default of parameter "a": `,
		"f(a=g(1))":                 `the default of parameter "a": `,
		`f(a={"__type__": [0, 1]})`: `the default of parameter "a": `,
		"f(a==1)":                   `the default of parameter "a": `,
		"f(a=" + strings.Repeat("[", 2000) + strings.Repeat("]", 2000) + ")": `the default of parameter "a": nested more than 1000 deep`,
		`f(a="x)`:          "no closing parenthesis at the end",
		"f(a=[1)":          "no closing parenthesis at the end",
		"f(=1)":            `"" is no name of a parameter`,
		"f(a b=1)":         `"a b" is no name of a parameter`,
		"f(a:=1)":          `"a:" is no name of a parameter`,
		"f(** a)":          `"** a" is no name of a parameter`,
		"f(a=1, b)":        `parameter "b" has no default, but follows "a", which has one`,
		"f(a=1, b=2, a=3)": `two parameters "a"`,
		"f(a=1, *a)":       `two parameters "a"`,
		"f(*a, **a)":       `two parameters "a"`,
		"f(**a, *b)":       `parameter "b" follows "**a", which must be the last one`,
		"f(**a, **b)":      `parameter "b" follows "**a", which must be the last one`,
		"f(**)":            `"**" is no name of a parameter`,
		"f(***a)":          `"***a" is no name of a parameter`,
		"f(**a={})":        `parameter "a" takes any number of arguments and cannot have a default`,
		"f() : x":          "",
		"f()x":             `after the parameters stands "x"`,
		"f())":             `after the parameters stands ")"`,
		"f :x":             `the name "f " contains`,
	} {
		c, err := parseContract(text)
		if reason == "" {
			if err != nil {
				t.Errorf("%q: %v", text, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%q is %v, error %v, want … %s …", text, c, err, reason)
		}
	}
}

// FuzzContract gives any text for a contract: it is refused, or says the same
// when it is printed.
func FuzzContract(f *testing.F) {
	for _, text := range []string{
		"f", "f()", "add(a, b)", "stop: ends it all", `schedule(day, hours=24, unit="kW"): plans a day`,
		`f(a={"(": [[], "=,)"]}, *b) : (x`, "f(*)", "f(a=)", "f((a", `f(a="\"`, "f(]a)", ": x", "größe(ñ=NaN)", "f\n(\n)\n:\n", "f(*a, **b)", "f(a, ** b)",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		svc := NewService()
		accepted := svc.TryHandle(text, func(context.Context, any, ...any) {}) == nil ||
			svc.TryHandle(text, func(any, []any, map[string]any) {}) == nil ||
			svc.TryHandle(text, func(any, Arguments) {}) == nil
		c, err := parseContract(text)
		if err != nil {
			if accepted {
				t.Errorf("%q was registered: %v", text, err)
			}
			return
		}
		if accepted && svc.find(c.name) == nil || c.name != nameOf(text) {
			t.Errorf("%q is registered under another name than %q", text, c.name)
		}
		printed := c.String()
		again, err := parseContract(printed)
		if err != nil || !reflect.DeepEqual(again, c) {
			t.Errorf("%q is %+v, printed as %q it is %+v, error %v", text, c, printed, again, err)
		}
	})
}

func TestTheNameInAContractIsFoundWithoutAllocating(t *testing.T) {
	for text, want := range map[string]string{
		"add": "add", "add(a, b)": "add", "add: adds": "add", "add(a): b": "add", "": "", "(a)": "", ":": "", "größe(a)": "größe",
	} {
		var name string
		if n := testing.AllocsPerRun(100, func() { name = nameOf(text) }); n != 0 || name != want {
			t.Errorf("the name in %q is %q, want %q; %v allocations", text, name, want, n)
		}
	}
}

func TestFunctionsOfOneContractShareWhatItSays(t *testing.T) {
	const text = "shared(a=1): by many"
	a, b := NewService(), NewService()
	a.Handle(text, func(int) {})
	Func1[int, int](text).Handle(b, func(context.Context, int) (int, error) { return 0, nil })
	if a.find("shared").contract != b.find("shared").contract {
		t.Error("they do not")
	}
	// Gone with the last of them. b is needed for longer.
	runtime.KeepAlive(a)
	a = nil
	runtime.GC()
	if _, ok := contracts.Load(text); !ok {
		t.Error("forgotten too early")
	}
	runtime.KeepAlive(b)
	for deadline := time.Now().Add(30 * time.Second); ; runtime.GC() {
		if _, ok := contracts.Load(text); !ok {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("not forgotten")
		}
	}
}

func TestTheShapeOfAFunctionIsWithoutItsContextAndError(t *testing.T) {
	type list = []reflect.Type
	integer, text, texts := reflect.TypeFor[int](), reflect.TypeFor[string](), reflect.TypeFor[[]string]()
	svc := NewService()
	Func2[int, string, []string]("f0").Handle(svc, func(context.Context, int, string) ([]string, error) { return nil, nil })
	Proc1[context.Context]("f1").Handle(svc, func(context.Context, context.Context) error { return nil })
	Func0[error]("f2").Handle(svc, func(context.Context) (error, error) { return nil, nil })
	svc.Handle("f3", func() {})
	svc.Handle("f4", func(int, ...string) (string, int) { return "", 0 })
	svc.Handle("f5", func(context.Context, string) (int, string, error) { return 0, "", nil })
	for name, want := range map[string]struct {
		params, results list
		variadic        bool
	}{
		"f0": {list{integer, text}, list{texts}, false},
		"f1": {list{contextType}, nil, false},
		"f2": {nil, list{errorType}, false},
		"f3": {nil, nil, false},
		"f4": {list{integer, texts}, list{text, integer}, true},
		"f5": {list{text}, list{integer, text}, false},
	} {
		s := svc.find(name).shape()
		var params, results list
		for i := range s.params() {
			params = append(params, s.param(i))
		}
		for i := range s.results() {
			results = append(results, s.result(i))
		}
		if !reflect.DeepEqual(params, want.params) || !reflect.DeepEqual(results, want.results) || s.variadic() != want.variadic {
			t.Errorf("%s has the parameters %v, variadic %v, and the results %v", name, params, s.variadic(), results)
		}
	}
}
