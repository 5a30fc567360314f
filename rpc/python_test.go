package rpc_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gomas/gomas/internal/pypeer"
	"github.com/gomas/gomas/rpc"
)

// dialPython connects to a service written in Python.
func dialPython(t *testing.T, addr string, svc *rpc.Service, opts *rpc.Options) rpc.Remote {
	t.Helper()
	peer := pypeer.Start(t, "serve-rpc", addr)
	conn, err := rpc.Dial(within(t), peer.Addr, svc, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close() // never fails
		if err := conn.Wait(within(t)); errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
	return conn.Remote()
}

func TestGoCallsAServiceInPython(t *testing.T) {
	each(t, func(t *testing.T, addr string) {
		ctx, r := within(t), dialPython(t, addr, nil, nil)
		mustAdd(t, r)
		if s, err := rpc.Call[string](ctx, r, "add", "größe", rpc.Kw{"b": " 🥚"}); err != nil || s != "größe 🥚" {
			t.Errorf("texts added: %q, error %v", s, err)
		}
		if f, err := rpc.Func2[float64, float64, float64]("add(a, b)").Call(ctx, r, 1, 2); err != nil || f != 3 {
			t.Errorf("floats added: %v, error %v", f, err)
		}
		echo, err := rpc.Call[any](ctx, r, "echo", 1, 2.0, "x", nil, []bool{true}, rpc.Kw{"k": map[string]int{"v": 1}, "größe": nil})
		want := []any{
			[]any{int64(1), 2.0, "x", nil, []any{true}},
			map[string]any{"k": map[string]any{"v": int64(1)}, "größe": nil},
		}
		if err != nil || !reflect.DeepEqual(echo, want) {
			t.Errorf("echo %v, error %v, want %v", echo, err, want)
		}
		const mul rpc.Func2[int, int, int] = "mul(a, b)"
		const neg rpc.Func1[int, int] = "neg(x)"
		if n, err := mul.Call(ctx, r.Sub("sub"), 6, 7); err != nil || n != 42 {
			t.Errorf("6 · 7 is %d, error %v", n, err)
		}
		if n, err := neg.Call(ctx, r.Sub("sub").Sub("inner"), 7); err != nil || n != -7 {
			t.Errorf("-7 is %d, error %v", n, err)
		}
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				if n, err := mul.Call(ctx, r.Sub("sub/inner"), i, i); err != nil || n != i*i {
					t.Errorf("%d² is %d, error %v", i, n, err)
				}
			})
		}
		wg.Wait()
	})
}

func TestFailuresOfPythonArriveInGo(t *testing.T) {
	each(t, func(t *testing.T, addr string) {
		r := dialPython(t, addr, nil, nil)
		for name, test := range map[string]struct {
			path         string
			args         []any
			typ, message string
		}{
			"its own exception":         {"fail", []any{"eggs: größer"}, "ValueError", "eggs: größer"},
			"a message of lines":        {"fail", []any{"a\n  b\nc"}, "ValueError", "a\n  b\nc"},
			"no message":                {"fail", []any{""}, "ValueError", ""},
			"an unknown name":           {"no", nil, "LookupError", `Name "no" not found in ""`},
			"an unknown nested name":    {"sub/no/mul", nil, "LookupError", `Name "no" not found in "sub"`},
			"an empty name":             {"sub//mul", nil, "LookupError", `Name "" not found in "sub"`},
			"a name below a function":   {"add/no", nil, "LookupError", `Name "no" not found in "add"`},
			"a function not exposed":    {"secret", nil, "LookupError", `"secret" is not exposed`},
			"a service":                 {"sub", nil, "TypeError", ""},
			"too few arguments":         {"add", []any{1}, "TypeError", ""},
			"too many arguments":        {"add", []any{1, 2, 3}, "TypeError", ""},
			"an unknown keyword":        {"add", []any{1, rpc.Kw{"x": 1}}, "TypeError", ""},
			"an argument given twice":   {"add", []any{1, 2, rpc.Kw{"a": 1}}, "TypeError", ""},
			"an argument it cannot add": {"add", []any{1, "2"}, "TypeError", ""},
		} {
			t.Run(name, func(t *testing.T) {
				_, err := rpc.Call[any](within(t), r, test.path, test.args...)
				e := remoteError(t, err)
				// The words of a TypeError are those of the Python version.
				if e.Type != test.typ || e.Message != test.message && test.typ != "TypeError" {
					t.Errorf("type %q, message %q, want %q, %q", e.Type, e.Message, test.typ, test.message)
				}
				if !strings.Contains(e.Trace, "wire.py") {
					t.Errorf("no trace in %q", e.Trace)
				}
				mustAdd(t, r)
			})
		}
	})
}

// Go and Python word the same mistakes alike.
func TestMistakesOfCallersAreWordedAsInPython(t *testing.T) {
	inPython, inGo := dialPython(t, anyPort, nil, nil), remote(t, calculator())
	for name, args := range map[string][]any{
		"one missing":  {1},
		"all missing":  nil,
		"too many":     {1, 2, 3},
		"unknown":      {1, rpc.Kw{"b": 2, "x": 3}},
		"given twice":  {1, 2, rpc.Kw{"a": 3}},
		"wrong by one": {rpc.Kw{"b": 1}},
	} {
		_, err := rpc.Call[any](within(t), inPython, "add", args...)
		want := remoteError(t, err)
		_, err = rpc.Call[any](within(t), inGo, "add", args...)
		// Python counts self, and newer versions name the class.
		words := strings.NewReplacer("Root.", "", "takes 3", "takes 2", "but 4", "but 3").Replace(want.Message)
		if e := remoteError(t, err); e.Type != want.Type || e.Message != words {
			t.Errorf("%s: Go says %q, Python %q", name, e.Message, words)
		}
	}
}

// planner has the functions of the Python service by the same names.
func planner() *rpc.Service {
	svc := rpc.NewService()
	svc.Handle("plan(day, hours=24, *tags)", func(day string, hours int, tags ...string) []any {
		return []any{day, hours, append([]string{}, tags...)}
	})
	svc.Handle("note(level, *args, **fields)", func(level int, args []any, fields map[string]any) []any {
		return []any{level, append([]any{}, args...), maps.Collect(maps.All(fields))}
	})
	svc.Handle(`tag(name, unit="kW", **fields)`, func(name, unit string, fields map[string]float64) []any {
		return []any{name, unit, maps.Collect(maps.All(fields))}
	})
	const rate rpc.Func3[float64, string, *string, []any] = `rate(price, unit="kW", day=null)`
	rate.Handle(svc, func(_ context.Context, price float64, unit string, day *string) ([]any, error) {
		return []any{price, unit, day}, nil
	})
	return svc
}

func TestDefaultsAndFurtherArgumentsAreThoseOfPython(t *testing.T) {
	inPython, inGo := dialPython(t, anyPort, nil, nil).Sub("sub"), remote(t, planner())
	for _, test := range []struct {
		function string
		args     []any
	}{
		{"plan", []any{"mon"}},
		{"plan", []any{"mon", 2}},
		{"plan", []any{"mon", 2, "a", "b"}},
		{"plan", []any{"mon", rpc.Kw{"hours": 3}}},
		{"plan", []any{rpc.Kw{"hours": 3, "day": "tue"}}},
		{"plan", nil},
		{"plan", []any{rpc.Kw{"hours": 3}}},
		{"plan", []any{"mon", rpc.Kw{"tags": []string{"a"}}}},
		{"plan", []any{"mon", 2, "a", rpc.Kw{"hours": 3}}},
		{"rate", []any{1.5}},
		{"rate", []any{1.5, rpc.Kw{"day": "mon"}}},
		{"rate", []any{rpc.Kw{"unit": "W", "price": 2.5}}},
		{"rate", nil},
		{"rate", []any{1.5, "W", "mon", 4}},
		{"rate", []any{1.5, rpc.Kw{"price": 1.5}}},
		{"rate", []any{1.5, rpc.Kw{"Unit": "W"}}},
		{"note", []any{1}},
		{"note", []any{1, "a", 2.5, nil}},
		{"note", []any{1, rpc.Kw{"b": "x", "c": nil}}},
		{"note", []any{1, "a", rpc.Kw{"b": "x", "fields": 2.5, "args": "y"}}},
		{"note", []any{rpc.Kw{"level": 1, "b": "x"}}},
		{"note", []any{1, rpc.Kw{"level": 1, "b": "x"}}},
		{"note", nil},
		{"note", []any{rpc.Kw{"b": "x"}}},
		{"tag", []any{"a", rpc.Kw{"x": 1.5}}},
		{"tag", []any{"a", "W", rpc.Kw{"x": 1.5, "größe": 2.5}}},
		{"tag", []any{rpc.Kw{"unit": "W", "x": 1.5, "name": "a"}}},
		{"tag", []any{"a", "W", "b"}},
		{"tag", []any{"a", "W", rpc.Kw{"unit": "W"}}},
	} {
		want, wantErr := rpc.Call[any](within(t), inPython, test.function, test.args...)
		got, err := rpc.Call[any](within(t), inGo, test.function, test.args...)
		if wantErr != nil {
			// Python calls the function by other names.
			_, words, _ := strings.Cut(remoteError(t, wantErr).Message, "()")
			wantFailure(t, err, "TypeError", test.function+"()"+words)
		} else if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s called with %v: %v in Go, error %v, %v in Python", test.function, test.args, got, err, want)
		}
	}
}

// script starts a caller written in Python, connected to a service.
func script(t *testing.T, addr string, svc *rpc.Service) func(op string, parameters map[string]any) map[string]any {
	t.Helper()
	srv := serve(t, addr, svc, nil)
	p := pypeer.Start(t, "script")
	do := func(op string, parameters map[string]any) map[string]any {
		t.Helper()
		cmd := map[string]any{"op": op}
		for name, value := range parameters {
			cmd[name] = value
		}
		result := p.Do(t, cmd)
		if result["error"] != nil {
			t.Fatalf("%s: %v", op, result["error"])
		}
		return result
	}
	do("dial", map[string]any{"addr": srv.Addr()})
	return do
}

func TestPythonCallsAServiceInGo(t *testing.T) {
	each(t, func(t *testing.T, addr string) {
		svc := calculator()
		sub := place("größe")
		svc.Mount("sub", sub)
		const describe rpc.Func3[string, int, []float64, string] = "describe(name, n, list)"
		describe.Handle(sub, func(_ context.Context, name string, n int, list []float64) (string, error) {
			return fmt.Sprint(name, n, list), nil
		})
		rpc.Proc1[any]("drop(v)").Handle(sub, func(context.Context, any) error { return nil })
		svc.Mount("planner", planner())
		svc.Handle("divide(a, b)", func(a, b int) (int, int) { return a / b, a % b })
		do := script(t, addr, svc)
		for name, test := range map[string]struct {
			path   string
			args   []any
			kwargs map[string]any
			want   any
		}{
			"by position":            {"add", []any{3, 4}, nil, json.Number("7")},
			"by names":               {"add", nil, map[string]any{"b": 3, "a": 4}, json.Number("7")},
			"by both":                {"add", []any{3}, map[string]any{"b": 4}, json.Number("7")},
			"a nested service":       {"sub/where", nil, nil, "größe"},
			"arguments of all kinds": {"sub/describe", []any{"x"}, map[string]any{"list": []any{1, 2.5}, "n": -1}, "x-1 [1 2.5]"},
			"no result":              {"sub/drop", []any{nil}, nil, nil},
			"two results":            {"divide", []any{7, 2}, nil, []any{json.Number("3"), json.Number("1")}},
			"defaults":               {"planner/plan", []any{"mon"}, nil, []any{"mon", json.Number("24"), []any{}}},
			"a default and a name":   {"planner/rate", []any{1.5}, map[string]any{"day": "mon"}, []any{json.Number("1.5"), "kW", "mon"}},
			"further arguments":      {"planner/plan", []any{"mon", 2, "a", "b"}, nil, []any{"mon", json.Number("2"), []any{"a", "b"}}},
		} {
			t.Run(name, func(t *testing.T) {
				if test.args == nil {
					test.args = []any{}
				}
				result := do("call", map[string]any{"path": test.path, "args": test.args, "kwargs": test.kwargs})
				if reply, ok := result["reply"]; !ok || !reflect.DeepEqual(reply, test.want) {
					t.Errorf("result %v, want %v", result, test.want)
				}
			})
		}
	})
}

func TestFailuresOfGoEndInALineThatPythonUnderstands(t *testing.T) {
	svc := calculator()
	svc.Mount("sub", rpc.NewService())
	fail := func(name string, err error) {
		rpc.Proc0(name).Handle(svc, func(context.Context) error { return err })
	}
	fail("plain", errors.New("eggs"))
	fail("typed", &rpc.Error{Type: "ValueError", Message: "eggs"})
	fail("late", context.DeadlineExceeded)
	rpc.Proc0("boom").Handle(svc, func(context.Context) error { panic("boom") })
	do := script(t, anyPort, svc)
	for path, want := range map[string]string{
		"plain":      "Error: eggs",
		"typed":      "ValueError: eggs",
		"late":       "TimeoutError: context deadline exceeded",
		"boom":       "PanicError: panic: boom",
		"sub/no/mul": `LookupError: Name "no" not found in "sub"`,
		"sub":        `TypeError: "sub" is a service and cannot be called`,
		"add":        "TypeError: add() missing 2 required positional arguments: 'a' and 'b'",
	} {
		text, _ := do("call", map[string]any{"path": path})["failure"].(string)
		lines := strings.Split(text, "\n")
		if n := len(lines); n < 2 || lines[n-1] != "" || lines[n-2] != want {
			t.Errorf("call of %q: failure %q, want the last line %q", path, text, want)
		}
		if traced := strings.HasPrefix(text, "Traceback (most recent call last):\n  "); traced != (path == "boom") {
			t.Errorf("call of %q: failure with a trace is %v:\n%s", path, traced, text)
		}
	}
}

func TestPythonHasManyCallsUnderWayAtOnceInGo(t *testing.T) {
	const calls = 200
	svc := rpc.NewService()
	var mu sync.Mutex
	var waiting []chan struct{}
	// All wait until the last has come, and are then answered backwards.
	rpc.Func0[int]("enter").Handle(svc, func(ctx context.Context) (int, error) {
		mu.Lock()
		n := len(waiting)
		waiting = append(waiting, make(chan struct{}))
		me := waiting[n]
		if n == calls-1 {
			close(me)
		}
		mu.Unlock()
		select {
		case <-me:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
		mu.Lock()
		defer mu.Unlock()
		if n > 0 {
			close(waiting[n-1])
		}
		return n, nil
	})
	result := script(t, anyPort, svc)("many", map[string]any{"path": "enter", "n": calls})
	var got []string
	for _, outcome := range result["results"].([]any) {
		got = append(got, fmt.Sprint(outcome.(map[string]any)["reply"]))
	}
	slices.Sort(got)
	if got = slices.Compact(got); len(got) != calls {
		t.Errorf("%d different results of %d calls: %v", len(got), calls, got)
	}
}
