package gomas_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/internal/pypeer"
	"github.com/gomas/gomas/rpc"
)

// The code of docs/python.md. Its Python programs use aiomas, which is no part
// of what tests need. Here their part is played by package pypeer, a peer in
// Python's standard library that sends what aiomas would send.

// The contracts of an agent in Python.
const (
	Incr   rpc.Func1[int, int]                     = "incr(n)"
	AskOf  rpc.Func2[rpc.Remote, string, []string] = "ask(agent, question)"
	Answer rpc.Func1[string, string]               = "answer(question)"
	Date   rpc.Func0[time.Time]                    = "date()"
)

// NewOracle is the constructor of an agent that Python calls.
func NewOracle(ctx context.Context, a *gomas.Agent) (*gomas.Agent, error) {
	Answer.Handle(a.Services(), func(ctx context.Context, question string) (string, error) {
		return question + "? 42", nil
	})
	return a, nil
}

// talk calls the Python agent at a URL, and is called back.
func talk(ctx context.Context, out io.Writer, c *gomas.Container, url string) error {
	oracle, err := gomas.Spawn(ctx, c, NewOracle)
	if err != nil {
		return err
	}
	counter, err := c.Connect(ctx, url) // "tcp://localhost:5556/0"
	if err != nil {
		return err
	}
	total, err := Incr.Call(ctx, counter, 2)
	fmt.Fprintln(out, "total:", total, err)
	said, err := AskOf.Call(ctx, counter, oracle.Remote(), "6 * 7") // Python calls oracle
	fmt.Fprintln(out, "said:", said, err)
	date, err := Date.Call(ctx, counter)
	fmt.Fprintln(out, "date:", date.UTC(), err)

	_, err = rpc.Call[int](ctx, counter, "incr", "two") // a mistake, as contracts do not let one make
	if failure, ok := errors.AsType[*rpc.RemoteError](err); ok {
		fmt.Fprintln(out, "failure:", failure.Type) // and failure.Trace is the traceback
	}
	return nil
}

func TestTheGuideToPythonGoCallsPython(t *testing.T) {
	py := pypeer.Start(t, "serve-agents", "tcp://127.0.0.1:0")
	var out strings.Builder
	if err := talk(t.Context(), &out, container(t), py.Addr+"/1"); err != nil {
		t.Fatal(err)
	}
	const want = "total: 2 <nil>\nsaid: [it said 6 * 7? 42] <nil>\ndate: 2010-03-26 23:00:00 +0000 UTC <nil>\nfailure: TypeError\n"
	if out.String() != want {
		t.Errorf("it prints\n%s", out.String())
	}
	guide, err := os.ReadFile("docs/python.md")
	if err != nil || !strings.Contains(string(guide), "```text\n"+want+"```") {
		t.Errorf("the guide says something else (%v)", err)
	}
}

func TestTheGuideToPythonPythonCallsGo(t *testing.T) {
	c := container(t)
	plant, err := gomas.Spawn(t.Context(), c, NewPlant)
	if err != nil {
		t.Fatal(err)
	}
	svc := plant.Services()
	svc.Handle("count(n)", func(n int) int { return n })
	svc.Handle("large(n)", func(n *big.Int) *big.Int { return n })
	svc.Handle("nan()", math.NaN)
	svc.Handle("mixed()", func() []any { return []any{1, 1.0, nil, []int{1}} })
	svc.Handle("new_year()", func() time.Time { return time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC) })
	py := pypeer.Start(t, "script")
	py.Do(t, map[string]any{"op": "dial", "addr": c.Addr(), "services": true, "types": []string{"date", "reference"}})
	for _, tt := range []struct {
		path string
		args []any
		want string
	}{
		{"validate_aid", []any{"0"}, `{"reply":"Plant"}`},
		{"agents/0/set", []any{120}, `{"reply":null}`},
		{"agents/0/power", []any{}, `{"reply":120.0}`},
		{"agents/0/set", []any{-1}, `{"failure":"Error: less than nothing\n"}`},
		{"agents/0/set", []any{"much"}, `{"failure":"TypeError: set() argument 'kW': string does not fit float64\n"}`},
		{"agents/0/sett", []any{1}, `{"failure":"LookupError: Name \"sett\" not found in \"agents/0\"\n"}`},
		{"agents/0/count", []any{json.Number("1.0")}, `{"reply":1}`},
		{"agents/0/count", []any{1.5}, `{"failure":"TypeError: count() argument 'n': float 1.5 does not fit int\n"}`},
		{"agents/0/large", []any{json.Number("100000000000000000000")}, `{"reply":100000000000000000000}`},
		{"agents/0/nan", []any{}, `{"reply":{"float":"NaN"}}`},
		{"agents/0/mixed", []any{}, `{"reply":[1,1.0,null,[1]]}`},
		{"agents/0/new_year", []any{}, `{"reply":{"date":"2030-01-01T00:00:00+00:00"}}`},
	} {
		got, err := json.Marshal(py.Do(t, map[string]any{"op": "call", "path": tt.path, "args": tt.args}))
		if err != nil || string(got) != tt.want {
			t.Errorf("%s%v: %s (%v), want %s", tt.path, tt.args, got, err, tt.want)
		}
	}
}
