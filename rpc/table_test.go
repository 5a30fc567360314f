package rpc_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gomas/gomas/rpc"
)

func TestATableBecomesAServiceWithItsFunctionsAndServices(t *testing.T) {
	each(t, func(t *testing.T, addr string) {
		svc, err := rpc.Table{
			"add(a, b)": func(a, b int) int { return a + b },
			"where":     func() string { return "root" },
			"mounted":   place("mounted"),
			"sub": rpc.Table{
				"where: tells the place":  func() string { return "sub" },
				"inner":                   rpc.Table{"where()": func() (string, error) { return "inner", nil }, "sub": place("deep")},
				"join(sep=\"-\", *parts)": func(sep string, parts ...string) string { return strings.Join(parts, sep) },
			},
			"empty": rpc.Table{},
			"none":  rpc.Table(nil),
		}.Service()
		if err != nil {
			t.Fatal(err)
		}
		r := dial(t, serve(t, addr, svc, nil), nil, nil).Remote()
		mustAdd(t, r)
		for path, want := range map[string]string{
			"": "root", "mounted": "mounted", "sub": "sub", "sub/inner": "inner", "sub/inner/sub": "deep",
		} {
			if text, err := where.Call(within(t), r.Sub(path)); err != nil || text != want {
				t.Errorf("%q: %q, error %v", path, text, err)
			}
		}
		if text, err := rpc.Call[string](within(t), r, "sub/join", "+", "a", "b"); err != nil || text != "a+b" {
			t.Errorf("joined to %q, error %v", text, err)
		}
		for _, path := range []string{"empty", "none"} {
			_, err := where.Call(within(t), r.Sub(path))
			wantFailure(t, err, "LookupError", fmt.Sprintf(`Name "where" not found in %q`, path))
		}
	})
}

func TestAllMistakesInATableAreToldAtOnceWithTheirPaths(t *testing.T) {
	free, taken := place("free"), place("taken")
	rpc.NewService().Mount("x", taken)
	circle := rpc.Table{"add(a, b)": func(a int) int { return a }}
	circle["round"] = rpc.Table{"again": circle}
	svc, err := rpc.Table{
		"good":       func() {},
		"free":       free,
		"taken":      taken,
		"nil":        (*rpc.Service)(nil),
		"nothing":    nil,
		"seven":      7,
		"a/b":        rpc.Table{},
		"twice(a)":   func(int) {},
		"twice(b)":   func(int) {},
		"twice":      rpc.Table{"good": func() {}},
		"sub":        rpc.Table{"f(a": func(int) {}, "g: makes waves": func(chan int) {}, "h": rpc.Table{"": func() {}}},
		"circle":     circle,
		"map":        map[string]any{},
		"pointer(x)": new(rpc.Table),
	}.Service()
	if svc != nil || err == nil {
		t.Fatalf("service %v, error %v", svc, err)
	}
	want := []string{
		`a/b: the name "a/b" contains a slash, a parenthesis or a space`,
		`circle/add: contract "add(a, b)": it names 2 parameters, the function has 1`,
		`circle/round/again: the table contains itself`,
		`map: contract "map": it needs a function, and this is of type map[string]interface {}`,
		`nil: the service for "nil" is nil; make one with NewService`,
		`nothing: contract "nothing": the function is nil`,
		`pointer: contract "pointer(x)": it needs a function, and this is of type *rpc.Table`,
		`seven: contract "seven": it needs a function, and this is of type int`,
		`sub/f: contract "f(a": no closing parenthesis at the end`,
		`sub/g: contract "g: makes waves": parameter 1 is of type chan int, which cannot be received; take a value`,
		`sub/h/: contract "": the name is empty`,
		`taken: the service for "taken" is mounted already; unmount it there first`,
		`twice: there is a service "twice" already`,
		`twice: there is a service "twice" already`,
	}
	if got := strings.Split(err.Error(), "\n"); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("mistakes\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if _, err := (rpc.Table{"free": free}).Service(); err != nil {
		t.Errorf("a service in a table with mistakes cannot be used any more: %v", err)
	}
}
